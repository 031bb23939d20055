//! Files, checked as a whole.

use std::time::Duration;

use broadcast::{Failure, FailureKind, Platform, SourceUrl};
use streamer::{
    check::{CheckOptions, Report, check, check_movie},
    media::{Arrangement, Movie},
    source::{Source, SourceOptions},
};

use crate::fixture::fixture;

async fn report_on(name: &str, options: &CheckOptions) -> Result<Report, Failure> {
    let url = SourceUrl::file(&fixture(name)).unwrap();
    let source = Source::open(&url, SourceOptions::default()).await?;
    check(source, options, &[Platform::Facebook]).await
}

/// What is found in a file for Facebook.
#[track_caller]
fn finds(name: &str, options: &CheckOptions, wanted: &[&str]) -> Report {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let report = runtime.block_on(report_on(name, options)).unwrap();
    let found: Vec<String> = report
        .findings
        .iter()
        .map(|found| format!("{} {}", found.severity, found.rule))
        .collect();
    assert_eq!(found, wanted, "{name}: {:#?}", report.findings);
    report
}

#[test]
fn what_is_read_of_a_good_file() {
    let report = finds(
        "moov-last.mp4",
        &CheckOptions::default(),
        &["note low-bit-rate"],
    );
    let facts = report.facts.unwrap();
    assert_eq!(facts.video.coding.profile, Some("High"));
    assert_eq!(facts.video.coding.bit_depth, Some(8));
    assert!(facts.video.key_frames.examined > 0);
    assert_eq!(facts.video.key_frames.not_idr, 0);
    assert_eq!(facts.audio.unwrap().sample_rate, 48_000);
    assert!(report.bytes_read > 0 && report.bytes_read <= report.bytes);
    assert!(report.requests > 0);
    assert_eq!(report.command, None);
}

#[test]
fn no_sound_and_silence() {
    let report = finds(
        "no-audio.mp4",
        &CheckOptions::default(),
        &["error sound", "note low-bit-rate"],
    );
    assert!(report.has_errors());
    let silence = CheckOptions {
        arrangement: Arrangement {
            silence: true,
            ..Arrangement::default()
        },
        ..CheckOptions::default()
    };
    assert!(!finds("no-audio.mp4", &silence, &["note low-bit-rate"]).has_errors());
}

/// A second before and a second after the video.
fn head_and_tail() -> CheckOptions {
    CheckOptions {
        arrangement: Arrangement {
            head: Duration::from_secs(1),
            tail: Duration::from_secs(1),
            silence: false,
        },
        ..CheckOptions::default()
    }
}

#[test]
fn head_and_tail_are_made_to_see_whether_they_can_be() {
    let options = head_and_tail();
    finds("moov-last.mp4", &options, &["note low-bit-rate"]);
    let report = finds(
        "hevc.mp4",
        &options,
        &[
            "error video-codec",
            "warning head-and-tail",
            "note key-frames",
            "note low-bit-rate",
        ],
    );
    let told = &report.findings[1].what;
    assert!(told.contains("the tail shows its last key frame"), "{told}");
}

#[tokio::test]
async fn a_head_that_cannot_be_made_is_an_error() {
    let url = SourceUrl::file(&fixture("b-frames.mp4")).unwrap();
    let source = Source::open(&url, SourceOptions::default()).await.unwrap();
    let mut movie = Movie::open(source, &Default::default()).await.unwrap();
    if let Some(audio) = &mut movie.audio {
        audio.object_type = 5;
    }
    let report = check_movie(&movie, &head_and_tail(), &[Platform::Custom]).await;
    let report = report.unwrap();
    assert!(report.has_errors());
    assert_eq!(report.findings[0].rule, "head-and-tail");
    assert!(report.findings[0].what.contains("HE-AAC"), "{report:?}");
    let plain = CheckOptions::default();
    let plain = check_movie(&movie, &plain, &[Platform::Custom]).await;
    assert!(!plain.unwrap().has_errors());
}

#[test]
fn another_codec() {
    let report = finds(
        "hevc.mp4",
        &CheckOptions::default(),
        &["error video-codec", "note key-frames", "note low-bit-rate"],
    );
    let coding = report.facts.unwrap().video.coding;
    assert_eq!((coding.profile, coding.bit_depth), (Some("Main"), Some(8)));
}

#[test]
fn frames_that_come_at_odd_times() {
    finds(
        "variable-rate.mp4",
        &CheckOptions::default(),
        &["warning steady-frame-rate", "note low-bit-rate"],
    );
}

#[test]
fn what_cannot_be_sent_is_a_finding() {
    let named = CheckOptions {
        name: Some("here/my file.mov".to_owned()),
        ..CheckOptions::default()
    };
    let report = finds("pcm.mov", &named, &["error can-be-sent"]);
    assert_eq!(report.facts, None);
    let command = report.command.unwrap();
    assert!(
        command.starts_with("ffmpeg -i 'here/my file.mov' ")
            && command.ends_with(" 'here/my file-live.mp4'"),
        "{command}"
    );
    for name in [
        "truncated.mp4",
        "no-index.mp4",
        "not-a-video.mp4",
        "encrypted.mp4",
    ] {
        let report = finds(name, &CheckOptions::default(), &["error can-be-sent"]);
        assert!(!report.findings[0].fixable && report.command.is_none());
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_an_error() {
    let error = report_on("none.mp4", &CheckOptions::default()).await;
    assert_eq!(error.unwrap_err().kind, FailureKind::SourceMissing);
    let second = CheckOptions {
        audio_track: Some(2),
        ..CheckOptions::default()
    };
    let error = report_on("moov-last.mp4", &second).await;
    assert_eq!(error.unwrap_err().kind, FailureKind::BadRequest);
}
