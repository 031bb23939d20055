//! Log lines on standard output: JSON for machines, text for a terminal.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

/// Starts logging; `RUST_LOG` says what. Where logging is on already, it stays as it is.
pub(super) fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stdout);
    let started = if io::stdout().is_terminal() {
        lines.try_init()
    } else {
        lines.json().flatten_event(true).try_init()
    };
    if let Err(error) = started {
        tracing::debug!(%error, "logging is on already");
    }
}
