//! How recording fails, or says that a broadcast is given up.

use broadcast::{Failure, table::TableError};
use lambda_runtime::Diagnostic;

/// What the function raises.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The broadcast is given up, for the reason given. The state machine does not catch it:
    /// the execution fails here, and a redrive comes back here.
    #[error("{0}")]
    BroadcastFailed(String),
    /// It could not be recorded.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl RecordError {
    /// The stable name: the `errorType` that the state machine sees.
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::BroadcastFailed(_) => "BroadcastFailed",
            Self::Failure(failure) => failure.kind.name(),
        }
    }
}

impl From<TableError> for RecordError {
    fn from(error: TableError) -> Self {
        Self::Failure(error.into())
    }
}

impl From<RecordError> for Diagnostic {
    fn from(error: RecordError) -> Self {
        Self {
            error_type: error.error_type().to_owned(),
            error_message: error.to_string(),
        }
    }
}
