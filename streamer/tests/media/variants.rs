//! Files that say the same in other ways are sent the same; what they say besides is told.

use broadcast::{FailureKind, MediaTime};
use streamer::media::{Movie, MovieOptions, TrackPurpose, VideoCodec};

use crate::{
    boxes::{Node, Video, open},
    movies,
    support::packets,
};

/// The variant sends what the fixture does.
async fn check_same(variant: &Video, name: &str) -> Movie {
    let original = movies::open(name).await;
    let movie = variant.open().await.unwrap();
    assert_eq!(
        packets(&movie, MediaTime::ZERO).await,
        packets(&original, MediaTime::ZERO).await
    );
    movie
}

async fn check_refused(variant: &Video, words: &[&str]) {
    let failure = variant.open().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::UnsupportedMedia);
    for word in words {
        assert!(failure.message.contains(word), "{word:?} in {failure}");
    }
}

const NAME: &str = "b-frames.mp4";

/// Chunk offsets with 64 bits, later by `more`.
fn widen(video: &mut Video, more: u64) {
    for track in 0..2 {
        let stco = video.track(track).at("mdia/minf/stbl/stco");
        stco.kind = *b"co64";
        let head = stco.body[..8].to_vec();
        let wide = stco.body[8..].chunks(4).flat_map(|offset| {
            let offset = u32::from_be_bytes(offset.try_into().unwrap());
            (u64::from(offset) + more).to_be_bytes()
        });
        stco.body = head.into_iter().chain(wide).collect();
    }
}

#[tokio::test]
async fn wide_offsets() {
    let mut video = Video::of(NAME);
    widen(&mut video, 0);
    check_same(&video, NAME).await;
}

#[tokio::test]
async fn a_wide_size() {
    let mut video = Video::of(NAME);
    widen(&mut video, 8);
    let number = video
        .boxes
        .iter()
        .position(|node| &node.kind == b"mdat")
        .unwrap();
    let media = &mut video.boxes[number];
    let size = media.body.len() as u64 + 16;
    media.body.splice(0..0, size.to_be_bytes());
    let place = video.place(number).start;
    let mut bytes = video.bytes();
    bytes[place..place + 4].copy_from_slice(&1_u32.to_be_bytes());
    let movie = open(&bytes, &MovieOptions::default()).await.unwrap();
    let original = movies::open(NAME).await;
    assert_eq!(
        packets(&movie, MediaTime::ZERO).await,
        packets(&original, MediaTime::ZERO).await
    );
}

/// A second sample entry, which the last chunks use.
fn second_entry(video: &mut Video, change: impl Fn(&mut Vec<u8>)) {
    let table = video.track(0).at("mdia/minf/stbl");
    let chunks = table.at("stco").u32_at(4);
    let stsd = table.at("stsd");
    let mut entry = stsd.body[8..].to_vec();
    change(&mut entry);
    stsd.set(4, &2_u32.to_be_bytes());
    stsd.body.extend(entry);
    let stsc = table.at("stsc");
    let samples = stsc.u32_at(stsc.body.len() - 8);
    stsc.set(4, &(stsc.u32_at(4) + 1).to_be_bytes());
    for value in [chunks, samples, 2] {
        stsc.body.extend(value.to_be_bytes());
    }
}

fn find(bytes: &[u8], kind: &[u8; 4]) -> usize {
    bytes.windows(4).position(|at| at == kind).unwrap()
}

#[tokio::test]
async fn sample_entries_of_one_format() {
    let mut video = Video::of(NAME);
    let chunks = video.track(0).at("mdia/minf/stbl/stco").u32_at(4);
    assert!(chunks > 1, "the last chunk is not the only one");
    second_entry(&mut video, |_| {});
    check_same(&video, NAME).await;

    // Other bits that mean nothing: the reserved ones before the length of lengths.
    let mut video = Video::of(NAME);
    second_entry(&mut video, |entry| {
        let at = find(entry, b"avcC") + 8;
        entry[at] &= 0x03;
    });
    check_same(&video, NAME).await;
}

#[tokio::test]
async fn sample_entries_of_several_formats() {
    let mut video = Video::of(NAME);
    second_entry(&mut video, |entry| {
        // Within the sequence parameter set.
        let at = find(entry, b"avcC") + 16;
        entry[at] ^= 1;
    });
    check_refused(&video, &["video changes its format"]).await;
}

