//! The backup ingest: when it is used, what it gets, and when the first is gone back to.

use std::time::Duration;

use broadcast::{Backup, Failure, FailureKind, Timestamps};
use chrono::Utc;
use ingest::{After, Behaviour, Fault, Keys, Options, RunningIngest, Stage};
use streamer::show::ShowDestination;
use tokio::time::{Instant, sleep};

use crate::{
    movies::open,
    side_by_side::synthetic,
    support::{
        check_parts, check_run, check_whole, destination, ingest, media, run, show, soon, wanted,
    },
};

const LONG: Duration = Duration::from_secs(60);

/// A destination with a backup that is used after so many seconds.
fn with_backup(
    first: &RunningIngest,
    backup: &RunningIngest,
    after_seconds: u64,
) -> ShowDestination {
    ShowDestination {
        backup: Some(Backup {
            ingest: backup.url("live").parse().unwrap(),
            after_seconds,
        }),
        ..destination("it", first)
    }
}

async fn behaving(change: impl FnOnce(&mut Behaviour)) -> RunningIngest {
    let mut behaviour = Behaviour::default();
    change(&mut behaviour);
    ingest(Options {
        behaviour,
        ..Options::default()
    })
    .await
}

/// An ingest that is cut off after so much media, and is gone from then on.
async fn gone_after(millis: u64) -> RunningIngest {
    ingest(Options {
        faults: vec![Fault::Cut {
            after: After::MediaTime(Duration::from_millis(millis)),
            away: LONG,
        }],
        ..Options::default()
    })
    .await
}

#[track_caller]
fn check_tells_no_key(failure: &Failure) {
    let shown = format!("{failure:?}");
    assert!(
        !shown.contains("secret") && !shown.contains("FB-1"),
        "{shown}"
    );
}

/// A first ingest that is of no use from the beginning does not make the show late.
async fn check_on_time(first: RunningIngest) {
    let movie = open("edit-list.mp4").await;
    let backup = ingest(Options::default()).await;
    let air_time = Utc::now() + Duration::from_secs(5);
    // The ten seconds would be over long after the air time.
    let mut show = show(&movie, vec![with_backup(&first, &backup, 10)], air_time);
    show.is_announced = true;
    show.patience = LONG;
    let it = run(show).await.0.unwrap().destinations.remove(0);
    let late = it.on_air_error_ms.unwrap();
    assert!((0.0..500.0).contains(&late), "{late} ms");
    assert!(it.finished && it.on_backup, "{it:?}");
    assert_eq!(it.reconnects, 0);
    assert!(first.publishes().is_empty());
    check_whole(&media(&backup, 1), &wanted(&movie).await);
}

#[tokio::test]
async fn a_first_ingest_that_is_away_does_not_make_the_show_late() {
    let dead = behaving(|it| it.refuse = true).await;
    let silent = behaving(|it| it.silent_from = Some(Stage::Handshake)).await;
    tokio::join!(check_on_time(dead), check_on_time(silent));
}

#[tokio::test]
async fn the_backup_goes_on_where_the_first_is_known_to_be() {
    let movie = open("b-frames.mp4").await;
    let (first, backup) = (gone_after(1500).await, ingest(Options::default()).await);
    let mut show = show(&movie, vec![with_backup(&first, &backup, 1)], soon());
    show.patience = LONG;
    let it = run(show).await.0.unwrap().destinations.remove(0);
    assert!(it.finished && it.on_backup, "{it:?}");
    assert_eq!((it.reconnects, &it.failure), (1, &None));
    let (before, after) = (media(&first, 1), media(&backup, 1));
    let gap = after[0].arrived.instant - before[before.len() - 1].arrived.instant;
    let plausible = Duration::from_millis(950)..Duration::from_secs(4);
    assert!(plausible.contains(&gap), "{gap:?}");
    check_parts(&[before, after], &wanted(&movie).await);
}

#[tokio::test]
async fn an_ingest_that_comes_back_in_time_keeps_the_show() {
    let movie = open("b-frames.mp4").await;
    let first = ingest(Options {
        faults: vec![Fault::Cut {
            after: After::MediaTime(Duration::from_millis(1500)),
            away: Duration::from_millis(300),
        }],
        ..Options::default()
    })
    .await;
    let backup = ingest(Options::default()).await;
    let mut show = show(&movie, vec![with_backup(&first, &backup, 8)], soon());
    show.patience = LONG;
    let it = run(show).await.0.unwrap().destinations.remove(0);
    assert!(it.finished && !it.on_backup, "{it:?}");
    assert!(backup.publishes().is_empty());
    let parts = [media(&first, 1), media(&first, 2)];
    check_parts(&parts, &wanted(&movie).await);
}

#[tokio::test]
async fn an_ingest_that_has_worked_and_asks_to_be_left_is_tried_again_first() {
    let (_, movie) = synthetic(8, 200_000).await;
    let first = ingest(Options {
        faults: vec![Fault::GoAway {
            after: After::MediaTime(Duration::from_secs(6)),
        }],
        ..Options::default()
    })
    .await;
    let backup = ingest(Options::default()).await;
    let show = show(&movie, vec![with_backup(&first, &backup, 3)], soon());
    let it = run(show).await.0.unwrap().destinations.remove(0);
    assert!(it.finished && !it.on_backup, "{it:?}");
    assert!(backup.publishes().is_empty());
    let parts = [media(&first, 1), media(&first, 2)];
    check_parts(&parts, &wanted(&movie).await);
}

