//! Which log lines of foreign crates nobody gets to see.

use tracing::Level;

/// Families of crates that below `info` print requests, answers and events: the AWS SDK, what
/// carries its bytes, and the run time of the Lambda functions. `hyper` stands for `hyper_util`,
/// too.
const TELL_ALL: [&str; 7] = ["aws", "h2", "hyper", "lambda", "log", "reqwest", "rustls"];

/// Is a line of a log, by its target and level, one that nobody gets to see, whatever `RUST_LOG`
/// says?
///
/// A key goes through requests, answers and events, and what the SDK keeps back of it, an
/// environment variable makes it show. Every subscriber of ours asks this of every line.
pub fn is_quiet(target: &str, level: Level) -> bool {
    // More verbose is greater.
    let family = target.split([':', '_']).next().unwrap_or(target);
    level > Level::INFO && TELL_ALL.contains(&family)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_prints_whole_requests_is_not_heard_below_info() {
        for target in [
            "aws_smithy_runtime::client::orchestrator",
            "aws_sdk_ssm",
            "h2::codec",
            "hyper_util::client::legacy",
            "lambda_runtime::layers::api_response",
            "log",
            "reqwest::connect",
            "rustls::client",
        ] {
            for (level, quiet) in [
                (Level::TRACE, true),
                (Level::DEBUG, true),
                (Level::INFO, false),
                (Level::ERROR, false),
            ] {
                assert_eq!(is_quiet(target, level), quiet, "{target} at {level}");
            }
        }
        for ours in [
            "broadcast::table",
            "streamer::show",
            "api",
            "record_outcome",
            "logistics",
            "hyperion::core",
        ] {
            assert!(!is_quiet(ours, Level::TRACE), "{ours}");
        }
    }
}
