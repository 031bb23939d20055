//! The table, against a DynamoDB over the wire.

use crate::world::{broadcast, progress, time};
use broadcast::{
    Failure, FailureKind, IllegalTransition, MediaTime, Outcome, Phase, Platform, RetryBudget,
    Status, StreamKey,
    table::{Claim, KeyUse, TableError},
};
use fixtures::Account;

const AIR: &str = "2026-12-01T19:30:00Z";
const EXECUTION: &str = "arn:aws:states:us-east-1:123456789012:execution:m:20261201-1930-aaaa";

fn outcome(attempts: u32) -> Outcome {
    Outcome {
        settled_at: time("2026-12-01T20:30:00Z"),
        attempts,
        on_air_error_ms: Some(3.25),
        destinations: Vec::new(),
        failure: None,
    }
}

#[tokio::test]
async fn a_broadcast_is_read_as_it_was_written_and_stored_once() {
    let account = Account::open().await;
    let mut broadcast = broadcast(AIR, 0);
    broadcast.progress = Some(progress(1, Phase::OnAir, 60));
    broadcast.outcome = Some(Outcome {
        failure: Some(Failure::new(FailureKind::Interrupted, "cut").at(MediaTime::from_millis(-1))),
        ..outcome(1)
    });

    account.table.put_new(&broadcast).await.unwrap();

    assert_eq!(account.table.get(&broadcast.id).await.unwrap(), broadcast);
    let again = account.table.put_new(&broadcast).await.unwrap_err();
    assert!(matches!(again, TableError::Exists(id) if id == broadcast.id));
    // To make the table twice is as good as once.
    account.table.ensure().await.unwrap();
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let account = Account::open().await;
    let id = broadcast(AIR, 1).id;
    assert_eq!(account.table.find(&id).await.unwrap(), None);
    for error in [
        account.table.get(&id).await.unwrap_err(),
        account
            .table
            .open_attempt(&id, EXECUTION, time(AIR))
            .await
            .unwrap_err(),
        account
            .table
            .settle(&id, None, Status::Cancelled, &outcome(0))
            .await
            .unwrap_err(),
    ] {
        assert_eq!(error.kind(), FailureKind::BadRequest);
        assert!(matches!(error, TableError::NotFound(_)), "{error:?}");
    }
}

