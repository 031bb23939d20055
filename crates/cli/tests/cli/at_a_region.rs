//! Commands against a `matinee up`.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    sync::mpsc,
};

use serde_json::Value;

use crate::matinee::{Run, Up, fixture, run};

const KEY: &str = "key-never-shown";

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.ok().stdout).unwrap()
}

fn schedule(up: &Up, more: &[&str]) -> String {
    let file = fixture("moov-first.mp4");
    let args = [
        "schedule",
        &file,
        "--to",
        "rtmp://127.0.0.1:1/live",
        "--json",
    ];
    let run = up.run(&[&args, more].concat(), &format!("{KEY}\n"));
    json(&run)["id"].as_str().unwrap().to_owned()
}

#[test]
fn from_schedule_to_cancel() {
    let up = Up::start();
    assert!(
        up.run(&["list"], "")
            .ok()
            .stdout
            .starts_with("No broadcasts.")
    );
    let at = ["--at", "2099-12-01 19:30", "--tz", "America/New_York"];
    up.run(
        &[
            &["schedule", &fixture("moov-first.mp4"), "--to", "facebook"][..],
            &at,
        ]
        .concat(),
        &format!("{KEY}\n"),
    )
    .failed(64, &["more than 366 days ahead", "warning: Facebook"]);

    let id = schedule(&up, &["--at", "+2h", "--title", "A talk", "--lead", "90s"]);
    let view = json(&up.run(&["show", &id, "--json"], ""));
    assert_eq!(view["lead_seconds"], 90);
    assert_eq!(view["status"], "scheduled");

    // The end of the id is enough; times are shown in the zone that is asked for.
    let shown = up.run(&["show", &id[14..], "--tz", "Asia/Tokyo"], "");
    for words in [
        "A talk",
        "Asia/Tokyo",
        "scheduled",
        "rtmp://127.0.0.1:1/live",
    ] {
        assert!(
            shown.ok().stdout.contains(words),
            "no {words:?} in {shown:?}"
        );
    }
    let listed = up.run(&["list"], "");
    assert!(listed.ok().stdout.contains(&id), "{listed:?}");
    up.run(&["show", "zzzzz"], "")
        .failed(64, &["no broadcast has an id"]);
    up.run(&["show", "20261201-1930-abcd"], "")
        .failed(64, &["there is no broadcast"]);

    let replaced = up.run(&["key", "set", &id, "127.0.0.1"], "another-key\n");
    assert!(replaced.ok().stdout.contains("is replaced"));
    let replaced = up.run(&["key", "set", &id, "127.0.0.1", "--json"], "a-third-key\n");
    let shown: serde_json::Value = serde_json::from_str(&replaced.ok().stdout).unwrap();
    assert_eq!(shown["id"], id.as_str(), "{replaced:?}");
    up.run(&["key", "set", &id, "youtube"], "k\n")
        .failed(64, &["it has 127.0.0.1"]);

    up.run(&["stop", &id], "")
        .failed(64, &["cancel it instead"]);
    up.run(&["retry", &id], "")
        .failed(64, &["only one that failed or was missed"]);
    let cancelled = up.run(&["cancel", &id], "");
    // There is nothing to follow any more.
    assert_eq!(cancelled.ok().stdout, format!("{id} is cancelled.\n"));
    up.run(&["show", &id, "--watch"], "").failed(75, &[]);
}

#[test]
fn a_second_up_on_the_same_directory_is_refused() {
    let up = Up::start();
    up.run(&["up", "--port", "0"], "")
        .failed(69, &["in use by another `matinee up`"]);
}

#[test]
fn bad_files_are_not_scheduled() {
    let up = Up::start();
    for (name, code) in [("hevc.mp4", 65), ("truncated.mp4", 65), ("no-such.mp4", 66)] {
        up.run(
            &["schedule", &fixture(name), "--to", "twitch", "--at", "now"],
            "key\n",
        )
        .failed(code, &["error: "]);
    }
    assert!(
        up.run(&["list", "--all"], "")
            .ok()
            .stdout
            .starts_with("No broadcasts.")
    );
}

#[test]
fn an_up_that_is_gone_is_told() {
    let up = Up::start();
    let data = tempfile::tempdir().unwrap();
    std::fs::create_dir(data.path().join("aws")).unwrap();
    for file in ["aws/config", "aws/credentials"] {
        std::fs::copy(up.data.path().join(file), data.path().join(file)).unwrap();
    }
    drop(up);
    crate::matinee::run(data.path(), &["list"], "").failed(
        69,
        &["nothing listens at http://127.0.0.1:", "start `matinee up`"],
    );
}

#[test]
fn a_stranger_on_the_port_is_sent_no_key() {
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", stranger.local_addr().unwrap());
    let data = tempfile::tempdir().unwrap();
    let aws = data.path().join("aws");
    fs::create_dir(&aws).unwrap();
    let config = format!("[default]\nregion = us-east-1\nendpoint_url = {endpoint}\n");
    fs::write(aws.join("config"), config).unwrap();
    let credentials = "[default]\naws_access_key_id = id\naws_secret_access_key = secret\n";
    fs::write(aws.join("credentials"), credentials).unwrap();
    let (tell, heard) = mpsc::channel();
    std::thread::spawn(move || {
        for connection in stranger.incoming() {
            let mut connection = connection.unwrap();
            let mut request = vec![0; 64 << 10];
            let length = connection.read(&mut request).unwrap_or(0);
            request.truncate(length);
            let _ = tell.send(String::from_utf8_lossy(&request).into_owned());
            let answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
            let _ = connection.write_all(answer);
        }
    });
    let file = fixture("moov-first.mp4");
    let args = [
        "schedule",
        &file,
        "--to",
        "rtmp://127.0.0.1:1/live",
        "--at",
        "+2h",
    ];
    run(data.path(), &args, &format!("{KEY}\n")).failed(70, &["is not the `matinee up`"]);
    let requests: Vec<String> = heard.try_iter().collect();
    assert_eq!(requests.len(), 1, "{requests:?}");
    assert!(!requests[0].contains(KEY), "{requests:?}");
}
