//! Programmes made of fixtures.

use std::time::Duration;

use broadcast::MediaTime;
use streamer::media::{Arrangement, Packet, Programme, TrackKind};

use crate::movies::open;

/// Two seconds before, two and a half after, and silence.
pub(crate) const ARRANGED: Arrangement = Arrangement {
    head: Duration::from_millis(2_000),
    tail: Duration::from_millis(2_500),
    silence: true,
};

pub(crate) async fn arranged(name: &str, arrangement: Arrangement) -> Programme {
    let movie = open(name).await;
    Programme::new(movie, arrangement).await.unwrap()
}

/// All packets from a time on.
pub(crate) async fn packets(programme: &Programme, from: MediaTime) -> Vec<Packet> {
    let mut packets = programme.packets(from);
    let mut read = Vec::new();
    while let Some(packet) = packets.next().await.unwrap() {
        read.push(packet);
    }
    read
}

pub(crate) fn of(packets: &[Packet], track: TrackKind) -> Vec<&Packet> {
    let packets = packets.iter();
    packets.filter(|packet| packet.track == track).collect()
}
