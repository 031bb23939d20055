//! Logs: on standard error for a person, on standard output for a program.

use std::io::{self, IsTerminal};

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

/// Who reads the log.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reader {
    /// A person: text on standard error.
    Person,
    /// A program: a line of JSON for each event, on standard output.
    Program,
}

/// Begins to log. A second call changes nothing.
pub(crate) fn begin(volume: Volume, reader: Reader) {
    let default = match volume {
        Volume::Errors => "error,mp4_atom=off",
        // Where a region or credentials are looked for in vain, or a video on the web, the command
        // says so in its own words.
        Volume::Warnings => "warn,aws_config=off,mp4_atom=off,streamer::source=off",
        // A box that is not known is skipped, and that is no event.
        Volume::Events => "info,mp4_atom=off",
    };
    let wanted = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let lines = match reader {
        Reader::Person => fmt::layer()
            .with_writer(io::stderr)
            .with_ansi(io::stderr().is_terminal())
            .boxed(),
        Reader::Program => fmt::layer()
            .with_writer(io::stdout)
            .with_ansi(false)
            .json()
            .flatten_event(true)
            .boxed(),
    };
    let lines = lines.with_filter(wanted).with_filter(filter_fn(|line| {
        !broadcast::is_quiet(line.target(), *line.level())
    }));
    let _ = tracing_subscriber::registry().with(lines).try_init();
}