#[tokio::test]
async fn broadcasts_are_listed_by_air_time_over_months() {
    let account = Account::open().await;
    let times = [
        "2027-01-01T00:00:00Z",
        "2026-12-31T23:59:59Z",
        "2026-12-01T19:30:00Z",
        "2026-11-30T23:59:59Z",
    ];
    for (i, air_time) in (0..).zip(times) {
        account
            .table
            .put_new(&broadcast(air_time, i))
            .await
            .unwrap();
    }
    let listed = |from: &'static str, to: &'static str| {
        let table = account.table.clone();
        async move {
            let found = table.list(time(from), time(to)).await.unwrap();
            found
                .iter()
                .map(|broadcast| broadcast.air_time.to_rfc3339().replace("+00:00", "Z"))
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(
        listed("2026-12-01T00:00:00Z", "2027-02-01T00:00:00Z").await,
        [times[2], times[1], times[0]]
    );
    // From inclusive, to exclusive.
    assert_eq!(
        listed("2026-12-01T19:30:00Z", "2026-12-31T23:59:59Z").await,
        [times[2]]
    );
}

#[tokio::test]
async fn the_index_leaves_out_what_changes_on_air() {
    let account = Account::open().await;
    let mut broadcast = broadcast(AIR, 3);
    broadcast.progress = Some(progress(1, Phase::OnAir, 60));
    broadcast.outcome = Some(outcome(1));
    account.table.put_new(&broadcast).await.unwrap();

    let found = account
        .table
        .list(time(AIR), time("2026-12-02T00:00:00Z"))
        .await
        .unwrap();

    broadcast.progress = None;
    broadcast.retry_budget = RetryBudget::default();
    assert_eq!(found, [broadcast]);
}

#[tokio::test]
async fn a_key_is_found_with_the_ingest_it_is_for_and_about_its_air_time() {
    let account = Account::open().await;
    let broadcast = broadcast(AIR, 4);
    let destination = &broadcast.destinations[0];
    let key = StreamKey::new("FB-1-0-secret");
    let table = &account.table;
    // Twice is as good as once.
    for _ in 0..2 {
        table.note_key(&broadcast, destination, &key).await.unwrap();
    }
    let found = async |ingest: Platform, key: &str, now: &str| {
        let (ingest, key) = (ingest.ingest().unwrap(), StreamKey::new(key));
        let to = time(now) + chrono::TimeDelta::hours(1);
        let found = table.may_have_key(&ingest, &key, time(now), to).await;
        found.unwrap()
    };
    // A retry may be asked for two weeks later, and be on air for days.
    for now in [AIR, "2026-12-18T19:29:00Z"] {
        assert_eq!(
            found(Platform::Facebook, "FB-1-0-secret", now).await,
            [KeyUse {
                broadcast: broadcast.id.clone(),
                destination: "facebook".to_owned(),
            }],
            "{now}"
        );
    }
    for (ingest, key, now) in [
        (Platform::Twitch, "FB-1-0-secret", AIR),
        (Platform::Facebook, "FB-1-0-other", AIR),
        (Platform::Facebook, "FB-1-0-secret", "2026-12-01T18:00:00Z"),
        (Platform::Facebook, "FB-1-0-secret", "2026-12-18T19:31:00Z"),
    ] {
        assert_eq!(found(ingest, key, now).await, [], "{ingest:?} {key} {now}");
    }
}

#[tokio::test]
async fn an_attempt_fences_off_the_ones_before() {
    let account = Account::open().await;
    let id = broadcast(AIR, 2).id;
    account.table.put_new(&broadcast(AIR, 2)).await.unwrap();

    // GIVEN an attempt that is on air
    let first = account
        .table
        .open_attempt(&id, EXECUTION, time(AIR))
        .await
        .unwrap();
    assert_eq!((first.attempts, first.status), (1, Status::Starting));
    let report = async |claim: &Claim, seconds| {
        let progress = progress(claim.attempt(), Phase::OnAir, seconds);
        account
            .table
            .report_progress(&id, claim, &progress, Status::OnAir)
            .await
    };
    let claimed = account.table.claim(&id, 1, "one").await.unwrap();
    report(&claimed, 60).await.unwrap();

    // WHEN a second one is opened
    let second = account
        .table
        .open_attempt(&id, EXECUTION, time(AIR))
        .await
        .unwrap();
    assert_eq!((second.attempts, second.status), (2, Status::Starting));

    // THEN the first one has nothing more to say, and the checkpoint stays
    let late = report(&claimed, 65).await.unwrap_err();
    assert!(
        matches!(
            &late,
            TableError::Superseded {
                attempt: 1,
                latest: 2,
                ..
            }
        ),
        "{late:?}"
    );
    assert_eq!(Failure::from(late).kind, FailureKind::Superseded);
    let late = account
        .table
        .settle(&id, Some(1), Status::Aired, &outcome(1))
        .await
        .unwrap_err();
    assert_eq!(late.kind(), FailureKind::Superseded);
    let late = account.table.claim(&id, 1, "one, again").await.unwrap_err();
    assert_eq!(late.kind(), FailureKind::Superseded);
    let claimed = account.table.claim(&id, 2, "two").await.unwrap();
    report(&claimed, 70).await.unwrap();
    let now = account.table.get(&id).await.unwrap();
    assert_eq!(now.status, Status::OnAir);
    assert_eq!(
        now.progress.unwrap().position(),
        MediaTime::from_millis(70_000)
    );

    let attempts = account.table.attempts(&id).await.unwrap();
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[1].started_from, MediaTime::from_millis(60_000));
    assert_eq!(attempts[1].execution, EXECUTION);
}

#[tokio::test]
async fn racing_attempts_get_numbers_of_their_own_and_one_can_write() {
    let account = Account::open().await;
    let id = broadcast(AIR, 3).id;
    account.table.put_new(&broadcast(AIR, 3)).await.unwrap();

    let racers: Vec<_> = (0..4)
        .map(|racer| {
            let (table, id) = (account.table.clone(), id.clone());
            tokio::spawn(async move {
                let execution = format!("racer {racer}");
                table.open_attempt(&id, &execution, time(AIR)).await
            })
        })
        .collect();
    let mut numbers = Vec::new();
    for racer in racers {
        numbers.push(racer.await.unwrap().unwrap().attempts);
    }
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4]);

    for attempt in 1..=4 {
        let claimed = account.table.claim(&id, attempt, "a streamer").await;
        assert_eq!(claimed.is_ok(), attempt == 4, "attempt {attempt}");
    }
}

