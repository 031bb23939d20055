//! A connection that is lost in the head or in the tail.

use std::{net::SocketAddr, time::Duration};

use broadcast::{MediaTime, StreamKey};
use chrono::Utc;
use ingest::{After, Behaviour, Fault, Ingest, Kind, Options, Packet as Received, RunningIngest};
use streamer::{
    address::AddressPolicy,
    ingest::DialPolicy,
    media::{Packet, Programme, TrackKind},
    show::{self, Show, ShowDestination, Update},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::support::{ARRANGED, arranged, packets};

/// Plays to an ingest that cuts the first connection after so much media.
async fn play(programme: &Programme, cut: Duration) -> RunningIngest {
    let mut behaviour = Behaviour::default();
    // It says of each packet that it has it.
    behaviour.window = Some(200);
    let ingest = Ingest::bind(
        SocketAddr::from(([127, 0, 0, 1], 0)),
        Options {
            faults: vec![Fault::Cut {
                after: After::MediaTime(cut),
                away: Duration::from_millis(100),
            }],
            behaviour,
            ..Options::default()
        },
    )
    .await
    .unwrap();
    let url = ingest.url("live").parse().unwrap();
    let destination = ShowDestination::new("it", url, StreamKey::new("key"));
    let dial = DialPolicy::new(AddressPolicy::PRIVATE_TOO);
    let show = Show::new(programme.clone(), vec![destination], Utc::now(), dial);
    let (updates, _last) = watch::channel(Update::default());
    show::run(show, updates, CancellationToken::new())
        .await
        .unwrap();
    ingest
}

fn media(ingest: &RunningIngest, publish: u32) -> Vec<Received> {
    let packets = ingest.packets(publish).into_iter();
    packets.filter(|packet| !packet.sequence_header).collect()
}

/// What the second connection got is the end of the whole, from a key frame on.
async fn check(cut: MediaTime, earliest: MediaTime) {
    let programme = arranged("b-frames.mp4", ARRANGED).await;
    let whole = packets(&programme, MediaTime::ZERO).await;
    let ingest = play(&programme, cut.to_duration()).await;
    let (first, second) = (media(&ingest, 1), media(&ingest, 2));
    let start = whole.len() - second.len();
    let is_same = |(got, wanted): (&Received, &Packet)| {
        let is_video = wanted.track == TrackKind::Video;
        (got.kind == Kind::Video) == is_video
            && got.size == wanted.data.len()
            && got.key_frame == wanted.key_frame
    };
    assert!(first.iter().zip(&whole).all(is_same));
    assert!(second.iter().zip(&whole[start..]).all(is_same));
    assert!(whole[start].key_frame && whole[start].track == TrackKind::Video);
    assert!(start <= first.len(), "nothing is left out");
    assert!(whole[start].dts >= earliest, "{}", whole[start].dts);
    let last = first[first.len() - 1].timestamp_ms;
    assert!(second[0].timestamp_ms >= last, "time stamps go on");
}

#[tokio::test]
async fn in_the_head_it_goes_on_from_the_head() {
    check(MediaTime::from_millis(1_200), MediaTime::ZERO).await;
}

#[tokio::test]
async fn in_the_tail_it_goes_on_from_the_last_key_frame() {
    // The last of the video's four seconds begins with a key frame.
    let last = MediaTime::from_millis(4_990);
    check(MediaTime::from_millis(7_000), last).await;
}
