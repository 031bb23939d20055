//! What is shown of a broadcast. Never a key, nor where it is kept.

use broadcast::{
    Backup, Broadcast, BroadcastId, Destination, Failure, OnDrop, Outcome, Platform, Probe,
    Progress, Status, Timestamps,
};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use streamer::check::Finding;

use crate::{Config, execution};

/// A broadcast as the API shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BroadcastView {
    /// Its name.
    pub id: BroadcastId,
    /// What people call it.
    pub title: String,
    /// The video; a web address without its query, which often is a signature.
    pub source: String,
    /// Where it goes.
    pub destinations: Vec<DestinationView>,
    /// When it is on air.
    pub air_time: DateTime<Utc>,
    /// The zone in which its owner thinks of the air time.
    pub time_zone: Tz,
    /// When its execution starts: the air time less the lead.
    pub start_time: DateTime<Utc>,
    /// How long before the air time the execution starts, in seconds.
    pub lead_seconds: u64,
    /// What happens to the media of the time in which a connection was lost.
    pub on_drop: OnDrop,
    /// Whether the first attempt runs on spare capacity (Fargate Spot).
    #[serde(default)]
    pub spot: bool,
    /// Which sound track of the video is sent, from 1, where its owner said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio_track: Option<u32>,
    /// Whether a video without sound is sent with silence.
    #[serde(default)]
    pub silence: bool,
    /// For how many seconds the first picture is held before the video.
    #[serde(default)]
    pub head_seconds: u64,
    /// For how many seconds the last picture is held after the video.
    #[serde(default)]
    pub tail_seconds: u64,
    /// Where it stands.
    pub status: Status,
    /// Whether it can be tried again.
    pub retryable: bool,
    /// Attempts opened so far.
    pub attempts: u32,
    /// The execution that runs it, once there can be one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_arn: Option<String>,
    /// What the streamer last said; positions and durations are in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// How it went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// When it was scheduled.
    pub created_at: DateTime<Utc>,
    /// What is wrong with the video: in the answer to scheduling it only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// A destination as the API shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestinationView {
    /// Its name within the broadcast.
    pub name: String,
    /// Whose ingest it is.
    pub platform: Platform,
    /// The address of the ingest, without the key.
    pub ingest: String,
    /// How the key is tried before the show.
    pub probe: Probe,
    /// Why the key was refused when it was last tried, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_failure: Option<Failure>,
    /// The ingest that is used while the first cannot be, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<BackupView>,
    /// What the timestamps do after a connection was made again.
    #[serde(default)]
    pub timestamps: Timestamps,
    /// Whether the ingest is said to take HEVC and AV1.
    #[serde(default)]
    pub enhanced: bool,
}

/// A backup ingest as the API shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupView {
    /// The address of the ingest, without the key.
    pub ingest: String,
    /// How long the first ingest may be away before this one is used, in seconds.
    pub after_seconds: u64,
    /// What was wrong with it when it was last tried, if something was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// The answer of `GET /broadcasts`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BroadcastList {
    /// In the order of their air times.
    pub broadcasts: Vec<BroadcastView>,
}

impl BroadcastView {
    pub(crate) fn of(broadcast: Broadcast, config: &Config) -> Self {
        Self {
            start_time: broadcast.start_time(),
            retryable: broadcast.status.is_retryable(),
            execution_arn: has_execution(&broadcast)
                .then(|| execution::arn(&config.state_machine_arn, &broadcast.id)),
            source: broadcast.source.to_string(),
            destinations: broadcast
                .destinations
                .into_iter()
                .map(|destination| {
                    let key_failure = broadcast.key_failures.get(&destination.name);
                    let backup_failure = broadcast.backup_failures.get(&destination.name);
                    DestinationView::of(destination, key_failure.cloned(), backup_failure.cloned())
                })
                .collect(),
            id: broadcast.id,
            title: broadcast.title,
            air_time: broadcast.air_time,
            time_zone: broadcast.time_zone,
            lead_seconds: broadcast.lead_seconds,
            on_drop: broadcast.on_drop,
            spot: broadcast.spot,
            audio_track: broadcast.audio_track,
            silence: broadcast.silence,
            head_seconds: broadcast.head_seconds,
            tail_seconds: broadcast.tail_seconds,
            status: broadcast.status,
            attempts: broadcast.attempts,
            progress: broadcast.progress,
            outcome: broadcast.outcome,
            created_at: broadcast.created_at,
            findings: Vec::new(),
        }
    }
}

