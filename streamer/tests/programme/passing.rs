//! Captions and colour pass as they are.

use broadcast::MediaTime;
use streamer::media::{Arrangement, Packet, Programme, TrackKind, flv};

use crate::{
    fixture::fixture,
    support::{ARRANGED, arranged, of, packets},
};

/// The identifier of captions by ATSC A/53.
const CAPTIONS: &[u8] = b"GA94";
/// Types and sizes of the messages on the mastering display and on the light level.
const DISPLAY: &[u8] = &[6, 137, 24];
const LIGHT: &[u8] = &[6, 144, 4];

fn holds(data: &[u8], part: &[u8]) -> bool {
    data.windows(part.len()).any(|window| window == part)
}

async fn read(arrangement: Arrangement) -> (Programme, Vec<Packet>) {
    let programme = arranged("captions.mp4", arrangement).await;
    let packets = packets(&programme, MediaTime::ZERO).await;
    (programme, packets)
}

#[tokio::test]
async fn each_access_unit_is_that_of_the_file() {
    let file = std::fs::read(fixture("captions.mp4")).unwrap();
    let (programme, packets) = read(Arrangement::default()).await;
    assert_eq!(packets.len(), 30);
    for packet in &packets {
        assert!(holds(&file, &packet.data));
        assert!(holds(&packet.data, CAPTIONS));
        assert_eq!(packet.key_frame, holds(&packet.data, DISPLAY));
        assert_eq!(packet.key_frame, holds(&packet.data, LIGHT));
        let body = flv::tag_body(packet, programme.video().codec).to_bytes();
        assert_eq!(body[5..], packet.data);
    }
    // Primaries, transfer and matrix stand in the parameter sets.
    assert!(holds(&file, &programme.video().config));
    let header = flv::video_sequence_header(programme.video());
    assert!(header.ends_with(&programme.video().config));
}

#[tokio::test]
async fn captions_are_not_said_again_and_colour_is() {
    let (_, bare) = read(Arrangement::default()).await;
    let (_, packets) = read(ARRANGED).await;
    let video = of(&packets, TrackKind::Video);
    let said: Vec<_> = video
        .iter()
        .filter(|packet| holds(&packet.data, CAPTIONS))
        .map(|packet| &packet.data)
        .collect();
    assert!(said.into_iter().eq(bare.iter().map(|packet| &packet.data)));
    let keys = video.iter().filter(|packet| packet.key_frame);
    assert!(keys.clone().count() > 2);
    assert!(keys.clone().all(|packet| holds(&packet.data, DISPLAY)));
}
