//! What cannot be sent is refused in words, before anything is published.

use std::path::Path;

use broadcast::{Failure, FailureKind, SourceUrl};
use streamer::{
    media::{Movie, MovieOptions, VideoCodec},
    source::{Source, SourceOptions},
};

use crate::fixture::fixture;

async fn open(path: &Path) -> Result<Movie, Failure> {
    let url = SourceUrl::file(path).unwrap();
    Movie::open(
        Source::open(&url, SourceOptions::default()).await?,
        &MovieOptions::default(),
    )
    .await
}

/// The refusal of a file has this kind and all these words.
async fn check(path: &Path, kind: FailureKind, words: &[&str]) {
    let failure = open(path).await.unwrap_err();
    assert_eq!(failure.kind, kind, "{failure}");
    for word in words {
        assert!(failure.message.contains(word), "{word:?} in {failure}");
    }
}

async fn check_fixture(name: &str, words: &[&str]) {
    check(&fixture(name), FailureKind::UnsupportedMedia, words).await;
}

#[tokio::test]
async fn hevc_for_an_ingest_that_does_not_take_it() {
    let movie = open(&fixture("hevc.mp4")).await.unwrap();
    assert_eq!(movie.video.codec, VideoCodec::Hevc);
    let failure = movie.not_taken();
    assert_eq!(failure.kind, FailureKind::UnsupportedMedia);
    for word in ["HEVC", "takes H.264", "/hevc.mp4 -c:v libx264"] {
        assert!(failure.message.contains(word), "{word:?} in {failure}");
    }
}

#[tokio::test]
async fn pcm() {
    check_fixture("pcm.mov", &["PCM", "AAC-LC", "/pcm.mov -c:v copy -c:a aac"]).await;
}

#[tokio::test]
async fn other_codecs() {
    check_fixture("mpeg4-mp3.mp4", &["MPEG-4 Part 2"]).await;
}

#[tokio::test]
async fn no_video() {
    check_fixture(
        "no-video.m4a",
        &["no video track", "ffmpeg -i /", "/no-video.m4a -f lavfi"],
    )
    .await;
}

#[tokio::test]
async fn encrypted() {
    check_fixture("encrypted.mp4", &["video is encrypted", "export it again"]).await;
}

#[tokio::test]
async fn truncated() {
    check_fixture(
        "truncated.mp4",
        &["truncated", "30000", "copy or record it again"],
    )
    .await;
}

#[tokio::test]
async fn a_run_of_more_samples_than_there_are_bytes() {
    let mut bytes = std::fs::read(fixture("fragments-default-base.mp4")).unwrap();
    let run = bytes.windows(4).position(|at| at == b"trun").unwrap();
    // Nothing is said of any of them but that there are seven million.
    bytes[run + 4..run + 8].copy_from_slice(&1_u32.to_be_bytes());
    bytes[run + 8..run + 12].copy_from_slice(&7_000_000_u32.to_be_bytes());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("talk.mp4");
    std::fs::write(&path, bytes).unwrap();
    check(&path, FailureKind::UnsupportedMedia, &["a fragment"]).await;
}

#[tokio::test]
async fn fragments_that_are_cut_off() {
    let whole = std::fs::read(fixture("fragments-default-base.mp4")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.mp4");
    // Within the last fragment's media, and within its header.
    let last = whole.windows(4).rposition(|at| at == b"moof").unwrap();
    for end in [whole.len() - 1_000, last + 100] {
        std::fs::write(&path, &whole[..end]).unwrap();
        let end = end.to_string();
        check(&path, FailureKind::UnsupportedMedia, &["truncated", &end]).await;
    }
}

#[tokio::test]
async fn without_its_index() {
    check_fixture("no-index.mp4", &["no index", "cut off", "record it again"]).await;
}

#[tokio::test]
async fn no_video_at_all() {
    check_fixture(
        "not-a-video.mp4",
        &["no video", "give the file that was recorded"],
    )
    .await;
}

#[tokio::test]
async fn missing_and_empty() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.mp4");
    check(&missing, FailureKind::SourceMissing, &["no such file"]).await;
    check(folder.path(), FailureKind::SourceMissing, &["not a file"]).await;
    let empty = folder.path().join("empty.mp4");
    std::fs::write(&empty, "").unwrap();
    check(&empty, FailureKind::UnsupportedMedia, &["empty"]).await;
}

#[tokio::test]
async fn other_containers_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let transport_stream = [&[0x47][..], &[0; 187], &[0x47], &[0; 187]].concat();
    for (start, name, command) in [
        (
            &b"\x1a\x45\xdf\xa3\x42\x82\x88matroska"[..],
            "Matroska",
            REMUX,
        ),
        (b"\x1a\x45\xdf\xa3\x42\x82\x84webm", "WebM", ANEW),
        (b"FLV\x01\x05\0\0\0\x09", "FLV", REMUX),
        (&transport_stream, "transport stream", REMUX),
        (b"RIFF\0\0\0\0AVI LIST", "AVI", ANEW),
    ] {
        // Where the command may be pasted is not where the file is.
        let path = folder.path().join("my video.mp4");
        std::fs::write(&path, start).unwrap();
        let folder = folder.path().display();
        let command = command.replace("FOLDER", &folder.to_string());
        check(&path, FailureKind::UnsupportedMedia, &[name, &*command]).await;
    }
}

const REMUX: &str = "ffmpeg -i 'FOLDER/my video.mp4' -c copy -sn -movflags +faststart \
    'FOLDER/my video-live.mp4'";
const ANEW: &str = "this makes a file that can: ffmpeg -i 'FOLDER/my video.mp4' -c:v libx264";

#[tokio::test]
async fn no_sound_is_a_warning_only() {
    let movie = open(&fixture("no-audio.mp4")).await.unwrap();
    assert!(movie.audio.is_none());
    assert!(movie.warnings[0].contains("no sound"));
}

#[tokio::test]
async fn a_cut_between_key_frames_is_a_warning_only() {
    let movie = open(&fixture("edit-list.mp4")).await.unwrap();
    assert!(
        movie.warnings[0].contains("0.4 s before the cut"),
        "{:?}",
        movie.warnings
    );
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.mp4");
    // More than is read ahead: the media comes last, after a gap that nothing describes.
    let mut bytes = std::fs::read(fixture("moov-last.mp4")).unwrap();
    bytes.splice(32..32, filler(4 << 20));
    std::fs::write(&path, &bytes).unwrap();
    let failure = {
        let url = SourceUrl::file(&path).unwrap();
        let source = Source::open(&url, SourceOptions::default()).await.unwrap();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_len(bytes.len() as u64 - 1).unwrap();
        Movie::open(source, &MovieOptions::default())
            .await
            .unwrap_err()
    };
    assert_eq!(failure.kind, FailureKind::SourceUnreadable);
    assert!(failure.message.contains("changed"), "{failure}");
}

/// A `free` box.
fn filler(size: u32) -> Vec<u8> {
    let mut bytes = vec![0; size as usize];
    bytes[..4].copy_from_slice(&size.to_be_bytes());
    bytes[4..8].copy_from_slice(b"free");
    bytes
}
