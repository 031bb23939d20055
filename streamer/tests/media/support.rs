//! Reading movies.

use broadcast::MediaTime;
use streamer::media::{Movie, Packet};

/// All packets from a time on.
pub(crate) async fn packets(movie: &Movie, from: MediaTime) -> Vec<Packet> {
    let mut packets = movie.packets(from);
    let mut read = Vec::new();
    while let Some(packet) = packets.next().await.unwrap() {
        read.push(packet);
    }
    read
}
