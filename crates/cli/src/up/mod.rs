//! `matinee up`: one machine's region with everything of Matinee in it.

mod assemble;
mod functions;
mod run;

pub(crate) use assemble::{Assembly, STATE_MACHINE, start};
pub(crate) use run::{Args, run};

/// The hidden first argument that makes this program the supervisor of a task.
pub(crate) const TASK_SHIM: &str = "task-shim";
/// The hidden subcommand that makes it the streamer.
pub(crate) const STREAMER: &str = "streamer";
