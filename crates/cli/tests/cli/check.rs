//! `matinee check`, and what it keeps `play` from.

use std::{fs, path::Path};

use serde_json::Value;

use crate::matinee::{Run, fixture, run};

fn check(args: &[&str]) -> Run {
    let data_dir = tempfile::tempdir().unwrap();
    run(data_dir.path(), &[&["check"], args].concat(), "")
}

#[test]
fn a_report_in_lines() {
    let file = fixture("no-audio.mp4");
    let run = check(&[&file, "--for", "facebook"]);
    assert_eq!(run.code, Some(65), "{run:?}");
    for words in [
        "  picture  H.264 ",
        "  sound    none",
        "error: facebook [sound] there is no sound",
        "https://developers.facebook.com/docs/live-video-api/reference",
        "1 error, ",
        "no-audio-live.mp4",
    ] {
        assert!(run.stdout.contains(words), "no {words:?} in {run:?}");
    }
    assert!(!run.stdout.contains('\x1b'), "{run:?}");
    check(&[&file, "--for", "facebook", "--silence"]).ok();
    // What is only a warning is no error.
    check(&[&file, "--for", "custom", "--for", "youtube"]).ok();
}

#[test]
fn a_head_and_a_tail_count() {
    let hevc = fixture("hevc.mp4");
    let words = "the tail shows its last key frame";
    let report = |more: &[&str]| check(&[&[&*hevc, "--for", "youtube"], more].concat());
    assert!(report(&["--tail", "5s"]).stdout.contains(words));
    assert!(!report(&[]).stdout.contains(words));
    check(&[&fixture("moov-last.mp4"), "--head", "5s", "--tail", "5s"]).ok();
}

#[test]
fn a_report_for_programs() {
    let run = check(&[&fixture("moov-last.mp4"), "--json"]);
    run.ok();
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["facts"]["video"]["codec"], "H.264");
    assert_eq!(report["platforms"].as_array().unwrap().len(), 4);
    assert!(report["bytes_read"].as_u64().unwrap() <= report["bytes"].as_u64().unwrap());
    assert!(report["requests"].as_u64().unwrap() > 0);
}

#[test]
fn what_cannot_be_sent_and_what_cannot_be_read() {
    let run = check(&[&fixture("not-a-video.mp4")]);
    assert_eq!(run.code, Some(65), "{run:?}");
    assert!(run.stdout.contains("[can-be-sent]"), "{run:?}");
    check(&["no-such-file.mp4"]).failed(66, &["there is no file"]);
    check(&[&fixture("moov-last.mp4"), "--audio", "2"]).failed(64, &["audio track 2"]);
    check(&[&fixture("moov-last.mp4"), "--audio", "0"]).failed(64, &["--audio"]);
    check(&[&fixture("moov-last.mp4"), "--for", "vimeo"]).failed(64, &["facebook"]);
}

#[test]
fn nothing_is_said_but_the_report() {
    // It has a box that is not known, which is skipped.
    let run = check(&[&fixture("quicktime.mov")]);
    assert_eq!(run.stderr, "");
}

#[test]
fn the_command_for_a_file_that_cannot_be_sent_runs_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let file = folder.join("sub/my pcm.mov");
    fs::create_dir(folder.join("sub")).unwrap();
    fs::copy(fixture("pcm.mov"), &file).unwrap();
    let (from, to) = (file.display(), folder.join("sub/my pcm-live.mp4"));
    let words = format!("ffmpeg -i '{from}' -c:v copy -c:a aac -b:a 128k -ac 2 -movflags");
    let written = format!("+faststart '{}'", to.display());
    let file = file.to_str().unwrap();
    let data_dir = tempfile::tempdir().unwrap();
    let play = ["play", file, "--to", "facebook"];
    run(data_dir.path(), &play, "").failed(65, &[&words, &written]);
    let report = check(&[file]).stdout;
    assert!(
        report.contains(&words) && report.contains(&written),
        "{report}"
    );
}

#[test]
fn a_show_that_will_be_refused_is_not_begun() {
    let data_dir = tempfile::tempdir().unwrap();
    let play = |more: &[&str]| {
        let file = fixture("no-audio.mp4");
        let args = [&["play", &file, "--to", "facebook"], more].concat();
        run(Path::new(data_dir.path()), &args, "")
    };
    play(&[]).failed(
        65,
        &[
            "error: facebook: there is no sound",
            "--force goes on",
            "ffmpeg -i ",
        ],
    );
    // On to the next thing, which is that no key is given.
    play(&["--force"]).failed(
        64,
        &["error: facebook: there is no sound", "the key of facebook"],
    );
    let quiet = play(&["--silence"]);
    quiet.failed(64, &["the key of facebook"]);
    assert!(!quiet.stderr.contains("there is no sound"), "{quiet:?}");
}
