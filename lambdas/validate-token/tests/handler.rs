//! The handler, with a table and a key store on loopback and a foreign ingest.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use aws_config::SdkConfig;
use broadcast::{
    Broadcast, BroadcastId, Destination, DestinationProgress, FailureKind, MediaTime, OnDrop,
    Outcome, Phase, Platform, Probe, Progress, RetryBudget, Status, StreamKey,
    aws::Endpoint,
    keys::{Keys, parameter_name},
    table::Table,
};
use chrono::Utc;
use ingest::{Ingest, Options, Rejection, RunningIngest};
use region::{Region, RunningRegion};
use streamer::{address::AddressPolicy, ingest::DialPolicy};
use tempfile::TempDir;
use validate_token::{Request, State, Verdict, handler};

const GOOD: &str = "FB-1-0-good?s_bl=1&a=b";
const BAD: &str = "FB-1-0-wrong-secret";

/// Everything is gone when this is dropped.
struct World {
    state: State,
    config: SdkConfig,
    ingest: RunningIngest,
    _region: RunningRegion,
    _data: TempDir,
}

impl World {
    /// GIVEN an empty table, and an ingest that takes one key only.
    async fn new(rejection: Rejection) -> Self {
        let data = tempfile::tempdir().unwrap();
        let region = Region::builder(data.path()).bind().await.unwrap();
        let region = region.start().await.unwrap();
        let config = Endpoint {
            url: region.endpoint().to_owned(),
            region: "us-east-1".to_owned(),
            access_key_id: region.credentials().access_key_id().to_owned(),
            secret_access_key: region.credentials().secret_access_key().to_owned().into(),
        }
        .config();
        Table::new(&config, "matinee").ensure().await.unwrap();
        let options = Options {
            keys: ingest::Keys::only([GOOD]),
            rejection,
            ..Options::default()
        };
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            state: State {
                patience: Duration::from_secs(2),
                ..State::new(
                    &config,
                    "matinee",
                    DialPolicy::new(AddressPolicy::PRIVATE_TOO),
                )
            },
            config,
            ingest: Ingest::bind(address, options).await.unwrap(),
            _region: region,
            _data: data,
        }
    }

    /// GIVEN a broadcast with a destination for each key at the ingest; `None` has none stored.
    async fn broadcast(&self, keys: &[Option<&str>]) -> Broadcast {
        let air_time = "2026-12-01T19:30:00Z".parse().unwrap();
        let id = BroadcastId::new(air_time, 1);
        let mut destinations = Vec::new();
        for (name, key) in ["a", "b", "c"].into_iter().zip(keys) {
            let key_parameter = parameter_name(&id, name);
            if let Some(key) = key {
                let store = Keys::new(&self.config);
                let key = StreamKey::new(*key);
                store.put(&key_parameter, &key).await.unwrap();
            }
            destinations.push(Destination {
                name: name.to_owned(),
                platform: Platform::Custom,
                ingest: self.ingest.url("live").parse().unwrap(),
                key_parameter,
                probe: Probe::Publish,
            });
        }
        Broadcast {
            id,
            title: "A talk".into(),
            source: "s3://talks/a.mp4".parse().unwrap(),
            destinations,
            air_time,
            time_zone: "UTC".parse().unwrap(),
            lead_seconds: 240,
            on_drop: OnDrop::Resume,
            spot: false,
            status: Status::Scheduled,
            attempts: 0,
            retry_budget: RetryBudget::default(),
            progress: None,
            outcome: None,
            created_at: air_time,
        }
    }

    /// WHEN the state is reached for it.
    async fn validate(&self, broadcast: &Broadcast) -> Result<Vec<Verdict>, (FailureKind, String)> {
        self.state.table.put_new(broadcast).await.unwrap();
        let request = Request {
            broadcast_id: broadcast.id.clone(),
        };
        handler(&self.state, request)
            .await
            .map(|response| response.destinations)
            .map_err(|failure| (failure.kind, failure.message))
    }
}

#[tokio::test]
async fn one_good_key_is_enough_and_the_others_are_told() {
    let world = World::new(Rejection::OnStatus).await;
    let broadcast = world.broadcast(&[Some(BAD), Some(GOOD), None]).await;

    let verdicts = world.validate(&broadcast).await.unwrap();

    let kinds: Vec<_> = verdicts.iter().map(|verdict| verdict.kind).collect();
    assert_eq!(
        kinds,
        [
            Some(FailureKind::TokenRejected),
            None,
            Some(FailureKind::BadRequest)
        ]
    );
    assert!(!format!("{verdicts:?}").contains("secret"));
    // Nothing was sent, and nothing was ended.
    let seen = world
        .ingest
        .until(|now| now.publishes.iter().all(|one| one.ended.is_some()))
        .await;
    assert_eq!(seen.publishes.len(), 1);
    assert_eq!(seen.publishes[0].payload_bytes, 0);
    assert!(!seen.publishes[0].fc_unpublish);
}

