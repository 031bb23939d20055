//! What is published where.

use broadcast::{Ingest, StreamKey};

/// The names under which a stream is published.
#[derive(Clone, Debug)]
pub struct PublishTarget {
    /// The application, as in `live2` or `live2?backup=1`.
    pub app: String,
    /// The ingest's address. It never holds the key: servers log it.
    pub tc_url: String,
    /// The stream's name in `publish`, whole: it is never split at `?` or `&`.
    pub stream_key: StreamKey,
    /// How far to go by itself.
    pub goal: Goal,
    /// After how many bytes the server is asked to acknowledge. Acknowledgements tell where to
    /// resume after a cut, so a small window means little is repeated; each costs 16 bytes.
    pub acknowledgement_window: u32,
}

/// The acknowledgement window of a stream of which nothing is known, in bytes.
pub(crate) const ACKNOWLEDGEMENT_WINDOW: u32 = 32 * 1024;

/// How far a publisher goes by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Goal {
    /// Up to the answer to `connect`: tells that an ingest is there.
    Connect,
    /// Up to the answer to `publish`.
    #[default]
    Publish,
}

impl PublishTarget {
    /// Publishes to an ingest under a key.
    pub fn new(ingest: &Ingest, stream_key: StreamKey) -> Self {
        Self {
            app: ingest.app(),
            tc_url: ingest.as_str().trim_end_matches('/').to_owned(),
            stream_key,
            goal: Goal::Publish,
            acknowledgement_window: ACKNOWLEDGEMENT_WINDOW,
        }
    }
}
