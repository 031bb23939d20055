//! How a broadcast fails: stable kinds, which are the error names that the state machine matches
//! and the exit codes of the streamer and the command line.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::MediaTime;

/// What went wrong, to which thing, and where in the media.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The class of the failure.
    pub kind: FailureKind,
    /// What happened and what to do next, for a person. Never holds a stream key.
    pub message: String,
    /// Where in the media it happened, when it happened while media was being read or sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<MediaTime>,
}

impl Failure {
    /// A failure without a position.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            position: None,
        }
    }

    /// The same failure at a position of the media.
    #[must_use]
    pub fn at(mut self, position: MediaTime) -> Self {
        self.position = Some(position);
        self
    }
}

/// The classes of failure. Names and exit codes are public: see docs/exit-codes.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FailureKind {
    /// The request makes no sense: an unknown broadcast, an illegal value.
    BadRequest,
    /// The video cannot be published as it is.
    UnsupportedMedia,
    /// There is no such video.
    SourceMissing,
    /// The ingest cannot be reached.
    IngestUnreachable,
    /// Something else, ours.
    Internal,
    /// A newer attempt owns the broadcast. Not a failure of the broadcast.
    Superseded,
    /// The video could not be read to its end.
    SourceUnreadable,
    /// The streamer was told to stop (Spot, deploy, stop) or died.
    Interrupted,
    /// The ingest does not speak as it should.
    IngestProtocol,
    /// The ingest refused the stream key.
    TokenRejected,
}

impl FailureKind {
    /// Every kind, in the order of the exit codes.
    pub const ALL: [Self; 10] = [
        Self::BadRequest,
        Self::UnsupportedMedia,
        Self::SourceMissing,
        Self::IngestUnreachable,
        Self::Internal,
        Self::Superseded,
        Self::SourceUnreadable,
        Self::Interrupted,
        Self::IngestProtocol,
        Self::TokenRejected,
    ];

    /// The exit code of a process that fails with this kind. After `sysexits.h` where it has a
    /// word for it.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::BadRequest => 64,
            Self::UnsupportedMedia => 65,
            Self::SourceMissing => 66,
            Self::IngestUnreachable => 69,
            Self::Internal => 70,
            Self::Superseded => 73,
            Self::SourceUnreadable => 74,
            Self::Interrupted => 75,
            Self::IngestProtocol => 76,
            Self::TokenRejected => 77,
        }
    }

    /// The kind that a process's exit code stands for.
    pub fn from_exit_code(code: i64) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| i64::from(kind.exit_code()) == code)
    }

    /// The stable name: the `errorType` of a Lambda failure and the error that a state catches.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BadRequest => "BadRequest",
            Self::UnsupportedMedia => "UnsupportedMedia",
            Self::SourceMissing => "SourceMissing",
            Self::IngestUnreachable => "IngestUnreachable",
            Self::Internal => "Internal",
            Self::Superseded => "Superseded",
            Self::SourceUnreadable => "SourceUnreadable",
            Self::Interrupted => "Interrupted",
            Self::IngestProtocol => "IngestProtocol",
            Self::TokenRejected => "TokenRejected",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no [`FailureKind`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no kind of failure")]
pub struct UnknownKind(pub String);

impl FromStr for FailureKind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| UnknownKind(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_exit_codes_lead_back_to_the_kind() {
        for kind in FailureKind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
            assert_eq!(
                FailureKind::from_exit_code(i64::from(kind.exit_code())),
                Some(kind)
            );
        }
        assert_eq!(FailureKind::from_exit_code(0), None);
    }
}
