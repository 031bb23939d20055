//! The handler, with a table and a key store on loopback and a foreign ingest.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use broadcast::{
    Backup, Broadcast, BroadcastId, DestinationProgress, FailureKind, MediaTime, Outcome, Phase,
    Probe, Progress, Status, StreamKey, keys::parameter_name,
};
use chrono::Utc;
use fixtures::Account;
use ingest::{Ingest, Options, Rejection, RunningIngest};
use streamer::{address::AddressPolicy, ingest::DialPolicy};
use validate_token::{BackupVerdict, Request, State, Verdict, handler};

const GOOD: &str = "FB-1-0-good?s_bl=1&a=b";
const BAD: &str = "FB-1-0-wrong-secret";

/// Everything is gone when this is dropped.
struct World {
    state: State,
    ingest: RunningIngest,
    account: Account,
}

impl World {
    /// GIVEN an empty table, and an ingest that takes one key only.
    async fn new(rejection: Rejection) -> Self {
        let account = Account::open().await;
        let options = Options {
            keys: ingest::Keys::only([GOOD]),
            rejection,
            ..Options::default()
        };
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let dial = DialPolicy::new(AddressPolicy::PRIVATE_TOO);
        Self {
            state: State {
                patience: Duration::from_secs(2),
                ..State::new(&account.sdk, Account::TABLE, dial)
            },
            ingest: Ingest::bind(address, options).await.unwrap(),
            account,
        }
    }

    /// GIVEN a broadcast with a destination for each key at the ingest; `None` has none stored.
    async fn broadcast(&self, keys: &[Option<&str>]) -> Broadcast {
        let mut broadcast = fixtures::broadcast("2026-12-01T19:30:00Z".parse().unwrap());
        for (name, key) in ["a", "b", "c"].into_iter().zip(keys) {
            let ingest = self.ingest.url("live");
            let destination = fixtures::destination(&broadcast.id, name, &ingest);
            if let Some(key) = key {
                self.put(&destination.key_parameter, key).await;
            }
            broadcast.destinations.push(destination);
        }
        broadcast
    }

