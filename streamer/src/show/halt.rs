//! How the show over one connection ends.

use broadcast::{Failure, FailureKind, MediaTime};

use crate::{ingest::LinkError, rtmp::MessageTooLarge};

/// How a session ends when nothing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Played {
    /// The show was sent to its end.
    End,
    /// Before the key frame with this decoding time, because the ingest wants us to publish anew.
    GoAway(MediaTime),
}

/// Why a session ends early.
#[derive(Debug)]
pub(super) enum Halt {
    /// We were told to stop.
    Stopped,
    /// The connection is of no more use.
    Lost(LinkError),
    /// The show cannot go on.
    Failed(Failure),
}

impl From<LinkError> for Halt {
    fn from(error: LinkError) -> Self {
        Self::Lost(error)
    }
}

impl From<MessageTooLarge> for Halt {
    fn from(error: MessageTooLarge) -> Self {
        Self::Failed(Failure::new(
            FailureKind::UnsupportedMedia,
            error.to_string(),
        ))
    }
}
