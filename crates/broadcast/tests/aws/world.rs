//! A region on loopback, and a broadcast to put into it.

use aws_config::SdkConfig;
use broadcast::{
    Broadcast, BroadcastId, Destination, DestinationProgress, MediaTime, OnDrop, Phase, Platform,
    Probe, Progress, RetryBudget, Status, aws::Endpoint, table::Table,
};
use chrono::{DateTime, Utc};
use region::{Region, RunningRegion};
use tempfile::TempDir;

/// Everything is gone when this is dropped.
pub(crate) struct World {
    pub(crate) config: SdkConfig,
    pub(crate) table: Table,
    _region: RunningRegion,
    _data: TempDir,
}

/// GIVEN a region with an empty table.
pub(crate) async fn world() -> World {
    let data = tempfile::tempdir().unwrap();
    let region = Region::builder(data.path()).bind().await.unwrap();
    let region = region.start().await.unwrap();
    let endpoint = Endpoint {
        url: region.endpoint().to_owned(),
        region: "us-east-1".to_owned(),
        access_key_id: region.credentials().access_key_id().to_owned(),
        secret_access_key: region.credentials().secret_access_key().to_owned().into(),
    };
    let config = endpoint.config();
    let table = Table::new(&config, "matinee");
    table.ensure().await.unwrap();
    World {
        config,
        table,
        _region: region,
        _data: data,
    }
}

pub(crate) fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(crate) fn broadcast(air_time: &str, random: u32) -> Broadcast {
    let air_time = time(air_time);
    let id = BroadcastId::new(air_time, random);
    Broadcast {
        title: "A talk".into(),
        source: "file:///talks/a.mp4".parse().unwrap(),
        destinations: vec![Destination {
            name: "facebook".into(),
            platform: Platform::Facebook,
            ingest: Platform::Facebook.ingest().unwrap(),
            key_parameter: broadcast::keys::parameter_name(&id, "facebook"),
            probe: Probe::Publish,
        }],
        air_time,
        time_zone: "Europe/London".parse().unwrap(),
        lead_seconds: 240,
        on_drop: OnDrop::Resume,
        spot: false,
        status: Status::Scheduled,
        attempts: 0,
        retry_budget: RetryBudget::default(),
        progress: None,
        outcome: None,
        created_at: air_time - chrono::TimeDelta::days(3),
        id,
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
