//! No bytes make the reader panic or run away.

use std::{io::Write, time::Duration};

use broadcast::{MediaTime, SourceUrl};
use proptest::prelude::*;
use streamer::{
    media::{Movie, MovieOptions},
    source::{Source, SourceOptions},
};

use crate::{
    boxes::{Node, Video},
    fixture::fixture,
};

/// Opens the bytes as a file and, if that works, reads every packet.
fn survive(bytes: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let work = async {
        let url = SourceUrl::file(file.path()).unwrap();
        let Ok(source) = Source::open(&url, SourceOptions::default()).await else {
            return;
        };
        let Ok(movie) = Movie::open(source, &MovieOptions::default()).await else {
            return;
        };
        let _ = movie.key_frame_at_or_before(MediaTime::from_millis(2_000));
        let mut packets = movie.packets(MediaTime::from_millis(1_000));
        while let Ok(Some(_)) = packets.next().await {}
    };
    runtime
        .block_on(async { tokio::time::timeout(Duration::from_secs(20), work).await })
        .unwrap();
}

/// Numbers that break naive arithmetic.
fn nasty() -> impl Strategy<Value = u32> {
    prop_oneof![
        Just(0),
        Just(1),
        Just(7),
        Just(u32::MAX),
        Just(i32::MAX as u32),
        Just(i32::MIN as u32),
        any::<u32>(),
    ]
}

/// Ticks of which a few do not fit into 64 bits.
fn long() -> impl Strategy<Value = i64> {
    prop_oneof![
        0..10_000_i64,
        (0..4_i64).prop_map(|less| (1 << 61) - less),
        (0..4_i64).prop_map(|less| (1 << 60) - less),
        (0..4_i64).prop_map(|less| i64::MAX - less),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 1..600)) {
        survive(&bytes);
    }

    #[test]
    fn any_bytes_in_a_movie_box(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let mut file = (bytes.len() as u32 + 8).to_be_bytes().to_vec();
        file.extend_from_slice(b"moov");
        file.extend_from_slice(&bytes);
        survive(&file);
    }

    #[test]
    fn an_index_with_other_numbers(
        name in prop::sample::select(vec!["moov-first.mp4", "b-frames.mp4", "quicktime.mov", "edit-list.mp4"]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), nasty()), 1..6),
    ) {
        let mut bytes = std::fs::read(fixture(name)).unwrap();
        let start = bytes.windows(4).position(|at| at == b"moov").unwrap();
        let size = u32::from_be_bytes(bytes[start - 4..start].try_into().unwrap()) as usize;
        let words = (size - 8) / 4;
        for (at, value) in changes {
            let at = start + 4 + at.index(words) * 4;
            bytes[at..at + 4].copy_from_slice(&value.to_be_bytes());
        }
        survive(&bytes);
    }

    #[test]
    fn fragments_with_other_numbers(
        name in prop::sample::select(vec![
            "fragments-absolute.mp4", "fragments-implicit.mp4", "fragments-segment-index.mp4",
        ]),
        kind in prop::sample::select(vec![&b"moof"[..], b"mvex", b"sidx", b"mfra"]),
        changes in prop::collection::vec((0..160_usize, nasty()), 1..6),
    ) {
        let mut bytes = std::fs::read(fixture(name)).unwrap();
        let start = bytes.windows(4).position(|at| at == kind).unwrap_or(0);
        for (at, value) in changes {
            let at = start + 4 + at * 4;
            if let Some(word) = bytes.get_mut(at..at + 4) {
                word.copy_from_slice(&value.to_be_bytes());
            }
        }
        survive(&bytes);
    }

    #[test]
    fn edit_lists_with_other_numbers(
        name in prop::sample::select(vec!["edit-list.mp4", "fragments-pause.mp4"]),
        track in 0..2_usize,
        edits in prop::collection::vec((long(), prop_oneof![Just(-1), long()]), 1..6),
    ) {
        let mut video = Video::of(name);
        // Version 1: with 64 bits, in ticks of the movie and of the track.
        let mut list = vec![1, 0, 0, 0];
        list.extend((edits.len() as u32).to_be_bytes());
        for (duration, start) in edits {
            list.extend(duration.to_be_bytes());
            list.extend(start.to_be_bytes());
            list.extend(0x1_0000_u32.to_be_bytes());
        }
        let time_scale = video.track(track).at("mdia/mdhd").u32_at(12);
        video.moov().at("mvhd").set(12, &time_scale.to_be_bytes());
        let edits = video.track(track);
        edits.children.retain(|node| &node.kind != b"edts");
        let mut edts = Node::new(b"edts", []);
        edts.children.push(Node::new(b"elst", list));
        edits.children.push(edts);
        survive(&video.bytes());
    }

    #[test]
    fn a_file_that_ends_anywhere(
        name in prop::sample::select(vec![
            "moov-first.mp4", "moov-last.mp4", "quicktime.mov", "fragments-absolute.mp4",
        ]),
        end in any::<prop::sample::Index>(),
    ) {
        let bytes = std::fs::read(fixture(name)).unwrap();
        survive(&bytes[..1 + end.index(bytes.len() - 1)]);
    }
}
