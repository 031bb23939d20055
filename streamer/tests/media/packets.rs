//! What is sent is, packet for packet, what `ffmpeg -c copy -f flv` sends.

use broadcast::MediaTime;
use ring::digest;
use streamer::media::{Packet, TrackKind, flv};

use crate::{fixture::fixture, movies::open, support::packets};

/// One line of the oracle: track, decoding and composition time in ms, size, key frame, the first digits of the SHA-256.
type Wanted = (String, i64, i64, usize, bool, String);

async fn check_against_ffmpeg(name: &str) {
    let oracle = std::fs::read(fixture(&format!("{name}.packets.json"))).unwrap();
    let wanted: Vec<Wanted> = serde_json::from_slice(&oracle).unwrap();
    let movie = open(name).await;
    let packets = packets(&movie, MediaTime::ZERO).await;
    assert!(packets.is_sorted_by_key(|packet| packet.dts), "{name}");
    for (track, kind) in [("video", TrackKind::Video), ("audio", TrackKind::Audio)] {
        let wanted: Vec<&Wanted> = wanted.iter().filter(|line| line.0 == track).collect();
        let got: Vec<&Packet> = packets
            .iter()
            .filter(|packet| packet.track == kind)
            .collect();
        assert_eq!(got.len(), wanted.len(), "{name} {track}");
        for (index, (packet, wanted)) in got.into_iter().zip(wanted).enumerate() {
            let (_, dts, pts, size, key_frame, hash) = wanted;
            let at = format!("{name} {track} {index}: {packet:?} {wanted:?}");
            assert_eq!(packet.data.len(), *size, "{at}");
            assert_eq!(short_hash(&packet.data), *hash, "{at}");
            assert_eq!(packet.key_frame, *key_frame, "{at}");
            let body = flv::tag_body(packet, movie.video.codec);
            let dts_ms = i64::from(flv::timestamp_ms(packet.dts));
            let pts_ms = dts_ms + composition_time(&body);
            assert!((dts_ms - dts).abs() <= 1, "dts {dts_ms} of {at}");
            assert!((pts_ms - pts).abs() <= 1, "pts {pts_ms} of {at}");
        }
    }
}

fn short_hash(bytes: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, bytes);
    digest.as_ref()[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The signed 24 bits of a video tag; audio has none.
fn composition_time(body: &flv::TagBody) -> i64 {
    match *body.header() {
        [_, _, _, _, _, a, b, c] | [..0x80, _, a, b, c] => {
            i64::from(i32::from_be_bytes([a, b, c, 0]) >> 8)
        }
        _ => 0,
    }
}

macro_rules! as_ffmpeg {
    ($($test:ident: $name:literal)*) => {
        $(
            #[tokio::test]
            async fn $test() {
                check_against_ffmpeg($name).await;
            }
        )*
    };
}

as_ffmpeg! {
    moov_first: "moov-first.mp4"
    moov_last: "moov-last.mp4"
    b_frames: "b-frames.mp4"
    quicktime: "quicktime.mov"
    negative_composition_offsets: "negative-offsets.mp4"
    no_edit_list: "no-edit-list.mp4"
    cut_between_key_frames: "edit-list.mp4"
    sound_that_starts_later: "empty-edit.mp4"
    several_edits: "several-edits.mp4"
    variable_frame_rate: "variable-rate.mp4"
    no_sound: "no-audio.mp4"
    fragments_with_absolute_offsets: "fragments-absolute.mp4"
    fragments_with_offsets_from_their_start: "fragments-default-base.mp4"
    fragments_with_implicit_offsets: "fragments-implicit.mp4"
    fragments_of_one_track: "fragments-separate.mp4"
    fragments_of_one_frame: "fragments-every-frame.mp4"
    fragments_with_a_segment_index: "fragments-segment-index.mp4"
    fragments_cut_between_key_frames: "fragments-edit.mp4"
    fragments_with_sound_that_starts_later: "fragments-pause.mp4"
    fragments_that_do_not_start_at_zero: "fragments-late.mp4"
    fragments_with_negative_composition_offsets: "fragments-negative.mp4"
    fragments_without_times: "fragments-smooth.mp4"
}