impl DestinationView {
    fn of(
        destination: Destination,
        key_failure: Option<Failure>,
        backup_failure: Option<Failure>,
    ) -> Self {
        Self {
            key_failure,
            backup: destination
                .backup
                .map(|backup| BackupView::of(&backup, backup_failure)),
            timestamps: destination.timestamps,
            enhanced: destination.enhanced,
            name: destination.name,
            platform: destination.platform,
            ingest: destination.ingest.as_str().to_owned(),
            probe: destination.probe,
        }
    }
}

impl BackupView {
    fn of(backup: &Backup, failure: Option<Failure>) -> Self {
        Self {
            ingest: backup.ingest.as_str().to_owned(),
            after_seconds: backup.after_seconds,
            failure,
        }
    }
}

/// A key is tried before the first attempt is opened, so there may be an execution without one.
fn has_execution(broadcast: &Broadcast) -> bool {
    match broadcast.status {
        Status::Scheduled | Status::Missed => false,
        Status::Cancelled => broadcast.attempts > 0,
        Status::Starting
        | Status::Standby
        | Status::OnAir
        | Status::Interrupted
        | Status::Aired
        | Status::Failed => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::routes::openapi::DOCUMENT;

    /// Every field of `value` is in the schema, and every required one of the schema in `value`.
    #[track_caller]
    fn check(schema: &str, value: &Value) {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        let schema = &document["components"]["schemas"][schema];
        for field in value.as_object().unwrap().keys() {
            assert!(
                schema["properties"].get(field).is_some(),
                "{field} is not documented"
            );
        }
        for field in schema["required"].as_array().unwrap() {
            assert!(
                value.get(field.as_str().unwrap()).is_some(),
                "{field} is not there"
            );
        }
    }

    fn broadcast() -> Broadcast {
        let progress = json!({
            "name": "facebook", "connected": true, "finished": true, "position": 1, "bytes": 2,
            "video_frames": 1, "audio_frames": 1, "bitrate": 3, "reconnects": 0,
            "on_backup": true, "on_air_error_ms": 0.5, "on_air_at": "2026-12-01T19:30:00Z",
            "failure": {"kind": "Interrupted", "message": "cut", "position": 1},
        });
        let broadcast = json!({
            "id": "20261201-1930-abcd", "title": "A talk", "source": "https://h/v.mp4?sig=secret",
            "destinations": [{
                "name": "facebook", "platform": "facebook", "probe": "publish",
                "ingest": "rtmps://live-api-s.facebook.com:443/rtmp",
                "key_parameter": "/matinee/20261201-1930-abcd/facebook",
                "backup": { "ingest": "rtmps://b.facebook.com/rtmp", "after_seconds": 10 },
            }],
            "audio_track": 2,
            "backup_failures": { "facebook": { "kind": "IngestUnreachable", "message": "no" } },
            "air_time": "2026-12-01T19:30:00Z", "time_zone": "Europe/London",
            "lead_seconds": 240, "status": "aired", "attempts": 1,
            "created_at": "2026-11-23T12:00:00Z",
            "key_failures": { "facebook": { "kind": "TokenRejected", "message": "refused" } },
            "progress": {
                "attempt": 1, "phase": "finished", "duration": 5,
                "heartbeat": "2026-12-01T19:31:00Z", "destinations": [progress],
            },
            "outcome": {
                "settled_at": "2026-12-01T19:31:00Z", "attempts": 1, "on_air_error_ms": 0.5,
                "destinations": [progress],
                "failure": {"kind": "Interrupted", "message": "cut"},
            },
        });
        serde_json::from_value(broadcast).unwrap()
    }

    fn shown() -> Value {
        let config = Config::from_variables(|name| {
            Some(format!(
                "arn:aws:states:us-east-1:123456789012:stateMachine:{name}"
            ))
            .filter(|_| name.contains("_ARN") || name == "SCHEDULE_GROUP")
        });
        serde_json::to_value(BroadcastView::of(broadcast(), &config.unwrap())).unwrap()
    }

    #[test]
    fn what_is_shown_is_documented() {
        let view = shown();
        check("Broadcast", &view);
        check("Destination", &view["destinations"][0]);
        check("Backup", &view["destinations"][0]["backup"]);
        check("Progress", &view["progress"]);
        check("DestinationProgress", &view["progress"]["destinations"][0]);
        check("Outcome", &view["outcome"]);
        check("Failure", &view["outcome"]["failure"]);
        let problem = crate::Problem::bad_request("no");
        check("Problem", &serde_json::to_value(problem).unwrap());
    }

    #[test]
    fn nothing_of_keys_or_signatures_is_shown() {
        let text = shown().to_string();
        assert!(
            !text.contains("/matinee/") && !text.contains("secret"),
            "{text}"
        );
        assert!(
            text.contains(":execution:STATE_MACHINE_ARN:20261201-1930-abcd"),
            "{text}"
        );
    }
}
