//! What a task definition runs.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

/// What a task definition runs on this machine.
#[derive(Debug, Clone)]
pub struct TaskCommand {
    /// The program, by absolute path.
    pub program: PathBuf,
    /// Its arguments; a container override's `command` replaces them. Never a secret.
    pub args: Vec<String>,
    /// Environment beside what every task gets; container overrides win. Never a secret.
    pub environment: Vec<(String, String)>,
    /// What supervises it.
    pub shim: ShimCommand,
    /// From SIGTERM to SIGKILL when the task is stopped.
    pub stop_timeout: Duration,
    /// Size in bytes that the task's log is kept under.
    pub log_limit: u64,
    /// What befalls the first launches of a region's life, one each: a rehearsal.
    pub launch_faults: Vec<LaunchFault>,
}

/// A launch that comes to nothing, as ECS reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaunchFault {
    /// RunTask answers with a failure instead of a task.
    Refused {
        /// As in `Capacity is unavailable at this time. Please try again later or in a different
        /// availability zone`.
        reason: String,
    },
    /// The task is taken and stops before its container runs, with the code `TaskFailedToStart`.
    FailedToStart {
        /// As in `CannotPullContainerError: …`.
        reason: String,
    },
}

impl TaskCommand {
    /// A program without arguments, with ECS's stop timeout (30 s) and a log of 8 MiB.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>, shim: ShimCommand) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            environment: Vec::new(),
            shim,
            stop_timeout: Duration::from_secs(30),
            log_limit: 8 << 20,
            launch_faults: Vec::new(),
        }
    }

    /// The same with these arguments.
    #[must_use]
    pub fn args<A: Into<String>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args = args.into_iter().map(Into::into).collect();
        self
    }

    /// The same with launches that come to nothing before one does not.
    #[must_use]
    pub fn launch_faults(mut self, faults: impl IntoIterator<Item = LaunchFault>) -> Self {
        self.launch_faults = faults.into_iter().collect();
        self
    }

    /// The same with one more environment variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }
}

/// A program that hands the arguments after `args` to [`shim_main`](super::shim_main).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ShimCommand {
    /// By absolute path.
    pub program: PathBuf,
    /// What leads to [`shim_main`](super::shim_main), for example a hidden subcommand's name.
    pub args: Vec<String>,
}
