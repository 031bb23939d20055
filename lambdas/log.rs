//! Log lines of the Lambda functions, on standard output: JSON, unless the function is set to plain
//! text. A part of each function's program.

use std::{env, io};

use broadcast::is_quiet;
use lambda_runtime::tracing::{
    Subscriber,
    subscriber::{
        EnvFilter, Layer,
        filter::filter_fn,
        fmt::{self, MakeWriter},
        layer::SubscriberExt,
        registry,
        util::SubscriberInitExt,
    },
};

/// Begins to log. What is wanted is said as everywhere in Lambda, else by `RUST_LOG`.
pub(crate) fn begin() {
    let wanted = env::var("AWS_LAMBDA_LOG_LEVEL").or_else(|_| env::var("RUST_LOG"));
    let plain = env::var("AWS_LAMBDA_LOG_FORMAT").is_ok_and(|it| it.eq_ignore_ascii_case("text"));
    subscriber(wanted.as_deref().unwrap_or("info"), plain, io::stdout).init();
}

fn subscriber<W>(wanted: &str, plain: bool, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = fmt::layer().with_writer(writer);
    let lines = if plain {
        // CloudWatch notes the time.
        lines.without_time().with_ansi(false).boxed()
    } else {
        // `level` and an RFC 3339 `timestamp` at the root: Lambda takes a line without a time for
        // INFO, whatever its level.
        // <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>
        lines.json().flatten_event(true).boxed()
    };
    let lines = lines
        .with_filter(EnvFilter::new(wanted))
        .with_filter(filter_fn(|line| !is_quiet(line.target(), *line.level())));
    registry().with(lines)
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, File},
        sync::Arc,
    };

    use chrono::{DateTime, Utc};
    use serde_json::Value;
    use tracing::{subscriber::with_default, trace, warn};

    #[test]
    fn lambda_is_told_the_level_and_the_time() {
        let log = tempfile::NamedTempFile::new().unwrap();
        let file = Arc::new(log.reopen().unwrap());
        let before = Utc::now();
        with_default(super::subscriber("info", false, file), || {
            warn!(target: "record_outcome", broadcast = "20261201-1930-abcd", "given up");
        });
        let line = fs::read_to_string(log.path()).unwrap();
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["broadcast"], "20261201-1930-abcd");
        let time = line["timestamp"].as_str().unwrap();
        let time = DateTime::parse_from_rfc3339(time).unwrap();
        // Written in microseconds.
        assert!((before - time.to_utc()).num_milliseconds() <= 1, "{line}");
        assert!(time <= Utc::now(), "{line}");
    }

    #[test]
    fn requests_are_not_printed_whatever_is_wanted() {
        let directory = tempfile::tempdir().unwrap();
        for (plain, ours) in [
            (true, "TRACE record_outcome: a line of ours"),
            (false, r#""message":"a line of ours""#),
        ] {
            let path = directory.path().join(format!("log-{plain}"));
            let file = Arc::new(File::create(&path).unwrap());
            with_default(super::subscriber("trace", plain, file), || {
                trace!(target: "aws_smithy_runtime::client", "a request with a secret");
                trace!(target: "record_outcome", "a line of ours");
            });
            let lines = fs::read_to_string(&path).unwrap();
            assert!(lines.contains(ours), "{lines}");
            assert!(!lines.contains("secret"), "{lines}");
        }
    }
}
