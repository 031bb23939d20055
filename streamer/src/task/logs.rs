//! Log lines on standard output: JSON for machines, text for a terminal.

use std::io::{self, IsTerminal};

use tracing_subscriber::{
    EnvFilter, Layer, filter::filter_fn, fmt, layer::SubscriberExt, util::SubscriberInitExt,
};

/// Starts logging; `RUST_LOG` says what. Where logging is on already, it stays as it is.
pub(super) fn start() {
    let wanted = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = fmt::layer().with_writer(io::stdout);
    let lines = if io::stdout().is_terminal() {
        lines.boxed()
    } else {
        lines.with_ansi(false).json().flatten_event(true).boxed()
    };
    let lines = lines.with_filter(wanted).with_filter(filter_fn(|line| {
        !broadcast::is_quiet(line.target(), *line.level())
    }));
    let started = tracing_subscriber::registry().with(lines).try_init();
    if let Err(error) = started {
        tracing::debug!(%error, "logging is on already");
    }
}