#[tokio::test]
async fn tracks_that_are_neither_picture_nor_sound() {
    let mut video = Video::of(NAME);
    for (handler, entry) in [(b"tmcd", b"tmcd"), (b"meta", b"mebx"), (b"text", b"text")] {
        let mut track = video.track(1).clone();
        track.at("mdia/hdlr").set(8, handler);
        track.at("mdia/minf/stbl/stsd").set(12, entry);
        video.moov().children.insert(1, track);
    }
    let movie = check_same(&video, NAME).await;
    let told: Vec<String> = movie.tracks.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "1: text",
            "2: metadata",
            "3: time code",
            "1: H.264 160x90",
            "1: AAC-LC, stereo, 48 kHz"
        ]
    );
    let sent: Vec<TrackPurpose> = movie
        .tracks
        .iter()
        .filter_map(|track| track.sent.then_some(track.purpose))
        .collect();
    assert_eq!(sent, [TrackPurpose::Video, TrackPurpose::Audio]);
}

/// A second and a third sound track, of which the second alone begins after half a second.
fn three_sounds() -> Video {
    let mut video = Video::of(NAME);
    let original = video.track(1).clone();
    let mut late = original.clone();
    late.at("tkhd").set(12, &3_u32.to_be_bytes());
    let pause = [500, -1, 0x1_0000, 0, 0, 0x1_0000];
    let mut list = vec![0, 0, 0, 0, 0, 0, 0, 2];
    list.extend(pause.iter().flat_map(|value: &i32| value.to_be_bytes()));
    late.at("edts/elst").body = list;
    video.add_track(late);
    video.add_track(original);
    video
}

fn disable(track: &mut Node) {
    let header = track.at("tkhd");
    header.body[3] &= !1;
}

/// Which sound track is sent.
async fn chosen(video: &Video, audio_track: Option<u32>) -> u32 {
    let options = MovieOptions { audio_track };
    let movie = open(&video.bytes(), &options).await.unwrap();
    movie.audio.unwrap().number
}

#[tokio::test]
async fn the_first_enabled_sound_is_sent() {
    let mut video = three_sounds();
    assert_eq!(chosen(&video, None).await, 1);
    disable(video.track(1));
    assert_eq!(chosen(&video, None).await, 2);
    disable(video.track(2));
    disable(video.track(3));
    assert_eq!(chosen(&video, None).await, 1);
    // One that cannot be sent is passed over.
    let entry = video.track(1).at("mdia/minf/stbl/stsd");
    entry.set(12, b"ac-3");
    assert_eq!(chosen(&video, None).await, 2);
    let warning = &video.open().await.unwrap().warnings[0];
    assert!(
        warning.contains("3 audio tracks (1: AC-3, disabled; 2: AAC-LC"),
        "{warning}"
    );
}

#[tokio::test]
async fn the_sound_that_is_wanted_is_sent() {
    let video = three_sounds();
    assert_eq!(chosen(&video, Some(2)).await, 2);
    let options = MovieOptions {
        audio_track: Some(2),
    };
    let movie = open(&video.bytes(), &options).await.unwrap();
    let sound = packets(&movie, MediaTime::ZERO)
        .await
        .into_iter()
        .find(|packet| packet.track == streamer::media::TrackKind::Audio)
        .unwrap();
    assert!(sound.dts > MediaTime::from_millis(400), "{:?}", sound.dts);
    let options = MovieOptions {
        audio_track: Some(4),
    };
    let failure = open(&video.bytes(), &options).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::BadRequest);
    assert!(
        failure
            .message
            .contains("no audio track 4; it has 1: AAC-LC, stereo, 48 kHz; 2: AAC"),
        "{failure}"
    );
}

#[tokio::test]
async fn a_picture_that_is_turned() {
    let mut video = Video::of(NAME);
    let turned: Vec<u8> = [0, 0x1_0000, 0, -0x1_0000, 0, 0]
        .iter()
        .flat_map(|value: &i32| value.to_be_bytes())
        .collect();
    video.track(0).at("tkhd").set(40, &turned);
    let movie = check_same(&video, NAME).await;
    assert_eq!(movie.video.rotation, 90);
    assert!(movie.warnings[0].contains("by 90 degrees clockwise"));
}

#[tokio::test]
async fn a_picture_that_is_stretched() {
    let mut video = Video::of(NAME);
    let entry = video.track(0).at("mdia/minf/stbl/stsd");
    match entry.body.windows(4).position(|at| at == b"pasp") {
        Some(at) => entry.set(at + 4, &[0, 0, 0, 4, 0, 0, 0, 3]),
        None => panic!("ffmpeg writes one"),
    }
    let movie = check_same(&video, NAME).await;
    assert_eq!(movie.video.display_aspect, Some((64, 27)));
    assert!(
        movie.warnings[0].contains("160x90 pixels at 64:27"),
        "{:?}",
        movie.warnings
    );
}

