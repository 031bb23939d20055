//! What is refused before anything runs.

use std::fs;

use crate::matinee::{Run, fixture, run};

fn matinee(args: &[&str]) -> Run {
    with_keys(args, "")
}

fn with_keys(args: &[&str], keys: &str) -> Run {
    let nowhere = tempfile::tempdir().unwrap();
    run(nowhere.path(), args, keys)
}

#[test]
fn wrong_usage_is_64_and_help_is_0() {
    matinee(&["--help"]).ok();
    matinee(&["schedule", "--help"]).ok();
    matinee(&["--version"]).ok();
    matinee(&["help"]).ok();
    let help = matinee(&["help", "check"]);
    assert!(help.ok().stdout.contains("--for <PLATFORM>"), "{help:?}");
    matinee(&[]).failed(64, &["Usage: matinee"]);
    matinee(&["scedule"]).failed(64, &["schedule"]);
    matinee(&["show"]).failed(64, &["<ID>"]);
    matinee(&["schedule", "x.mp4", "--at", "now"]).failed(64, &["--to"]);
    matinee(&["schedule", "x.mp4", "--to", "facebook"]).failed(64, &["--at"]);
    matinee(&["list", "--tz", "Mars"]).failed(64, &["error: \"Mars\" is no time zone"]);
}

#[test]
fn every_command_has_examples() {
    for command in [
        "up", "schedule", "upload", "list", "show", "retry", "cancel", "stop", "play",
    ] {
        let help = matinee(&[command, "--help"]);
        assert!(help.ok().stdout.contains("Example"), "{command}");
    }
    let help = matinee(&["key", "set", "--help"]);
    assert!(help.ok().stdout.contains("Example"));
    assert!(!help.stdout.contains("--key "), "{}", help.stdout);
}

#[test]
fn a_key_on_the_command_line_is_refused_with_the_reason() {
    let file = fixture("moov-first.mp4");
    let to = ["--to", "facebook"];
    for key in [
        &["--key", "FB-secret"][..],
        &["--key=FB-secret"],
        &["--stream-key", "x"],
    ] {
        for command in ["schedule", "play"] {
            let args = [&[command, &file, "--at", "now"][..], &to, key].concat();
            let refused = matinee(&args);
            refused.failed(64, &["process list", "`&`", "--key-file"]);
            assert!(!refused.stderr.contains("secret"), "{}", refused.stderr);
        }
    }
    for command in ["schedule", "play"] {
        let args = [&[command, &file, "my-secret-key", "--at", "now"][..], &to].concat();
        let refused = matinee(&args);
        refused.failed(64, &["process list", "stands in quotes"]);
        assert!(!refused.stderr.contains("secret"), "{}", refused.stderr);
    }
    let refused = matinee(&["key", "set", "abcd", "facebook", "FB-secret"]);
    refused.failed(64, &["process list"]);
    assert!(!refused.stderr.contains("secret"), "{}", refused.stderr);
    let address = "rtmps://live-api-s.facebook.com:443/rtmp/FB-secret";
    let refused = matinee(&["play", &file, "--to", address]);
    refused.failed(64, &["has a stream key in it"]);
    assert!(!refused.stderr.contains("secret"), "{}", refused.stderr);
}

#[test]
fn a_key_in_the_wrong_place_is_not_repeated() {
    let file = fixture("moov-first.mp4");
    let local = "rtmp://127.0.0.1:1/live";
    for (args, code) in [
        (&["play", &file, "--to", "FB-secret-0-ABC"][..], 64),
        (&["play", &file, "--to", "facebook=FB-secret-0-ABC"], 64),
        (&["play", &file, "--to", "secr-et00-ijkl-mnop"], 64),
        (
            &["play", &file, "--to", local, "--key-file", "live_1_secret"],
            64,
        ),
        (&["play", &file, "--to", local, "--at", "live_1_secret"], 64),
        (&["play", "live_1_secret", "--to", local], 66),
        (&["list", "--tz", "live_1_secret"], 64),
        (&["show", "k3fz", "live_1_secret"], 64),
    ] {
        let refused = matinee(args);
        refused.failed(code, &["not repeated here"]);
        assert!(!refused.stderr.contains("secr"), "{}", refused.stderr);
    }
}

#[test]
fn times_are_refused_in_words() {
    let at = |at: &str, more: &[&str]| {
        let args = [
            "schedule",
            "x.mp4",
            "--to",
            "facebook",
            "--at",
            at,
            "--tz",
            "Europe/London",
        ];
        matinee(&[&args, more].concat())
    };
    at("2020-01-01 19:30", &[]).failed(
        64,
        &[
            "error: 2020-01-01 19:30 +00:00 is past",
            "give a time that is to come",
        ],
    );
    at("noon", &[]).failed(64, &["is not a time"]);
    at("2099-03-29 01:30", &[]).failed(64, &["does not exist", "00:59", "02:00"]);
    at("2099-10-25 01:30", &[]).failed(64, &["--earlier (", "--later ("]);
    at("now", &["--lead", "2h"]).failed(64, &["--lead", "at most 1h"]);
    // Which one was said: on to the next thing, which is that there is no such file.
    at("2099-10-25 01:30", &["--earlier"]).failed(66, &["there is no file x.mp4"]);
}