#[tokio::test]
async fn of_two_streamers_of_one_attempt_the_newer_one_plays() {
    let account = Account::open().await;
    let id = broadcast(AIR, 8).id;
    account.table.put_new(&broadcast(AIR, 8)).await.unwrap();
    account
        .table
        .open_attempt(&id, EXECUTION, time(AIR))
        .await
        .unwrap();
    let older = account.table.claim(&id, 1, "older").await.unwrap();
    let on_air = progress(1, Phase::OnAir, 1);
    account
        .table
        .report_progress(&id, &older, &on_air, Status::OnAir)
        .await
        .unwrap();

    let newer = account.table.claim(&id, 1, "newer").await.unwrap();

    let late = account
        .table
        .report_progress(&id, &older, &on_air, Status::OnAir)
        .await
        .unwrap_err();
    assert!(
        matches!(&late, TableError::Displaced { attempt: 1, .. }),
        "{late:?}"
    );
    assert_eq!(late.kind(), FailureKind::Superseded);
    account
        .table
        .report_progress(&id, &newer, &on_air, Status::OnAir)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_settled_broadcast_is_not_written_to_by_a_streamer() {
    let account = Account::open().await;
    let id = broadcast(AIR, 4).id;
    account.table.put_new(&broadcast(AIR, 4)).await.unwrap();
    account
        .table
        .open_attempt(&id, EXECUTION, time(AIR))
        .await
        .unwrap();

    let claim = account.table.claim(&id, 1, "a streamer").await.unwrap();

    account
        .table
        .settle(&id, None, Status::Cancelled, &outcome(1))
        .await
        .unwrap();

    for (phase, status) in [
        (Phase::Opening, Status::Starting),
        (Phase::OnAir, Status::OnAir),
    ] {
        let refused = account
            .table
            .report_progress(&id, &claim, &progress(1, phase, 1), status)
            .await
            .unwrap_err();
        assert_eq!(
            refused.kind(),
            FailureKind::Superseded,
            "{phase:?}: {refused:?}"
        );
    }
    let refused = account
        .table
        .open_attempt(&id, EXECUTION, time(AIR))
        .await
        .unwrap_err();
    assert!(matches!(
        refused,
        TableError::Refused {
            transition: IllegalTransition {
                from: Status::Cancelled,
                to: Status::Starting
            },
            ..
        }
    ));
    assert_eq!(
        Failure::from(refused).message,
        "broadcast 20261201-1930-eaaa stands elsewhere: \
         a broadcast that is cancelled cannot become starting"
    );
}

#[tokio::test]
async fn a_failed_broadcast_stays_failed_until_it_is_tried_again() {
    let account = Account::open().await;
    let id = broadcast(AIR, 5).id;
    account.table.put_new(&broadcast(AIR, 5)).await.unwrap();
    account
        .table
        .open_attempt(&id, EXECUTION, time(AIR))
        .await
        .unwrap();
    let claim = account.table.claim(&id, 1, "a streamer").await.unwrap();
    account
        .table
        .settle(&id, Some(1), Status::Failed, &outcome(1))
        .await
        .unwrap();

    // The streamer of the attempt that failed does not open it again.
    let late = account
        .table
        .report_progress(
            &id,
            &claim,
            &progress(1, Phase::Opening, 0),
            Status::Starting,
        )
        .await;
    assert_eq!(late.unwrap_err().kind(), FailureKind::Superseded);
    let late = account.table.claim(&id, 1, "another").await;
    assert_eq!(late.unwrap_err().kind(), FailureKind::Superseded);

    let failed = account.table.get(&id).await.unwrap();
    let budget = RetryBudget {
        redrives: 1,
        ..RetryBudget::default()
    };
    account
        .table
        .try_again(&failed, &budget, Status::Starting)
        .await
        .unwrap();

    let open = account.table.get(&id).await.unwrap();
    assert_eq!((open.status, open.outcome), (Status::Starting, None));
    assert_eq!(open.retry_budget, budget);
    // A decision on what is no longer so is refused.
    let late = account
        .table
        .try_again(&failed, &budget, Status::Starting)
        .await;
    assert!(matches!(late, Err(TableError::Contended(_))), "{late:?}");
}

#[tokio::test]
async fn the_first_record_of_an_attempts_end_stays() {
    let account = Account::open().await;
    let id = broadcast(AIR, 6).id;
    account.table.put_new(&broadcast(AIR, 6)).await.unwrap();
    account
        .table
        .open_attempt(&id, EXECUTION, time(AIR))
        .await
        .unwrap();

    let seen = Failure::new(FailureKind::SourceMissing, "there is no talk.mp4");
    let end = time("2026-12-01T19:31:00Z");
    account
        .table
        .end_attempt(&id, 1, end, Some(&seen))
        .await
        .unwrap();
    account
        .table
        .end_attempt(&id, 1, time("2026-12-01T19:32:00Z"), None)
        .await
        .unwrap();

    let attempt = account.table.find_attempt(&id, 1).await.unwrap().unwrap();
    assert_eq!((attempt.ended_at, attempt.failure), (Some(end), Some(seen)));
    assert_eq!(account.table.find_attempt(&id, 2).await.unwrap(), None);
}

#[tokio::test]
async fn a_table_that_is_not_there_is_said_in_words() {
    let account = Account::open().await;
    let table = broadcast::table::Table::new(&account.sdk, "elsewhere");
    let failure = Failure::from(table.get(&broadcast(AIR, 7).id).await.unwrap_err());
    assert_eq!(failure.kind, FailureKind::Internal);
    assert!(
        failure
            .message
            .starts_with("the table elsewhere failed: service error"),
        "{failure}"
    );
    assert!(
        failure.message.contains("ResourceNotFoundException"),
        "{failure}"
    );
}
