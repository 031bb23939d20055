//! What an ingest says of itself.

use broadcast::{Ingest, StreamKey};
use tokio::time::Instant;

use super::{connection::Connection, error::OpenError, policy::DialPolicy};
use crate::rtmp::{AnnouncedCodecs, Goal, PublishTarget};

/// Connects, hears which codecs the ingest announces, and goes away without publishing.
pub(crate) async fn announced_codecs(
    ingest: &Ingest,
    key: &StreamKey,
    policy: &DialPolicy,
) -> Result<AnnouncedCodecs, OpenError> {
    let mut target = PublishTarget::new(ingest, key.clone());
    target.goal = Goal::Connect;
    let deadline = Instant::now() + policy.open_timeout;
    let connection = Connection::reach(ingest, target, policy, deadline).await?;
    Ok(connection.announced_codecs().clone())
}
