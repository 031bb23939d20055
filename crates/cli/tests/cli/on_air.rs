//! Whole broadcasts: scheduled, sent by a task of `matinee up`, received by a foreign ingest.

use std::{
    fs, io,
    net::SocketAddr,
    path::Path,
    process::{Child, Stdio},
    time::Duration,
};

use ingest::{Ingest, Keys, Options, RunningIngest};
use serde_json::Value;

use crate::matinee::{Run, Up, command};

/// What is bundled for the demo.
const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/sample.mp4");
/// Frames of the sample.
const FRAMES: u64 = 250;

async fn ingest(key: &str) -> RunningIngest {
    let options = Options {
        keys: Keys::only([key]),
        ..Options::default()
    };
    Ingest::bind(SocketAddr::from(([127, 0, 0, 1], 0)), options)
        .await
        .unwrap()
}

/// Schedules the sample to `ingest`; its id.
fn schedule(up: &Up, ingest: &RunningIngest, key: &str, when: &[&str]) -> String {
    let to = format!("rehearsal={}", ingest.url("live"));
    let args = [&["schedule", SAMPLE, "--to", &to, "--json"], when].concat();
    let run = up.run(&args, &format!("{key}\n"));
    let view: Value = serde_json::from_str(&run.ok().stdout).unwrap();
    view["id"].as_str().unwrap().to_owned()
}