#[test]
fn bad_files_are_refused_before_anything_else() {
    for (name, code) in [
        ("not-a-video.mp4", 65),
        ("no-video.m4a", 65),
        ("pcm.mov", 65),
        ("no-such-file.mp4", 66),
    ] {
        // No key is asked for, no ingest is connected to.
        let played = matinee(&["play", &fixture(name), "--to", "rtmp://127.0.0.1:1/live"]);
        played.failed(code, &["error: "]);
    }
    let dir = tempfile::tempdir().unwrap();
    let empty = dir.path().join("empty.mp4");
    fs::write(&empty, "").unwrap();
    matinee(&["check", empty.to_str().unwrap()]).failed(65, &["is empty; copy or record it again"]);
    matinee(&["check", dir.path().to_str().unwrap()]).failed(66, &["is a directory; give a video"]);
    let hevc = matinee(&["play", &fixture("hevc.mp4"), "--to", "facebook"]);
    hevc.failed(65, &["facebook: the picture is HEVC"]);
}

#[test]
fn destinations_and_keys_must_fit() {
    let file = fixture("moov-first.mp4");
    matinee(&["play", &file, "--to", "vimeo"]).failed(64, &["facebook, youtube, twitch"]);
    let twice = ["--to", "a=facebook", "--to", "a=twitch"];
    matinee(&[&["play", &file][..], &twice].concat()).failed(64, &["two destinations"]);
    let one = ["play", &file, "--to", "rtmp://127.0.0.1:1/live"];
    matinee(&one).failed(64, &["standard input has no line for the key of 127.0.0.1"]);
    with_keys(&one, "\n").failed(64, &["the key of 127.0.0.1 is empty"]);
    let keys = ["--key-file", "a", "--key-file", "b"];
    matinee(&[&one[..], &keys].concat()).failed(64, &["2 key files are given for 1 destination;"]);
    let missing = ["--key-file", "/no/such/file"];
    matinee(&[&one[..], &missing].concat())
        .failed(64, &["cannot read \"/no/such/file\" as the key file"]);
}

#[test]
fn what_is_asked_for_a_show_must_make_sense() {
    let file = fixture("moov-first.mp4");
    let one = ["play", &file, "--to", "rtmp://127.0.0.1:1/live"];
    let with = |more: &[&str]| matinee(&[&one[..], more].concat());
    with(&["--head", "11m"]).failed(64, &["--head", "at most 10m"]);
    with(&["--audio", "0"]).failed(64, &["--audio"]);
    with(&["--audio", "7"]).failed(64, &["no audio track 7; it has 1: AAC-LC"]);
    let backup = ["--backup", "rtmp://127.0.0.1:2/live"];
    with(&["--backup-after", "5s"]).failed(64, &["--backup"]);
    with(&[&backup[..], &["--backup-after", "6m"]].concat()).failed(64, &["from 1s to 5m"]);
    with(&[&backup[..], &["--backup-after", "1m"]].concat())
        .failed(64, &["--backup-after 60s", "--patience 60s"]);
    with(&["--backup", "youtube"]).failed(64, &["youtube's", "same stream key"]);
    with(&["--timestamps", "zero"]).failed(64, &["continue or restart-at-zero"]);
    with(&["--ingest-ca-file", "/no/ca.pem"]).failed(64, &["/no/ca.pem cannot be read"]);
}

#[test]
fn without_up_one_is_told_to_start_it() {
    let said = ["`matinee up`"];
    matinee(&["list"]).failed(69, &said);
    matinee(&["show", "abcd"]).failed(69, &said);
    matinee(&["retry", "20261201-1930-abcd"]).failed(69, &said);
    let file = fixture("moov-first.mp4");
    with_keys(
        &["schedule", &file, "--to", "twitch", "--at", "now"],
        "key\n",
    )
    .failed(69, &said);
}

#[test]
fn an_ingest_that_is_not_there_is_69() {
    // Nothing listens on port 1; the air time is now, and so is the end of patience for a port
    // that refuses a hundred times.
    let args = [
        "play",
        &fixture("moov-first.mp4"),
        "--to",
        "rtmp://127.0.0.1:1/live",
        "--patience",
        "0s",
    ];
    with_keys(&args, "secret-key\n").failed(69, &["error: "]);
}

#[test]
fn a_file_is_no_data_directory() {
    let dir = tempfile::tempdir().unwrap();
    let notes = dir.path().join("notes.txt");
    fs::write(&notes, "a note").unwrap();
    run(&notes, &["up", "--port", "0"], "").failed(
        64,
        &["notes.txt is a file; give a directory with --data-dir"],
    );
}

#[test]
fn what_runs_here_is_not_asked_of_aws() {
    for command in [
        &["up"][..],
        &["demo"],
        &["play", "x.mp4", "--to", "facebook"],
    ] {
        let args = [&["--aws"][..], command].concat();
        matinee(&args).failed(64, &["runs on this machine", "MATINEE_AWS"]);
    }
    matinee(&["--deployment", "sunday", "list"]).failed(64, &["say --aws too"]);
    matinee(&["--region", "eu-west-1", "list"]).failed(64, &["say --aws too"]);
    matinee(&["upload", "x.mp4"]).failed(64, &["say --aws"]);
    matinee(&["--aws", "--deployment", "../x", "list"]).failed(64, &["no name of a deployment"]);
}
