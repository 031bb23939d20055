//! Log lines on standard output: JSON for machines, text for a terminal.

use std::{
    env,
    io::{self, IsTerminal},
};

use tracing::Level;
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets, filter_fn},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// Starts logging; `RUST_LOG` says what: levels, and levels of targets, as in
/// `info,streamer::ingest=debug`. (What else `EnvFilter` knows costs the image 200 kB.) Where logging
/// is on already, it stays as it is.
pub(super) fn start() {
    let wanted = env::var("RUST_LOG")
        .ok()
        .filter(|wanted| !wanted.is_empty());
    let wanted: Option<Targets> = wanted.and_then(|wanted| wanted.parse().ok());
    let wanted = wanted.unwrap_or_else(|| {
        // A box that is not known is skipped, and that is no event.
        Targets::new()
            .with_default(Level::INFO)
            .with_target("mp4_atom", LevelFilter::OFF)
    });
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
