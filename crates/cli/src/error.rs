//! How a command fails: one line that says what to do next, and an exit code of docs/exit-codes.md.

use std::fmt;

use broadcast::{Failure, FailureKind};

/// What a command that failed says and exits with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CliError {
    /// See docs/exit-codes.md.
    pub(crate) exit_code: u8,
    message: String,
}

/// The exit code of what cannot be reached; ingests have it too.
const UNAVAILABLE: u8 = FailureKind::IngestUnreachable.exit_code();

impl CliError {
    /// What was asked makes no sense.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(FailureKind::BadRequest, message)
    }

    /// What was asked needs something that does not run.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self {
            exit_code: UNAVAILABLE,
            message: message.into(),
        }
    }

    /// The same, and something that one should know beside it.
    pub(crate) fn and(self, more: &str) -> Self {
        Self {
            message: format!("{}; {more}", self.message),
            ..self
        }
    }

    /// Whether it may be there later.
    pub(crate) fn is_unavailable(&self) -> bool {
        self.exit_code == UNAVAILABLE
    }

    /// Ours.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Internal, message)
    }

    /// An error of a kind.
    pub(crate) fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            exit_code: kind.exit_code(),
            message: message.into(),
        }
    }
}

impl From<Failure> for CliError {
    fn from(failure: Failure) -> Self {
        let message = match failure.position {
            Some(position) => format!("{} (at {position} of the video)", failure.message),
            None => failure.message,
        };
        Self::new(failure.kind, message)
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