    /// GIVEN a stored key.
    async fn put(&self, parameter: &str, key: &str) {
        let key = StreamKey::new(key);
        self.account.keys.put(parameter, &key).await.unwrap();
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
    // The owner can see it before the air time.
    let noted = world.account.table.get(&broadcast.id).await.unwrap();
    let noted: Vec<_> = noted
        .key_failures
        .iter()
        .map(|(name, failure)| (name.as_str(), failure.kind))
        .collect();
    assert_eq!(
        noted,
        [
            ("a", FailureKind::TokenRejected),
            ("c", FailureKind::BadRequest)
        ]
    );
    // Nothing was sent, and nothing was ended.
    let seen = world
        .ingest
        .until(|now| now.publishes.iter().all(|one| one.ended.is_some()))
        .await;
    assert_eq!(seen.publishes.len(), 1);
    assert_eq!(seen.publishes[0].payload_bytes, 0);
    assert!(!seen.publishes[0].fc_unpublish);
}

/// A broadcast whose one destination, `a`, has a backup: both at the ingest unless said otherwise.
async fn with_backup(world: &World, ingest: Option<&str>, backup: Option<&str>) -> Broadcast {
    let mut broadcast = world.broadcast(&[Some(GOOD)]).await;
    let destination = &mut broadcast.destinations[0];
    if let Some(ingest) = ingest {
        destination.ingest = ingest.parse().unwrap();
    }
    let own = world.ingest.url("backup");
    destination.backup = Some(Backup::new(backup.unwrap_or(&own).parse().unwrap()));
    broadcast
}

/// Nobody listens there.
const NOBODY: &str = "rtmp://127.0.0.1:1/live";

#[tokio::test]
async fn a_backup_is_tried_too_with_the_same_key_after_the_ingest() {
    let world = World::new(Rejection::OnStatus).await;
    let broadcast = with_backup(&world, None, None).await;

    let verdicts = world.validate(&broadcast).await.unwrap();

    let good = Some(BackupVerdict { failure: None });
    assert_eq!((verdicts[0].kind, &verdicts[0].backup), (None, &good));
    let seen = world
        .ingest
        .until(|now| {
            now.publishes.len() == 2 && now.publishes.iter().all(|one| one.ended.is_some())
        })
        .await;
    assert!(seen.publishes.iter().all(|one| one.payload_bytes == 0));
}

#[tokio::test]
async fn a_backup_that_is_away_is_a_warning_until_it_is_back() {
    let world = World::new(Rejection::OnStatus).await;
    let broadcast = with_backup(&world, None, Some(NOBODY)).await;

    let verdicts = world.validate(&broadcast).await.unwrap();

    assert_eq!(verdicts[0].kind, None);
    let noted = world.account.table.get(&broadcast.id).await.unwrap();
    assert!(noted.key_failures.is_empty());
    assert_eq!(
        noted.backup_failures["a"].kind,
        FailureKind::IngestUnreachable
    );
}

#[tokio::test]
async fn a_backup_stands_in_for_an_ingest_that_is_away() {
    let world = World::new(Rejection::OnStatus).await;
    let broadcast = with_backup(&world, Some(NOBODY), None).await;

    let verdicts = world.validate(&broadcast).await.unwrap();

    assert_eq!(verdicts[0].kind, Some(FailureKind::IngestUnreachable));
    let noted = world.account.table.get(&broadcast.id).await.unwrap();
    assert!(noted.key_failures.contains_key("a"));
    assert!(noted.backup_failures.is_empty());
}

#[tokio::test]
async fn a_destination_whose_ingests_are_both_away_cannot_be_published_to() {
    let world = World::new(Rejection::OnStatus).await;
    let broadcast = with_backup(&world, Some(NOBODY), Some("rtmp://127.0.0.1:2/live")).await;
    let (kind, _) = world.validate(&broadcast).await.unwrap_err();
    assert_eq!(kind, FailureKind::IngestUnreachable);
}

#[tokio::test]
async fn a_key_that_was_set_right_is_no_longer_told() {
    let world = World::new(Rejection::OnStatus).await;
    let broadcast = world.broadcast(&[Some(BAD)]).await;
    world.validate(&broadcast).await.unwrap_err();
    let noted = async || {
        world
            .account
            .table
            .get(&broadcast.id)
            .await
            .unwrap()
            .key_failures
    };
    assert_eq!(noted().await.len(), 1);

    let parameter = &broadcast.destinations[0].key_parameter;
    world.put(parameter, GOOD).await;
    let request = || Request {
        broadcast_id: broadcast.id.clone(),
    };
    handler(&world.state, request()).await.unwrap();
    assert!(noted().await.is_empty());
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
        world.put(&parameter, key).await;
        let key = StreamKey::new(key);
        other.destinations[0].key_parameter = parameter;
        let table = &world.state.table;
        table
            .note_key(&other, &other.destinations[0], &key)
            .await
            .unwrap();
        table.put_new(&other).await.unwrap();
    }
    let broadcast = world.broadcast(&[Some(GOOD)]).await;

    let verdicts = world.validate(&broadcast).await.unwrap();

    assert_eq!(verdicts[0].kind, None);
    assert!(world.ingest.publishes().is_empty());
}

/// GIVEN a show on air with the good key, first and backup ingest as said
/// WHEN a broadcast with the same key is tried whose ingests are as said
/// THEN nothing is published.
async fn check_on_air_by_backup(theirs: [&str; 2], ours: [Option<&str>; 2]) {
    let world = World::new(Rejection::OnStatus).await;
    let [first, second] = theirs.map(|app| match app {
        NOBODY => NOBODY.to_owned(),
        app => world.ingest.url(app),
    });
    let mut other = with_backup(&world, Some(&first), Some(&second)).await;
    other.air_time = Utc::now();
    other.id = BroadcastId::new(other.air_time, 2);
    other.status = Status::OnAir;
    let parameter = parameter_name(&other.id, "a");
    world.put(&parameter, GOOD).await;
    other.destinations[0].key_parameter = parameter;
    let table = &world.state.table;
    let key = StreamKey::new(GOOD);
    table
        .note_key(&other, &other.destinations[0], &key)
        .await
        .unwrap();
    table.put_new(&other).await.unwrap();
    let [first, second] = ours;
    let broadcast = with_backup(&world, first, second).await;

    let verdicts = world.validate(&broadcast).await.unwrap();

    assert_eq!((verdicts[0].kind, &verdicts[0].backup), (None, &None));
    assert!(world.ingest.publishes().is_empty());
}

#[tokio::test]
async fn a_key_that_is_on_air_at_one_ingest_is_not_tried_at_the_other() {
    // On air at the first: the backup is another than theirs, and is not tried either.
    check_on_air_by_backup(["live", "elsewhere"], [None, None]).await;
    // On air at the backup that both have, with first ingests of which none is the other's.
    check_on_air_by_backup([NOBODY, "backup"], [None, None]).await;
    // Their backup is our first ingest.
    check_on_air_by_backup([NOBODY, "live"], [None, Some(NOBODY)]).await;
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
