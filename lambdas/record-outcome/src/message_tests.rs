use serde_json::json;

use super::*;

const MATINEE: Deployment<'_> = Deployment {
    name: Some("matinee"),
    region: Some("eu-west-1"),
};

fn broadcast(status: &str) -> Broadcast {
    serde_json::from_value(json!({
        "id": "20261201-1930-abcd", "title": "A talk", "source": "https://h/v.mp4?sig=secret",
        "destinations": [
            {
                "name": "facebook", "platform": "facebook", "probe": "publish",
                "ingest": "rtmps://live-api-s.facebook.com:443/rtmp",
                "key_parameter": "/matinee/20261201-1930-abcd/facebook",
            },
            {
                "name": "youtube", "platform": "youtube", "probe": "publish",
                "ingest": "rtmps://a.rtmps.youtube.com/live2",
                "key_parameter": "/matinee/20261201-1930-abcd/youtube",
            },
        ],
        "air_time": "2026-12-01T18:30:00Z", "time_zone": "Europe/Berlin",
        "lead_seconds": 240, "status": status, "attempts": 2,
        "created_at": "2026-11-23T12:00:00Z",
    }))
    .unwrap()
}

fn outcome(more: serde_json::Value) -> Outcome {
    let mut outcome = json!({
        "settled_at": "2026-12-01T19:31:00Z", "attempts": 2, "destinations": [],
    });
    outcome
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    serde_json::from_value(outcome).unwrap()
}

fn destination(name: &str, more: serde_json::Value) -> serde_json::Value {
    let mut destination = json!({
        "name": name, "connected": false, "finished": false, "position": 0, "bytes": 0,
        "video_frames": 0, "audio_frames": 0, "bitrate": 0, "reconnects": 0,
    });
    let more = more.as_object().unwrap().clone();
    destination.as_object_mut().unwrap().extend(more);
    destination
}

#[track_caller]
fn check(broadcast: &Broadcast, outcome: &Outcome, subject: &str, text: &str) {
    let told = message(broadcast, outcome, MATINEE, Some("arn:execution"));
    assert_eq!(told.subject, subject);
    assert_eq!(told.text, text);
    assert!(!told.text.contains("secret"));
}

#[test]
fn aired() {
    let outcome = outcome(json!({
        "on_air_error_ms": 2.6,
        "destinations": [
            destination("facebook", json!({ "finished": true, "reconnects": 1 })),
            destination("youtube", json!({
                "position": 600_000_000,
                "failure": { "kind": "IngestUnreachable", "message": "no answer for 60 s" },
            })),
        ],
    }));
    check(
        &broadcast("aired"),
        &outcome,
        "Aired: A talk (20261201-1930-abcd)",
        "\"A talk\" was shown to its end.

Broadcast:  20261201-1930-abcd
Deployment: matinee
Air time:   Tue 2026-12-01 19:30:00 Europe/Berlin
On air:     3 ms late
Attempts:   2

Destinations
  facebook: to the end, after one reconnect
  youtube: broke off at 0:10:00.000; no answer for 60 s (IngestUnreachable)

What to do next
  The destinations that failed get no second try by themselves.
  If the show is wanted there too, schedule it anew for them.
",
    );
}

#[test]
fn failed() {
    let outcome = outcome(json!({
        "failure": { "kind": "TokenRejected", "message": "facebook: the ingest refused the key" },
        "destinations": [
            destination("facebook", json!({
                "failure": { "kind": "TokenRejected", "message": "the ingest refused the key" },
            })),
            destination("youtube", json!({})),
        ],
    }));
    check(
        &broadcast("failed"),
        &outcome,
        "Failed: A talk (20261201-1930-abcd)",
        "\"A talk\" failed and was given up.

Broadcast:  20261201-1930-abcd
Deployment: matinee
Air time:   Tue 2026-12-01 19:30:00 Europe/Berlin
On air:     never
Attempts:   2
Reason:     facebook: the ingest refused the key (TokenRejected)

Destinations
  facebook: nothing was sent; the ingest refused the key (TokenRejected)
  youtube: nothing was sent

What to do next
  matinee --aws --region eu-west-1 key set 20261201-1930-abcd facebook
  matinee --aws --region eu-west-1 retry 20261201-1930-abcd    goes on where the show stopped, within 14 days
  The same from the console of Step Functions: redrive arn:execution
",
    );
}

#[test]
fn missed() {
    let outcome = outcome(json!({
        "attempts": 0,
        "failure": { "kind": "Internal", "message": "the broadcast could not be started in time" },
    }));
    check(
        &broadcast("missed"),
        &outcome,
        "Missed: A talk (20261201-1930-abcd)",
        "\"A talk\" was missed: its time passed and nothing could start it.

Broadcast:  20261201-1930-abcd
Deployment: matinee
Air time:   Tue 2026-12-01 19:30:00 Europe/Berlin
On air:     never
Attempts:   0
Reason:     the broadcast could not be started in time (Internal)

What to do next
  matinee --aws --region eu-west-1 retry 20261201-1930-abcd    starts it now
",
    );
}

#[test]
fn subjects_are_short_and_ascii() {
    let mut broadcast = broadcast("aired");
    for (title, expected) in [
        ("Grüße", "Aired: Gr??e (20261201-1930-abcd)".to_owned()),
        (
            &*"x".repeat(200),
            format!("Aired: {}... (20261201-1930-abcd)", "x".repeat(68)),
        ),
    ] {
        broadcast.title = title.to_owned();
        let subject = subject(&broadcast);
        assert_eq!(subject, expected);
        assert!(subject.len() <= SUBJECT);
    }
}

#[test]
fn punctuality_in_words() {
    for (error, words) in [
        (0.4, "0 ms late"),
        (-12.0, "12 ms early"),
        (83_000.0, "1 min 23 s late"),
    ] {
        assert_eq!(punctuality(error), words);
    }
}

#[test]
fn commands_ask_the_deployment() {
    for (name, region, command) in [
        (None, Some("us-east-1"), "matinee"),
        (Some("matinee"), None, "matinee --aws"),
        (
            Some("sunday"),
            Some("eu-west-1"),
            "matinee --aws --region eu-west-1 --deployment sunday",
        ),
    ] {
        assert_eq!(Deployment { name, region }.command(), command);
    }
}
