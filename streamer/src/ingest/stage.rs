//! How far the opening of a connection is.

use std::{fmt, future::Future};

use tokio::time::{Instant, timeout_at};

use super::error::OpenError;

/// How far the opening of a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// Asks for the host's addresses.
    Resolving,
    /// Waits for one of them to accept.
    Dialling,
    /// Exchanges certificates.
    Tls,
    /// RTMP's own handshake, and `connect`.
    Connecting,
    /// `createStream` and `publish`: the key is with the ingest.
    Publishing,
}

impl Stage {
    /// Does a part of the opening, until the deadline of the whole.
    pub(crate) async fn within<T>(
        self,
        deadline: Instant,
        part: impl Future<Output = Result<T, OpenError>>,
    ) -> Result<T, OpenError> {
        match timeout_at(deadline, part).await {
            Ok(result) => result,
            Err(_) => Err(OpenError::Timeout(self)),
        }
    }
}

/// What is waited for.
impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolving => "the name server's answer",
            Self::Dialling => "the connection to be accepted",
            Self::Tls => "the TLS handshake",
            Self::Connecting => "the RTMP handshake and the answer to connect",
            Self::Publishing => "the answer to publish",
        })
    }
}
