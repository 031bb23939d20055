//! How reading fails.

use std::{io, time::Duration};

use broadcast::{Failure, FailureKind, aws::words};
use chrono::{DateTime, Utc};

use crate::address::AddressRefused;

/// Why a source cannot be read. None of the texts holds its address or a secret.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// There is no such file or object.
    #[error("{0}")]
    Missing(&'static str),
    /// It is a folder, a device, a pipe.
    #[error("it is not a file")]
    NotAFile,
    /// The file or object has no bytes.
    #[error("it is empty")]
    Empty,
    /// The address may not be connected to.
    #[error(transparent)]
    Address(#[from] AddressRefused),
    /// `http://` where only TLS is allowed.
    #[error("plain http is not read; give an https address")]
    PlainHttp,
    /// Not a URL that can be asked for, at the start or in a redirect.
    #[error("{0} is not an address that can be read")]
    NotAnAddress(&'static str),
    /// More redirects than are followed.
    #[error("the server redirects more than {0} times")]
    Redirects(usize),
    /// The server ignores `Range`.
    #[error(
        "the server does not answer range requests, and a video is never downloaded whole; \
         put the file on a server that does, or into S3"
    )]
    NoRanges,
    /// Not allowed to read it.
    #[error("{0}")]
    Refused(String),
    /// A signed address, refused after its time.
    #[error(
        "its signed address expired at {} UTC; sign one that outlives the show, or give \
         s3://BUCKET/KEY, which is read with credentials that are renewed",
        .0.format("%Y-%m-%d %H:%M:%S")
    )]
    Expired(DateTime<Utc>),
    /// The content is another one than when it was opened.
    #[error("it was changed or replaced since it was opened; the rest of the show is not in it")]
    Changed,
    /// Beyond the end.
    #[error("it ends at byte {length}, and byte {end} was wanted")]
    BeyondEnd {
        /// Bytes that there are.
        length: u64,
        /// End of the range that was wanted.
        end: u64,
    },
    /// A file of this machine failed.
    #[error("reading the file failed")]
    File(#[source] io::Error),
    /// The retries were used up.
    #[error("gave up after {attempts} attempts in {:.1} s", .elapsed.as_secs_f64())]
    GaveUp {
        /// Attempts made.
        attempts: u32,
        /// Time from the first to the last.
        elapsed: Duration,
        /// What the last attempt met.
        #[source]
        last: Fault,
    },
}

impl SourceError {
    /// The class of the failure.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Missing(_) | Self::NotAFile => FailureKind::SourceMissing,
            Self::Empty | Self::NoRanges => FailureKind::UnsupportedMedia,
            Self::Address(_) | Self::PlainHttp | Self::NotAnAddress(_) => FailureKind::BadRequest,
            Self::Redirects(_)
            | Self::Refused(_)
            | Self::Expired(_)
            | Self::Changed
            | Self::BeyondEnd { .. }
            | Self::File(_)
            | Self::GaveUp { .. } => FailureKind::SourceUnreadable,
        }
    }

    /// The failure of the source that is shown as `label`.
    pub fn into_failure(self, label: &str) -> Failure {
        Failure::new(
            self.kind(),
            format!("cannot read {label}: {}", words(&self)),
        )
    }
}

/// Something that may pass: worth another attempt.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The server answered with an error that may pass.
    #[error("the server answered {0}")]
    Status(u16),
    /// S3 answered with an error that may pass.
    #[error("{0}")]
    Refused(String),
    /// The connection failed or broke.
    #[error("the connection failed")]
    Connection(#[source] reqwest::Error),
    /// Fewer bytes than announced.
    #[error("the answer ended after {got} of {wanted} bytes")]
    Short {
        /// Bytes that came.
        got: usize,
        /// Bytes that were asked for.
        wanted: usize,
    },
    /// An answer that does not fit the question.
    #[error("the answer makes no sense: {0}")]
    Nonsense(&'static str),
    /// Nothing, or too little, came in time.
    #[error("no answer within {:.1} s", .0.as_secs_f64())]
    Stalled(Duration),
    /// Refused, or gone, although it was given before.
    #[error("it could be read before, and now: {0}")]
    Withdrawn(String),
    /// Reading an open file failed.
    #[error("reading the file failed")]
    File(#[source] io::Error),
    /// No credentials for now.
    #[error("there are no AWS credentials: {0}")]
    Credentials(String),
}

/// What one attempt met.
#[derive(Debug)]
pub(crate) enum AttemptError {
    Fatal(SourceError),
    /// Worth another attempt, after a pause if the server asked for one.
    Passing(Fault, Option<Duration>),
}

impl From<SourceError> for AttemptError {
    fn from(error: SourceError) -> Self {
        Self::Fatal(error)
    }
}

impl From<Fault> for AttemptError {
    fn from(fault: Fault) -> Self {
        Self::Passing(fault, None)
    }
}
