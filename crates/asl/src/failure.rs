//! Why a state failed.

use serde_json::{Value, json};

/// An error of a state that `Retry` and `Catch` may handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) error: String,
    pub(crate) cause: Option<String>,
    /// A `States.Timeout` because a heartbeat was missed, which may also be caught as
    /// `States.HeartbeatTimeout`.
    pub(crate) heartbeat: bool,
}

impl Failure {
    pub(crate) fn new(error: impl Into<String>, cause: Option<String>) -> Self {
        Self {
            error: error.into(),
            cause,
            heartbeat: false,
        }
    }

    pub(crate) fn timeout() -> Self {
        Self::new("States.Timeout", None)
    }

    pub(crate) fn missed_heartbeat() -> Self {
        Self {
            heartbeat: true,
            ..Self::timeout()
        }
    }

    /// `$states.errorOutput`. A missing cause is an empty text, as on AWS, so that an expression
    /// that reads it is never undefined.
    pub(crate) fn error_output(&self) -> Value {
        json!({"Error": self.error, "Cause": self.cause.as_deref().unwrap_or_default()})
    }
}

/// Why a step of a state did not come about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// A failure that `Retry` and `Catch` may handle.
    Handled(Failure),
    /// One that ends the execution whatever `Retry` and `Catch` say.
    Final(Failure),
}
