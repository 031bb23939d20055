//! How connections to ingests fail, and what that means for a broadcast.

use std::{error::Error, io, path::PathBuf, time::Duration};

use broadcast::{Failure, FailureKind};

use super::stage::Stage;
use crate::{
    address::AddressRefused,
    rtmp::{MessageTooLarge, ProtocolError, Refusal, RefusalKind},
};

/// Why a connection could not be opened up to the ingest's yes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("the ingest's name {host} cannot be resolved")]
    Resolve { host: String, source: io::Error },
    #[error("the ingest's name {host} has no address")]
    NoAddress { host: String },
    #[error("the ingest {host} may not be connected to")]
    AddressRefused {
        host: String,
        source: AddressRefused,
    },
    #[error("the ingest {host} cannot be connected to at port {port}")]
    Dial {
        host: String,
        port: u16,
        source: io::Error,
    },
    #[error("the CA file {path} cannot be read", path = path.display())]
    CaFile {
        path: PathBuf,
        source: Box<dyn Error + Send + Sync>,
    },
    #[error("the certificates in INGEST_CA_PEM cannot be read")]
    CaPem(#[source] Box<dyn Error + Send + Sync>),
    #[error("TLS cannot be set up")]
    TlsSetup(#[source] rustls::Error),
    #[error("the ingest's certificate is not trusted for {host}")]
    Certificate { host: String, source: io::Error },
    #[error("the TLS handshake with {host} failed")]
    Tls { host: String, source: io::Error },
    #[error("gave up waiting for {0}")]
    Timeout(Stage),
    #[error("the ingest closed the connection before it accepted connect")]
    ClosedEarly,
    /// Only after `connect` was accepted: by then the ingest has the key.
    #[error(
        "the ingest closed the connection before it accepted publish, as ingests do with a wrong \
         key: the stream key was probably rejected"
    )]
    ClosedOnKey,
    #[error("the ingest refused: {0}")]
    Refused(Refusal),
    #[error("the ingest ended the connection before it accepted publish")]
    Ended,
    #[error("the connection to the ingest failed")]
    Io(#[source] io::Error),
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
}

/// Why an open connection is of no more use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    #[error("the ingest closed the connection")]
    Closed,
    #[error("the connection to the ingest broke")]
    Io(#[source] io::Error),
    #[error("the ingest has taken no data for {} s", .0.as_secs())]
    Stalled(Duration),
    #[error("the ingest ended the stream")]
    Ended,
    #[error("the ingest refused to go on: {0}")]
    Refused(Refusal),
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    #[error(transparent)]
    TooLarge(#[from] MessageTooLarge),
}

impl OpenError {
    /// What this means for the broadcast.
    pub(crate) fn kind(&self) -> FailureKind {
        match self {
            Self::AddressRefused { .. } | Self::CaFile { .. } | Self::CaPem(_) => {
                FailureKind::BadRequest
            }
            Self::Resolve { .. }
            | Self::NoAddress { .. }
            | Self::Dial { .. }
            | Self::Certificate { .. }
            | Self::Tls { .. }
            | Self::Timeout(_)
            | Self::Io(_) => FailureKind::IngestUnreachable,
            Self::TlsSetup(_) => FailureKind::Internal,
            Self::ClosedOnKey => FailureKind::TokenRejected,
            Self::Refused(refusal) => refusal_kind(refusal),
            Self::ClosedEarly | Self::Ended | Self::Protocol(_) => FailureKind::IngestProtocol,
        }
    }
}

impl LinkError {
    /// What this means for the broadcast.
    pub(crate) fn kind(&self) -> FailureKind {
        match self {
            Self::Closed | Self::Io(_) | Self::Stalled(_) => FailureKind::IngestUnreachable,
            Self::Ended | Self::Protocol(_) => FailureKind::IngestProtocol,
            Self::Refused(refusal) => refusal_kind(refusal),
            Self::TooLarge(_) => FailureKind::UnsupportedMedia,
        }
    }
}

fn refusal_kind(refusal: &Refusal) -> FailureKind {
    match refusal.kind {
        RefusalKind::Rejected => FailureKind::TokenRejected,
        RefusalKind::Busy | RefusalKind::Failed => FailureKind::IngestProtocol,
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        Self::new(error.kind(), in_words(&error))
    }
}

impl From<LinkError> for Failure {
    fn from(error: LinkError) -> Self {
        Self::new(error.kind(), in_words(&error))
    }
}

/// An error with its causes, each said once.
fn in_words(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !words.contains(&text) {
            words.push_str(": ");
            words.push_str(&text);
        }
        cause = error.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(error: OpenError, kind: FailureKind, message: &str) {
        let failure = Failure::from(error);
        assert_eq!((failure.kind, failure.message.as_str()), (kind, message));
    }

    #[test]
    fn a_failure_says_all_of_it_in_words() {
        check(
            OpenError::Dial {
                host: "ingest.test".to_owned(),
                port: 443,
                source: io::Error::from(io::ErrorKind::ConnectionRefused),
            },
            FailureKind::IngestUnreachable,
            "the ingest ingest.test cannot be connected to at port 443: connection refused",
        );
        check(
            OpenError::Refused(Refusal {
                kind: RefusalKind::Busy,
                code: "NetStream.Publish.BadName".to_owned(),
                description: "Already publishing".to_owned(),
            }),
            FailureKind::IngestProtocol,
            "the ingest refused: NetStream.Publish.BadName: Already publishing",
        );
        check(
            OpenError::Protocol(ProtocolError::Version(b'H')),
            FailureKind::IngestProtocol,
            "the server answers the handshake with version 72 and not 3; it may not speak RTMP",
        );
        check(
            OpenError::Timeout(Stage::Publishing),
            FailureKind::IngestUnreachable,
            "gave up waiting for the answer to publish",
        );
    }
}
