//! A broadcast to put into an account's table, and what is said of it.

use broadcast::{
    Broadcast, BroadcastId, Destination, DestinationProgress, MediaTime, Phase, Platform, Probe,
    Progress, Timestamps,
};
use chrono::{DateTime, Utc};

pub(crate) fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(crate) fn broadcast(air_time: &str, random: u32) -> Broadcast {
    let air_time = time(air_time);
    let id = BroadcastId::new(air_time, random);
    Broadcast {
        source: "file:///talks/a.mp4".parse().unwrap(),
        destinations: vec![Destination {
            name: "facebook".into(),
            platform: Platform::Facebook,
            ingest: Platform::Facebook.ingest().unwrap(),
            key_parameter: broadcast::keys::parameter_name(&id, "facebook"),
            probe: Probe::Publish,
            backup: None,
            timestamps: Timestamps::Continue,
            enhanced: false,
        }],
        time_zone: "Europe/London".parse().unwrap(),
        id,
        ..fixtures::broadcast(air_time)
    }
}

pub(crate) fn progress(attempt: u32, phase: Phase, seconds: i64) -> Progress {
    Progress {
        attempt,
        phase,
        duration: MediaTime::from_millis(3_600_000),
        heartbeat: time("2026-12-01T19:31:00.123456Z"),
        destinations: vec![DestinationProgress {
            name: "facebook".into(),
            connected: true,
            position: MediaTime::from_millis(seconds * 1_000),
            video_frames: 30 * seconds.unsigned_abs(),
            bytes: u64::MAX,
            on_air_error_ms: Some(3.25),
            on_air_at: Some(time("2026-12-01T19:30:00.003250Z")),
            ..DestinationProgress::default()
        }],
    }
}