#[tokio::test]
async fn the_first_is_gone_back_to_when_the_backup_fails() {
    let movie = open("b-frames.mp4").await;
    let first = ingest(Options {
        faults: vec![Fault::Cut {
            after: After::MediaTime(Duration::from_millis(1200)),
            away: Duration::from_millis(600),
        }],
        ..Options::default()
    })
    .await;
    let backup = gone_after(1200).await;
    let mut show = show(&movie, vec![with_backup(&first, &backup, 0)], soon());
    show.patience = LONG;
    let it = run(show).await.0.unwrap().destinations.remove(0);
    assert!(it.finished && !it.on_backup, "{it:?}");
    assert_eq!(it.reconnects, 2);
    // It has long been back when the backup fails, and is left alone until then.
    let parts = [media(&first, 1), media(&backup, 1), media(&first, 2)];
    check_parts(&parts, &wanted(&movie).await);
}

#[tokio::test]
async fn a_backup_that_refuses_the_key_does_not_end_the_destination() {
    let movie = open("edit-list.mp4").await;
    let first = behaving(|it| it.refuse = true).await;
    let backup = ingest(Options {
        keys: Keys::only(["another"]),
        ..Options::default()
    })
    .await;
    let mut show = show(&movie, vec![with_backup(&first, &backup, 1)], soon());
    show.patience = LONG;
    let ((result, _), ()) = tokio::join!(run(show), async {
        backup.until(|now| now.stats.publishes_rejected > 0).await;
        sleep(Duration::from_millis(500)).await;
        first.refuse(false).await;
    });
    let it = result.unwrap().destinations.remove(0);
    assert!(it.finished && !it.on_backup, "{it:?}");
    check_whole(&media(&first, 1), &wanted(&movie).await);
}

#[tokio::test]
async fn a_first_ingest_that_refuses_the_key_leaves_it_to_the_backup() {
    let movie = open("edit-list.mp4").await;
    let first = ingest(Options {
        keys: Keys::only(["another"]),
        ..Options::default()
    })
    .await;
    let backup = ingest(Options::default()).await;
    let mut show = show(&movie, vec![with_backup(&first, &backup, 60)], Utc::now());
    show.patience = LONG;
    let it = run(show).await.0.unwrap().destinations.remove(0);
    assert!(it.finished && it.on_backup, "{it:?}");
    check_whole(&media(&backup, 1), &wanted(&movie).await);
}

/// Neither works. Returns the failure and the time it took.
async fn check_given_up(backup: RunningIngest, after: u64) -> (Failure, Duration) {
    let movie = open("edit-list.mp4").await;
    let first = behaving(|it| it.refuse = true).await;
    let show = show(
        &movie,
        vec![with_backup(&first, &backup, after)],
        Utc::now(),
    );
    let started = Instant::now();
    let (result, last) = run(show).await;
    let failure = result.unwrap_err();
    check_tells_no_key(&failure);
    assert_eq!(last.destinations[0].failure.as_ref(), Some(&failure));
    assert!(
        failure
            .message
            .starts_with("the ingest 127.0.0.1 cannot be connected to")
    );
    assert!(
        failure
            .message
            .contains("; on the backup ingest 127.0.0.1: "),
        "{failure}"
    );
    (failure, started.elapsed())
}

#[tokio::test]
async fn when_both_are_of_no_use_the_failure_tells_of_both() {
    let refusing = ingest(Options {
        keys: Keys::only(["another"]),
        ..Options::default()
    })
    .await;
    let dead = behaving(|it| it.refuse = true).await;
    // One that would be due after the patience has ended is not left untried.
    let late = behaving(|it| it.refuse = true).await;
    let ((refused, _), (away, took), (too_late, _)) = tokio::join!(
        check_given_up(refusing, 0),
        check_given_up(dead, 0),
        check_given_up(late, 30)
    );
    // The first may come back: that is worth another attempt.
    for failure in [refused, away, too_late] {
        assert_eq!(failure.kind, FailureKind::IngestUnreachable, "{failure}");
    }
    assert!(took < Duration::from_secs(6), "{took:?}");
}

#[tokio::test]
async fn time_stamps_begin_at_zero_again_where_that_is_wanted() {
    let movie = open("b-frames.mp4").await;
    let ingest = ingest(Options {
        faults: vec![Fault::Cut {
            after: After::MediaTime(Duration::from_millis(1500)),
            away: Duration::from_millis(500),
        }],
        ..Options::default()
    })
    .await;
    let it = ShowDestination {
        timestamps: Timestamps::RestartAtZero,
        ..destination("it", &ingest)
    };
    run(show(&movie, vec![it], soon())).await.0.unwrap();
    let wanted = wanted(&movie).await;
    let (first, second) = (media(&ingest, 1), media(&ingest, 2));
    assert_eq!(check_run(&first, &wanted), (0, 0));
    let (start, shift) = check_run(&second, &wanted);
    assert!(wanted[start].key_frame && start <= first.len());
    assert_eq!(second[0].timestamp_ms, 0);
    assert_eq!(shift, -wanted[start].dts);
    assert_eq!(start + second.len(), wanted.len());
}