/// With edits of the picture: duration in milliseconds, start, rate.
fn edited(edits: &[(u32, i32, u32)]) -> Video {
    let mut video = Video::of(NAME);
    let mut list = vec![0; 4];
    list.extend((edits.len() as u32).to_be_bytes());
    for (duration, start, rate) in edits {
        list.extend(duration.to_be_bytes());
        list.extend(start.to_be_bytes());
        list.extend(rate.to_be_bytes());
    }
    video.track(0).at("edts/elst").body = list;
    video
}

#[tokio::test]
async fn speeds() {
    const REFUSED: &[&str] = &["plays a part of it faster or slower", "export it again"];
    let normal = 0x1_0000;
    let start = 2048;
    check_refused(&edited(&[(4000, start, normal / 2)]), REFUSED).await;
    check_refused(&edited(&[(2000, start, normal), (1000, 40960, 0)]), REFUSED).await;
    // All of it held still: nobody means that.
    check_same(&edited(&[(4000, start, 0)]), NAME).await;
    // Of a pause the speed is of no concern.
    edited(&[(500, -1, 0), (3500, start, normal)])
        .open()
        .await
        .unwrap();
}

#[tokio::test]
async fn high_efficiency_sound() {
    let mut video = Video::of(NAME);
    let entry = video.track(1).at("mdia/minf/stbl/stsd");
    let at = entry
        .body
        .windows(2)
        .position(|at| at == [0x11, 0x90])
        .unwrap();
    entry.set(at, &[0x13, 0x10, 0x56, 0xe5, 0x98]);
    let movie = video.open().await.unwrap();
    let audio = movie.audio.unwrap();
    assert_eq!((audio.object_type, audio.sample_rate), (5, 48_000));
    assert_eq!(&audio.aac_config[..], &[0x13, 0x10, 0x56, 0xe5, 0x98]);
}

#[tokio::test]
async fn other_kinds_of_aac() {
    let mut video = Video::of(NAME);
    let entry = video.track(1).at("mdia/minf/stbl/stsd");
    let at = entry
        .body
        .windows(2)
        .position(|at| at == [0x11, 0x90])
        .unwrap();
    // Main.
    entry.set(at, &[0x09, 0x90]);
    check_refused(&video, &["audio is AAC Main", "-c:a aac"]).await;
}

#[tokio::test]
async fn parameter_sets_in_the_header() {
    let mut video = Video::of("hevc.mp4");
    video.track(0).at("mdia/minf/stbl/stsd").set(12, b"hev1");
    let movie = check_same(&video, "hevc.mp4").await;
    assert_eq!(movie.video.codec, VideoCodec::Hevc);

    // Without the picture parameter sets.
    let entry = video.track(0).at("mdia/minf/stbl/stsd");
    let arrays = find(&entry.body, b"hvcC") + 4 + 22;
    entry.body[arrays] = 2;
    check_refused(
        &video,
        &["HEVC video keeps the parameter sets in the stream"],
    )
    .await;

    let mut video = Video::of(NAME);
    video.track(0).at("mdia/minf/stbl/stsd").set(12, b"avc3");
    check_same(&video, NAME).await;
}

#[tokio::test]
async fn av1() {
    let mut video = Video::of(NAME);
    let entry = video.track(0).at("mdia/minf/stbl/stsd");
    entry.set(12, b"av01");
    let at = find(&entry.body, b"avcC");
    entry.set(at, b"av1C");
    // Main profile, level 4.1.
    entry.set(at + 4, &[0x81, 0x09, 0x0c, 0x00]);
    let movie = check_same(&video, NAME).await;
    assert_eq!(movie.video.codec, VideoCodec::Av1);
    assert_eq!((movie.video.profile, movie.video.level), (0, 9));
    assert_eq!(&movie.video.config[..4], &[0x81, 0x09, 0x0c, 0x00]);
}

#[tokio::test]
async fn indices_of_fragments_that_lie() {
    for (name, kind) in [
        ("fragments-absolute.mp4", b"mfra"),
        ("fragments-segment-index.mp4", b"sidx"),
    ] {
        for lie in [1_u32, 7, 8, 100, 1_000, 10_000] {
            let mut video = Video::of(name);
            for node in &mut video.boxes {
                if &node.kind != kind {
                    continue;
                }
                match &mut node.children[..] {
                    [] => {
                        let place = node.u32_at(36) + lie;
                        node.set(36, &place.to_be_bytes());
                    }
                    // Version 1: time and place with 64 bits, then three bytes.
                    tables => {
                        for table in tables.iter_mut().filter(|table| &table.kind == b"tfra") {
                            for at in (28..table.body.len() - 4).step_by(19) {
                                let place = table.u32_at(at) + lie;
                                table.set(at, &place.to_be_bytes());
                            }
                        }
                    }
                }
            }
            check_same(&video, name).await;
        }
    }
}
