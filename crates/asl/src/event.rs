//! What goes into an execution and what comes out of it.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::definition::Resource;
use crate::history::HistoryEvent;

/// One try of a Task state: the id of the history event that scheduled it. A retry and a redrive
/// are tries of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(pub u64);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Something that happened to an execution. What comes too late, such as the result of a try that
/// has timed out, changes nothing.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A task that is waited for (`.sync`) was accepted by its service.
    TaskSubmitted {
        /// The try.
        task: TaskId,
        /// The service's answer, for the history.
        output: Value,
        /// By which the task is found again after a crash and stopped, such as its ARN.
        reference: String,
    },
    /// The service did not accept the task.
    TaskSubmitFailed {
        /// The try.
        task: TaskId,
        /// The error's name, such as `ECS.AccessDeniedException`.
        error: String,
        /// The reason.
        cause: Option<String>,
    },
    /// The task is alive: its heartbeat deadline starts anew.
    TaskHeartbeat {
        /// The try.
        task: TaskId,
    },
    /// The task has a result.
    TaskSucceeded {
        /// The try.
        task: TaskId,
        /// `$states.result`.
        output: Value,
    },
    /// The task failed.
    TaskFailed {
        /// The try.
        task: TaskId,
        /// The error's name.
        error: String,
        /// The reason.
        cause: Option<String>,
    },
    /// The time of [`Execution::wake_at`](crate::Execution::wake_at) has come.
    TimerFired,
    /// Stop, as `StopExecution` does: nothing is caught.
    Abort {
        /// The error's name.
        error: Option<String>,
        /// The reason.
        cause: Option<String>,
    },
    /// Go back into the state that failed, as `RedriveExecution` does.
    Redrive,
}

/// The answer to an [`Event`].
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The history events of this step, in order.
    pub history: Vec<HistoryEvent>,
    /// A task that nobody waits for any more, because it timed out or the execution ended.
    pub stop: Option<StopTask>,
    /// What to do next.
    pub next: Next,
}

/// What the execution needs now.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Start this task, or wait for it again if it has a reference, and report how it went.
    Run(Box<TaskRequest>),
    /// Nothing new: the task that was started is still awaited.
    Await,
    /// Send [`Event::TimerFired`] then; at once if it has passed.
    WaitUntil(DateTime<Utc>),
    /// Nothing: the execution has ended.
    Done(Outcome),
}

/// A task to run.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskRequest {
    /// The try, to be repeated in the events about it.
    pub id: TaskId,
    /// Unique for this try over all executions, for services that want an idempotency token.
    pub token: String,
    /// What to call.
    pub resource: Resource,
    /// With which arguments.
    pub arguments: Value,
    /// The role to call it in, when the state names one.
    pub role_arn: Option<String>,
    /// Of the task that runs already: wait for it instead of starting one.
    pub reference: Option<String>,
}

/// A task to stop.
#[derive(Debug, Clone, PartialEq)]
pub struct StopTask {
    /// The try.
    pub id: TaskId,
    /// What was called.
    pub resource: Resource,
    /// Its reference, if it was submitted.
    pub reference: Option<String>,
    /// Why, in words.
    pub reason: String,
}

/// How an execution ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It reached its end.
    Succeeded {
        /// The JSON text of the last state's output.
        output: String,
    },
    /// A state failed and nothing caught it.
    Failed {
        /// The error's name.
        error: Option<String>,
        /// The reason.
        cause: Option<String>,
    },
    /// It was stopped.
    Aborted {
        /// The error's name.
        error: Option<String>,
        /// The reason.
        cause: Option<String>,
    },
    /// It took longer than the state machine's `TimeoutSeconds`.
    TimedOut,
}

/// The status of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Under way.
    Running,
    /// [`Outcome::Succeeded`]
    Succeeded,
    /// [`Outcome::Failed`]
    Failed,
    /// [`Outcome::Aborted`]
    Aborted,
    /// [`Outcome::TimedOut`]
    TimedOut,
}

impl Status {
    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Aborted => "ABORTED",
            Self::TimedOut => "TIMED_OUT",
        }
    }
}

impl Outcome {
    /// The status that goes with it.
    #[must_use]
    pub fn status(&self) -> Status {
        match self {
            Self::Succeeded { .. } => Status::Succeeded,
            Self::Failed { .. } => Status::Failed,
            Self::Aborted { .. } => Status::Aborted,
            Self::TimedOut => Status::TimedOut,
        }
    }
}
