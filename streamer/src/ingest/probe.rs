//! Trying a key without going on air.

use std::time::Duration;

use broadcast::{Failure, Ingest, Platform, Probe, StreamKey};
use tokio::time::Instant;

use super::{connection::Connection, policy::DialPolicy};
use crate::rtmp::{Goal, PublishTarget};

/// Asks an ingest whether it would take the stream, and goes away.
///
/// The connection is dropped without media, `FCUnpublish` or `deleteStream`: these may end a post
/// on Facebook. To Twitch the key is sent with its `bandwidthtest=true`, which publishes without
/// going live. `within` limits the whole.
///
/// # Errors
/// `IngestUnreachable`, `IngestProtocol` (an ingest where the key is in use is one), `TokenRejected`,
/// or `BadRequest` for an address that may not be connected to. In words, without the key.
pub async fn probe(
    ingest: &Ingest,
    key: &StreamKey,
    how: Probe,
    within: Duration,
    policy: &DialPolicy,
) -> Result<(), Failure> {
    let goal = match how {
        Probe::Publish => Goal::Publish,
        Probe::Connect => Goal::Connect,
        Probe::None => return Ok(()),
    };
    let mut target = PublishTarget::new(ingest, test_key(ingest, key));
    target.goal = goal;
    let deadline = Instant::now() + within;
    let connection = Connection::reach(ingest, target, &policy.clone().anew(), deadline).await?;
    drop(connection);
    Ok(())
}

/// The key under which nothing goes live, where a platform has such a thing
/// (<https://dev.twitch.tv/docs/video-broadcast/>).
fn test_key(ingest: &Ingest, key: &StreamKey) -> StreamKey {
    if Platform::of(ingest) != Platform::Twitch {
        return key.clone();
    }
    let key = key.expose();
    let mark = if key.contains('?') { '&' } else { '?' };
    StreamKey::new(format!("{key}{mark}bandwidthtest=true"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ingest: &str, key: &str, expected: &str) {
        let key = test_key(&ingest.parse().unwrap(), &StreamKey::new(key));
        assert_eq!(key.expose(), expected);
    }

    #[test]
    fn only_twitch_has_a_bandwidth_test() {
        let twitch = "rtmps://live.twitch.tv/app";
        check(twitch, "live_1_a", "live_1_a?bandwidthtest=true");
        check(twitch, "live_1_a?x=y", "live_1_a?x=y&bandwidthtest=true");
        check("rtmps://a.rtmps.youtube.com/live2", "a-b", "a-b");
        check("rtmp://127.0.0.1/live", "k?a=b&c", "k?a=b&c");
    }
}