/// Follows a broadcast to its end in a process of its own.
fn follow(up: &Up, id: &str) -> Child {
    command(up.data.path())
        .args(["show", id, "--watch"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn ended(child: Child) -> Run {
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn show(up: &Up, id: &str) -> Value {
    serde_json::from_str(&up.run(&["show", id, "--json"], "").ok().stdout).unwrap()
}

/// Waits until the ingest has got `packets` video packets in all.
async fn received(ingest: &RunningIngest, packets: u64) {
    let enough = ingest.until(|now| {
        let publishes = now.publishes.iter();
        publishes.map(|publish| publish.video_packets).sum::<u64>() >= packets
    });
    tokio::time::timeout(Duration::from_secs(60), enough)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_airs_on_time_and_its_key_is_nowhere() {
    let key = "key-8d1f02-never-shown";
    let ingest = ingest(key).await;
    let up = Up::start_at_trace_level();
    let id = schedule(&up, &ingest, key, &["--at", "+5s", "--lead", "2s"]);
    let following = follow(&up, &id);
    received(&ingest, 25).await;
    assert_eq!(processes_that_show(key), Vec::<String>::new());
    received(&ingest, FRAMES).await;

    let run = ended(following);
    run.ok();
    for status in ["on air", "aired"] {
        assert!(run.stdout.contains(status), "no {status} in {run:?}");
    }
    let view = show(&up, &id);
    let error = view["outcome"]["on_air_error_ms"].as_f64().unwrap();
    assert!(error.abs() < 50.0, "{error} ms");
    let destination = &view["outcome"]["destinations"][0];
    assert_eq!(destination["video_frames"], FRAMES);

    // The engine's state, the history, the table, the key store, and all that was logged.
    let (files, found) = files_with(up.data.path(), key.as_bytes()).unwrap();
    assert_eq!(found, Vec::<String>::new());
    assert!(files > 10, "only {files} files were looked at");
    assert!(up.log().contains("DEBUG"), "RUST_LOG was not heard");
    assert!(!run.stdout.contains(key) && !view.to_string().contains(key));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_is_told_set_right_and_retried() {
    let ingest = ingest("the-right-key").await;
    let up = Up::start();
    let id = schedule(&up, &ingest, "a-wrong-key", &["--at", "now"]);
    let run = ended(follow(&up, &id));
    assert_eq!(run.code, Some(77), "{run:?}");
    assert!(run.stdout.contains("TokenRejected"), "{run:?}");
    assert!(
        run.stdout.contains(&format!("matinee retry {id}")),
        "{run:?}"
    );
    assert_eq!(show(&up, &id)["retryable"], true);

    let set = up.run(&["key", "set", &id, "rehearsal"], "the-right-key\n");
    assert!(set.ok().stdout.contains("matinee retry"));
    let run = up.run(&["retry", &id, "--watch"], "");
    run.ok();
    assert!(run.stdout.contains("aired"), "{run:?}");
    received(&ingest, FRAMES).await;
    assert_eq!(show(&up, &id)["status"], "aired");
    up.run(&["retry", &id], "").failed(64, &["is aired"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_has_aired_when_one_had_all_of_it_and_what_became_of_the_other_is_told() {
    let [good, other] = [ingest("the-right-key").await, ingest("another-key").await];
    let up = Up::start();
    let [to_good, to_other] = [("good", &good), ("other", &other)]
        .map(|(name, ingest)| format!("{name}={}", ingest.url("live")));
    let args = [
        "schedule",
        SAMPLE,
        "--to",
        &to_good,
        "--to",
        &to_other,
        "--head",
        "1s",
        "--tail",
        "1s",
        "--backup",
        "good=rtmp://127.0.0.1:1/live",
        "--at",
        "+3s",
        "--lead",
        "2s",
        "--watch",
    ];

    let run = up.run(&args, "the-right-key\na-wrong-key\n");

    run.ok();
    for words in [
        "other: its key was tried",
        "good: its backup was tried",
        "head 1 s, tail 1 s",
        "to its end",
        "TokenRejected",
    ] {
        assert!(run.stdout.contains(words), "no {words} in {run:?}");
    }
    let id = run.stdout.split([' ', ':']).nth(1).unwrap();
    let view = show(&up, id);
    assert_eq!(view["status"], "aired");
    assert_eq!(view["outcome"].get("failure"), None);
    let [good, other] = [0, 1].map(|i| &view["outcome"]["destinations"][i]);
    assert_eq!(
        (&good["finished"], &other["finished"]),
        (&true.into(), &false.into())
    );
    assert_eq!(other["failure"]["kind"], "TokenRejected");
    // Head and tail are sent at the rate of the video, and the length tells of them.
    assert!(good["video_frames"].as_u64().unwrap() > FRAMES, "{good}");
    assert_eq!(
        view["progress"]["duration"]
            .as_f64()
            .map(|it| (it / 1e6).round()),
        Some(12.0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_on_air_it_goes_on() {
    let ingest = ingest("key").await;
    let mut up = Up::start();
    let id = schedule(&up, &ingest, "key", &["--at", "now"]);
    let following = follow(&up, &id);
    received(&ingest, 50).await;
    up.kill_and_start_again();
    let run = ended(following);
    run.ok();
    received(&ingest, FRAMES).await;
    let view = show(&up, &id);
    // The streamer outlives the region, so there was no need for another attempt.
    assert_eq!(
        (&view["status"], &view["attempts"]),
        (&"aired".into(), &1.into())
    );
    assert_eq!(
        ingest
            .publishes()
            .iter()
            .filter(|one| one.video_packets > 0)
            .count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_on_air_can_be_stopped() {
    let ingest = ingest("key").await;
    let up = Up::start();
    let id = schedule(&up, &ingest, "key", &["--at", "now"]);
    let following = follow(&up, &id);
    received(&ingest, 50).await;
    up.run(&["stop", &id], "").ok();
    let run = ended(following);
    assert_eq!(run.code, Some(75), "{run:?}");
    assert!(run.stdout.contains("stopped by its owner"), "{run:?}");
    let ended = ingest.until(|now| now.publishes.iter().all(|publish| publish.ended.is_some()));
    tokio::time::timeout(Duration::from_secs(30), ended)
        .await
        .unwrap();
}

/// The processes, except this one, that show `secret` in their arguments or environment.
fn processes_that_show(secret: &str) -> Vec<String> {
    let own = std::process::id().to_string();
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy() != own)
        .flat_map(|entry| ["cmdline", "environ"].map(|file| entry.path().join(file)))
        .filter(|path| fs::read(path).is_ok_and(|bytes| contains(&bytes, secret.as_bytes())))
        .map(|path| path.display().to_string())
        .collect()
}

/// How many files there are below `path`, and which of them have `secret` in them.
fn files_with(path: &Path, secret: &[u8]) -> io::Result<(usize, Vec<String>)> {
    let (mut files, mut found) = (0, Vec::new());
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        if path.is_dir() {
            let (more, them) = files_with(&path, secret)?;
            files += more;
            found.extend(them);
        } else if path.is_file() {
            files += 1;
            if contains(&fs::read(&path)?, secret) {
                found.push(path.display().to_string());
            }
        }
    }
    Ok((files, found))
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