#[tokio::test]
async fn a_rejected_key_is_a_rejected_token_however_the_ingest_says_it() {
    for rejection in [Rejection::OnStatus, Rejection::Error, Rejection::Close] {
        let world = World::new(rejection).await;
        let broadcast = world.broadcast(&[Some(BAD), Some(BAD)]).await;
        let (kind, message) = world.validate(&broadcast).await.unwrap_err();
        assert_eq!(kind, FailureKind::TokenRejected, "{rejection:?}: {message}");
        assert!(
            message.starts_with("a: ") && message.contains("; b: "),
            "{message}"
        );
        assert!(!message.contains("secret"), "{message}");
    }
}

#[tokio::test]
async fn ingests_that_say_nothing_are_given_up_all_at_once() {
    let world = World::new(Rejection::OnStatus).await;
    let broadcast = world.broadcast(&[Some(GOOD), Some(GOOD), Some(GOOD)]).await;
    world
        .ingest
        .change(|behaviour| behaviour.silent_from = Some(ingest::Stage::Handshake));
    let begun = Instant::now();
    let (kind, message) = world.validate(&broadcast).await.unwrap_err();
    assert_eq!(kind, FailureKind::IngestUnreachable, "{message}");
    assert!(begun.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn a_key_that_has_been_on_air_is_never_tried() {
    let world = World::new(Rejection::OnStatus).await;
    let mut broadcast = world.broadcast(&[Some(GOOD)]).await;
    broadcast.status = Status::Interrupted;
    broadcast.progress = Some(Progress {
        attempt: 1,
        phase: Phase::Finished,
        duration: MediaTime::from_millis(60_000),
        heartbeat: Utc::now(),
        destinations: vec![DestinationProgress {
            name: "a".into(),
            position: MediaTime::from_millis(30_000),
            ..DestinationProgress::default()
        }],
    });
    assert_eq!(world.validate(&broadcast).await, Ok(Vec::new()));
    assert!(world.ingest.publishes().is_empty());
}

#[tokio::test]
async fn a_key_that_is_on_air_in_another_broadcast_is_not_tried() {
    let world = World::new(Rejection::OnStatus).await;
    // GIVEN two shows on air, one with the key that the ingest takes and one with another
    for (random, key) in [(2, GOOD), (3, BAD)] {
        let mut other = world.broadcast(&[Some(key)]).await;
        other.air_time = Utc::now();
        other.id = BroadcastId::new(other.air_time, random);
        other.status = Status::OnAir;
        let parameter = parameter_name(&other.id, "a");
        let store = Keys::new(&world.config);
        store.put(&parameter, &StreamKey::new(key)).await.unwrap();
        other.destinations[0].key_parameter = parameter;
        world.state.table.put_new(&other).await.unwrap();
    }
    let broadcast = world.broadcast(&[Some(GOOD)]).await;

    let verdicts = world.validate(&broadcast).await.unwrap();

    assert_eq!(verdicts[0].kind, None);
    assert!(world.ingest.publishes().is_empty());
}

#[tokio::test]
async fn a_destination_that_is_not_to_be_tried_is_taken_at_its_word() {
    let world = World::new(Rejection::OnStatus).await;
    let mut broadcast = world.broadcast(&[Some(BAD), None]).await;
    broadcast.destinations[0].probe = Probe::Connect;
    broadcast.destinations[1].probe = Probe::None;
    let verdicts = world.validate(&broadcast).await.unwrap();
    assert!(
        verdicts.iter().all(|verdict| verdict.kind.is_none()),
        "{verdicts:?}"
    );
    assert!(world.ingest.publishes().is_empty());
}

#[tokio::test]
async fn a_broadcast_that_was_called_off_is_not_tried_but_one_that_failed_is() {
    let world = World::new(Rejection::OnStatus).await;
    let mut broadcast = world.broadcast(&[Some(GOOD)]).await;
    broadcast.status = Status::Failed;
    let verdicts = world.validate(&broadcast).await.unwrap();
    assert_eq!(verdicts[0].kind, None);

    broadcast.id = BroadcastId::new(broadcast.air_time, 2);
    broadcast.status = Status::Cancelled;
    broadcast.outcome = Some(Outcome {
        settled_at: Utc::now(),
        attempts: 0,
        on_air_error_ms: None,
        destinations: Vec::new(),
        failure: None,
    });
    let (kind, message) = world.validate(&broadcast).await.unwrap_err();
    assert_eq!(kind, FailureKind::Superseded);
    assert!(message.contains("cancelled"), "{message}");
}
