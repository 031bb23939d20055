//! Logs, on standard error.

use std::io::{self, IsTerminal};

use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, Layer, filter::filter_fn, fmt, layer::SubscriberExt, util::SubscriberInitExt,
};

/// What is logged unless `RUST_LOG` says otherwise.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Volume {
    /// What nobody foresaw: a command that tells itself how things go.
    Errors,
    /// What went wrong or may: a command that asks others.
    Warnings,
    /// What happens: a process that serves.
    Events,
}

/// Begins to log. A second call changes nothing.
pub(crate) fn begin(volume: Volume) {
    let default = match volume {
        Volume::Errors => "error",
        Volume::Warnings => "warn",
        Volume::Events => "info",
    };
    let wanted = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let lines = fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_filter(wanted)
        .with_filter(filter_fn(is_ours_or_terse));
    let _ = tracing_subscriber::registry().with(lines).try_init();
}

/// Below `info` the AWS SDK prints requests, answers and errors with the answer in them; what it
/// keeps back of those of the key store, an environment variable makes it show. Nobody gets to
/// see that here, whatever `RUST_LOG` says.
fn is_ours_or_terse(metadata: &Metadata<'_>) -> bool {
    const TELL_ALL: [&str; 3] = ["aws_", "hyper", "reqwest"];
    let tells_all = TELL_ALL
        .iter()
        .any(|prefix| metadata.target().starts_with(prefix));
    *metadata.level() <= Level::INFO || !tells_all
}
