use crate::{Ending, Moment};

/// Something that happened at the ingest. Publishes are told by their
/// [`number`](crate::Publish::number), never by their key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A TCP connection was accepted.
    Connected,
    /// `connect` was turned away.
    ConnectRejected,
    /// `publish` was turned away: wrong key, or one that is being published.
    PublishRejected,
    /// `publish` was accepted.
    PublishStarted {
        /// Which.
        publish: u32,
    },
    /// The first packet that is no sequence header came.
    FirstMedia {
        /// Of which publish.
        publish: u32,
        /// When.
        at: Moment,
    },
    /// A publish is over.
    PublishEnded {
        /// Which.
        publish: u32,
        /// How.
        how: Ending,
    },
    /// A TCP connection is closed.
    Disconnected,
}
