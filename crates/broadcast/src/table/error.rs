//! How the table refuses or fails.

use std::error::Error;

use crate::{BroadcastId, Failure, FailureKind, IllegalTransition, aws};

/// Why something could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// There is no such broadcast.
    #[error("there is no broadcast {0}")]
    NotFound(BroadcastId),
    /// There is such a broadcast already.
    #[error("there is a broadcast {0} already")]
    Exists(BroadcastId),
    /// A newer attempt owns the broadcast.
    #[error("attempt {attempt} of broadcast {id} was overtaken by attempt {latest}")]
    Superseded {
        /// The broadcast.
        id: BroadcastId,
        /// The attempt that wanted to write.
        attempt: u32,
        /// The attempt that owns the broadcast.
        latest: u32,
    },
    /// A newer streamer plays the attempt.
    #[error("attempt {attempt} of broadcast {id} is played by another streamer")]
    Displaced {
        /// The broadcast.
        id: BroadcastId,
        /// The attempt that both play.
        attempt: u32,
    },
    /// The broadcast stands where this change is impossible.
    #[error("broadcast {id} stands elsewhere")]
    Refused {
        /// The broadcast.
        id: BroadcastId,
        /// The change that is impossible.
        #[source]
        transition: IllegalTransition,
    },
    /// Others wrote at the same time, again and again.
    #[error("broadcast {0} is being changed by others; try again")]
    Contended(BroadcastId),
    /// An item that this version cannot read.
    #[error("an item of broadcast {id} cannot be read or written")]
    Malformed {
        /// The broadcast, or what the key says of it.
        id: String,
        /// Why.
        #[source]
        source: serde_dynamo::Error,
    },
    /// DynamoDB does not answer, or not as it should.
    #[error("the table {table} failed")]
    Unavailable {
        /// The table's name.
        table: String,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl TableError {
    /// The class of failure that this is.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::NotFound(_) | Self::Exists(_) => FailureKind::BadRequest,
            Self::Superseded { .. } | Self::Displaced { .. } => FailureKind::Superseded,
            // Its owner or the end of the show was faster.
            Self::Refused { transition, .. } if transition.from.is_settled() => {
                FailureKind::Superseded
            }
            Self::Refused { .. }
            | Self::Contended(_)
            | Self::Malformed { .. }
            | Self::Unavailable { .. } => FailureKind::Internal,
        }
    }
}

impl From<TableError> for Failure {
    fn from(error: TableError) -> Self {
        Self::new(error.kind(), aws::words(&error))
    }
}
