//! Shows over what happens on the way.

use std::time::Duration;

use broadcast::{FailureKind, MediaTime, OnDrop, Phase};
use chrono::Utc;
use ingest::{
    After, Behaviour, Duplicates, Ending, Fault, Keys, Options, Rejection, RunningIngest,
};
use streamer::show::{self as shows, Update};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{
    movies::open,
    support::{
        self, KEY, Wanted, check_run, check_whole, destination, ingest, media, run, show, soon,
        wanted,
    },
};

/// The distance of key frames in the fixtures, in ms.
const GOP: i64 = 1000;

fn cut_at(millis: u64, away: u64) -> Fault {
    Fault::Cut {
        after: After::MediaTime(Duration::from_millis(millis)),
        away: Duration::from_millis(away),
    }
}

/// Checks two parts of a show with a cut between them: together they are the whole, at most one
/// GOP is in both, and no time stamp goes back.
#[track_caller]
pub(crate) fn check_parts(ingest: &RunningIngest, wanted: &[Wanted]) {
    let (first, second) = (media(ingest, 1), media(ingest, 2));
    assert_eq!(check_run(&first, wanted), (0, 0));
    let (start, shift) = check_run(&second, wanted);
    assert!(wanted[start].key_frame);
    assert!(start <= first.len(), "{} packets lost", start - first.len());
    assert_eq!(start + second.len(), wanted.len(), "the end is missing");
    let repeated = wanted[first.len() - 1].dts - wanted[start].dts;
    assert!(repeated <= GOP, "{repeated} ms repeated");
    assert!(shift >= 0);
    let last = first[first.len() - 1].timestamp_ms;
    assert!(second[0].timestamp_ms >= last, "time stamps go back");
}

#[tokio::test]
async fn a_cut_loses_nothing() {
    let movie = open("b-frames.mp4").await;
    let ingest = ingest(Options {
        faults: vec![cut_at(1500, 1000)],
        ..Options::default()
    })
    .await;
    let mut show = show(&movie, vec![destination("it", &ingest)], soon());
    show.patience = Duration::from_secs(20);
    let (result, _) = run(show).await;
    let it = result.unwrap().destinations.remove(0);
    assert!(it.finished);
    assert_eq!(it.reconnects, 1);
    check_parts(&ingest, &wanted(&movie).await);
}

#[tokio::test]
async fn a_cut_loses_nothing_without_acknowledgements() {
    let movie = open("b-frames.mp4").await;
    let mut behaviour = Behaviour::default();
    behaviour.acknowledge = false;
    let ingest = ingest(Options {
        faults: vec![cut_at(1500, 300)],
        behaviour,
        ..Options::default()
    })
    .await;
    run(show(&movie, vec![destination("it", &ingest)], soon()))
        .await
        .0
        .unwrap();
    // All of the little that was sent would fit the kernel's buffer, so all of it is repeated.
    let wanted = wanted(&movie).await;
    let second = media(&ingest, 2);
    let (start, shift) = check_run(&second, &wanted);
    assert_eq!((start, second.len()), (0, wanted.len()));
    assert!(shift > 1500);
}

#[tokio::test]
async fn skip_keeps_to_the_clock() {
    let movie = open("b-frames.mp4").await;
    let ingest = ingest(Options {
        faults: vec![cut_at(1200, 600)],
        ..Options::default()
    })
    .await;
    let mut show = show(&movie, vec![destination("it", &ingest)], soon());
    show.on_drop = OnDrop::Skip;
    run(show).await.0.unwrap();
    let wanted = wanted(&movie).await;
    let (first, second) = (media(&ingest, 1), media(&ingest, 2));
    let (start, shift) = check_run(&second, &wanted);
    assert_eq!(shift, 0);
    assert!(wanted[start].key_frame && start > first.len());
    assert_eq!(start + second.len(), wanted.len());
    let took = second[second.len() - 1].arrived.instant - first[0].arrived.instant;
    let length = movie.duration.to_duration();
    assert!(
        took < length + Duration::from_millis(500),
        "{took:?} for {length:?}"
    );
}

#[tokio::test]
async fn a_connection_lost_at_the_gate_is_made_again() {
    let movie = open("edit-list.mp4").await;
    let ingest = ingest(Options {
        faults: vec![Fault::Cut {
            after: After::Packets(0),
            away: Duration::from_millis(100),
        }],
        ..Options::default()
    })
    .await;
    let air_time = Utc::now() + Duration::from_millis(2000);
    let (result, _) = run(show(&movie, vec![destination("it", &ingest)], air_time)).await;
    let it = result.unwrap().destinations.remove(0);
    assert_eq!(it.reconnects, 0, "it was not on air");
    assert!(it.on_air_error_ms.unwrap() < 500.0);
    assert_eq!(ingest.publishes().len(), 2);
    check_whole(&media(&ingest, 2), &wanted(&movie).await);
}

#[tokio::test]
async fn an_ingest_that_drops_every_connection_is_given_up() {
    let check = async |on_drop| {
        let movie = open("b-frames.mp4").await;
        let cut = Fault::Cut {
            after: After::Packets(1),
            away: Duration::ZERO,
        };
        let ingest = ingest(Options {
            faults: vec![cut; 100],
            ..Options::default()
        })
        .await;
        let mut show = show(&movie, vec![destination("it", &ingest)], soon());
        show.on_drop = on_drop;
        let started = Instant::now();
        let (result, last) = run(show).await;
        let failure = result.unwrap_err();
        assert_eq!(failure.kind, FailureKind::IngestUnreachable, "{failure}");
        assert!(started.elapsed() < Duration::from_secs(6), "{failure}");
        assert_eq!(last.destinations[0].failure, Some(failure));
        assert!(!last.destinations[0].finished);
        let publishes = ingest.publishes().len();
        assert!((2..=10).contains(&publishes), "{publishes} publishes");
    };
    tokio::join!(check(OnDrop::Resume), check(OnDrop::Skip));
}

#[tokio::test]
async fn a_show_of_which_nothing_was_sent_has_not_aired() {
    let movie = open("b-frames.mp4").await;
    let ingest = ingest(Options {
        faults: vec![Fault::Cut {
            after: After::Packets(0),
            away: Duration::from_millis(5500),
        }],
        ..Options::default()
    })
    .await;
    let mut show = show(&movie, vec![destination("it", &ingest)], soon());
    show.on_drop = OnDrop::Skip;
    show.patience = Duration::from_secs(60);
    let (result, last) = run(show).await;
    let failure = result.unwrap_err();
    assert_eq!(failure.kind, FailureKind::IngestUnreachable);
    assert_eq!(
        failure.message,
        "the show was over before the ingest could be reached"
    );
    let it = &last.destinations[0];
    assert!(!it.finished && it.on_air_at.is_none(), "{it:?}");
}

#[tokio::test]
async fn what_an_ingest_has_not_read_is_not_in_the_checkpoint() {
    let movie = open("b-frames.mp4").await;
    let wanted = wanted(&movie).await;
    let ingest = ingest(Options {
        faults: vec![Fault::Stall {
            after: After::Packets(20),
        }],
        ..Options::default()
    })
    .await;
    let show = show(&movie, vec![destination("it", &ingest)], soon());
    let stop = CancellationToken::new();
    let (updates, mut last) = watch::channel(Update::default());
    let (result, ()) = tokio::join!(shows::run(show, updates, stop.clone()), async {
        let sent = |now: &Update| now.destinations.iter().any(|one| one.video_frames > 40);
        last.wait_for(sent).await.unwrap();
        stop.cancel();
    });
    let checkpoint = result.unwrap_err().position.unwrap();
    let received = media(&ingest, 1).len();
    assert!(
        checkpoint.as_millis() <= wanted[received - 1].dts,
        "{checkpoint} with {received} packets read"
    );
}

#[tokio::test]
async fn a_show_tells_how_late_it_is_when_its_air_time_was_announced() {
    let check = async |is_announced| {
        let movie = open("edit-list.mp4").await;
        let ingest = ingest(Options::default()).await;
        let air_time = Utc::now() - Duration::from_secs(2);
        let mut show = show(&movie, vec![destination("it", &ingest)], air_time);
        show.is_announced = is_announced;
        let it = run(show).await.0.unwrap().destinations.remove(0);
        assert!(it.on_air_at.is_some());
        it.on_air_error_ms
    };
    let (announced, as_soon_as_possible) = tokio::join!(check(true), check(false));
    assert!(announced.unwrap() >= 2000.0, "{announced:?}");
    assert_eq!(as_soon_as_possible, None);
}

#[tokio::test]
async fn an_ingest_that_reads_nothing_is_left() {
    let movie = open("b-frames.mp4").await;
    let ingest = ingest(Options {
        receive_buffer: Some(2048),
        faults: vec![Fault::Stall {
            after: After::Packets(80),
        }],
        ..Options::default()
    })
    .await;
    let mut show = show(&movie, vec![destination("it", &ingest)], soon());
    show.dial.write_timeout = Duration::from_millis(800);
    show.patience = Duration::from_secs(60);
    let started = Instant::now();
    let (result, _) = run(show).await;
    result.unwrap();
    assert!(started.elapsed() < Duration::from_secs(15));
    // What lay in its buffer unread is sent again, too.
    let parts = [media(&ingest, 1), media(&ingest, 2)];
    support::check_parts(&parts, &wanted(&movie).await);
}

#[tokio::test]
async fn a_wrong_key_is_fatal_once_the_air_time_has_come() {
    let check = async |rejection| {
        let movie = open("edit-list.mp4").await;
        let ingest = ingest(Options {
            keys: Keys::only(["another"]),
            rejection,
            ..Options::default()
        })
        .await;
        let mut show = show(&movie, vec![destination("it", &ingest)], soon());
        show.patience = Duration::from_secs(60);
        let (result, last) = run(show).await;
        let failure = result.unwrap_err();
        assert_eq!(failure.kind, FailureKind::TokenRejected);
        let shown = format!("{failure:?} {last:?}");
        assert!(
            !shown.contains("secret") && !shown.contains("FB-1"),
            "{shown}"
        );
        assert_eq!(last.phase, Phase::Finished);
        assert_eq!(last.destinations[0].failure, Some(failure));
        assert!(ingest.publishes().is_empty());
    };
    tokio::join!(check(Rejection::OnStatus), check(Rejection::Close));
}

#[tokio::test]
async fn a_key_set_right_before_the_air_time_airs() {
    let movie = open("edit-list.mp4").await;
    let ingest = ingest(Options {
        keys: Keys::only(["another"]),
        ..Options::default()
    })
    .await;
    let air_time = Utc::now() + Duration::from_millis(3000);
    let show = show(&movie, vec![destination("it", &ingest)], air_time);
    let (show, ()) = tokio::join!(run(show), async {
        ingest.until(|now| now.stats.publishes_rejected > 0).await;
        ingest.accept_keys(Keys::only([KEY]));
    });
    show.0.unwrap();
    check_whole(&media(&ingest, 1), &wanted(&movie).await);
}

#[tokio::test]
async fn a_dead_destination_does_no_harm_to_another() {
    let movie = open("b-frames.mp4").await;
    let good = ingest(Options::default()).await;
    let mut behaviour = Behaviour::default();
    behaviour.refuse = true;
    let dead = ingest(Options {
        behaviour,
        ..Options::default()
    })
    .await;
    let destinations = vec![destination("dead", &dead), destination("good", &good)];
    let (result, _) = run(show(&movie, destinations, soon())).await;
    let summary = result.unwrap();
    let failures: Vec<Option<FailureKind>> = summary
        .destinations
        .iter()
        .map(|one| one.failure.as_ref().map(|failure| failure.kind))
        .collect();
    assert_eq!(failures, [Some(FailureKind::IngestUnreachable), None]);
    assert!(summary.destinations[1].finished);
    check_whole(&media(&good, 1), &wanted(&movie).await);
}

#[tokio::test]
async fn an_ingest_that_falls_behind_gets_all_of_it() {
    let movie = open("b-frames.mp4").await;
    let ingest = ingest(Options {
        receive_buffer: Some(2048),
        behaviour: {
            let mut behaviour = Behaviour::default();
            behaviour.read_rate = Some(8_000);
            behaviour
        },
        ..Options::default()
    })
    .await;
    let (result, _) = run(show(&movie, vec![destination("it", &ingest)], soon())).await;
    let it = result.unwrap().destinations.remove(0);
    assert_eq!(it.reconnects, 0);
    check_whole(&media(&ingest, 1), &wanted(&movie).await);
}

#[tokio::test]
async fn when_all_are_dead_the_failure_says_most() {
    let movie = open("edit-list.mp4").await;
    let mut behaviour = Behaviour::default();
    behaviour.refuse = true;
    let dead = ingest(Options {
        behaviour,
        ..Options::default()
    })
    .await;
    let refusing = ingest(Options {
        keys: Keys::only(["another"]),
        ..Options::default()
    })
    .await;
    let destinations = vec![destination("dead", &dead), destination("no", &refusing)];
    let (result, _) = run(show(&movie, destinations, soon())).await;
    let failure = result.unwrap_err();
    assert_eq!(failure.kind, FailureKind::TokenRejected);
    assert!(
        failure
            .message
            .contains("dead: the ingest 127.0.0.1 cannot be connected to")
    );
    assert!(failure.message.contains("no: the ingest refused"));
}

#[tokio::test]
async fn our_own_lost_connection_may_hold_the_key_for_a_while() {
    let movie = open("edit-list.mp4").await;
    let ingest = ingest(Options {
        duplicates: Duplicates::Reject,
        ..Options::default()
    })
    .await;
    let holder = destination("holder", &ingest);
    let held = streamer::ingest::Connection::open(
        &holder.ingest,
        &holder.key,
        &show(&movie, Vec::new(), Utc::now()).dial,
    )
    .await
    .unwrap();
    let mut show = show(&movie, vec![destination("it", &ingest)], Utc::now());
    show.patience = Duration::from_secs(60);
    let (result, ()) = tokio::join!(run(show), async {
        ingest.until(|now| now.stats.publishes_rejected >= 2).await;
        drop(held);
    });
    result.0.unwrap();
    check_whole(&media(&ingest, 2), &wanted(&movie).await);
}

#[tokio::test]
async fn a_stopped_show_goes_on_from_its_checkpoint() {
    let movie = open("b-frames.mp4").await;
    let wanted = wanted(&movie).await;
    let ingest = ingest(Options::default()).await;
    let air_time = soon();
    let first = show(&movie, vec![destination("it", &ingest)], air_time);

    let stop = CancellationToken::new();
    let (updates, last) = watch::channel(Update::default());
    let (result, stopped) = tokio::join!(shows::run(first, updates, stop.clone()), async {
        ingest
            .until(|now| now.publishes.iter().any(|publish| publish.packets() > 100))
            .await;
        stop.cancel();
        Instant::now()
    });
    assert!(stopped.elapsed() < Duration::from_secs(5));
    let failure = result.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Interrupted);
    let checkpoint = failure.position.unwrap();
    assert_eq!(last.borrow().destinations[0].position, checkpoint);
    let now = ingest.until(|now| now.publishes[0].ended.is_some()).await;
    let how = now.publishes[0].ended.as_ref().map(|ended| &ended.how);
    assert_eq!(how, Some(&Ending::Dropped), "another attempt may follow");
    // Everything up to the checkpoint has arrived.
    let received = media(&ingest, 1);
    assert_eq!(checkpoint.as_millis(), wanted[received.len() - 1].dts);

    // Another task takes longer to start, and what this one sent early is over then.
    sleep(Duration::from_millis(100)).await;
    let mut second = show(&movie, vec![destination("it", &ingest)], air_time);
    second.start_at = checkpoint;
    run(second).await.0.unwrap();
    check_parts(&ingest, &wanted);
}

#[tokio::test]
async fn a_show_can_be_stopped_before_it_begins() {
    let movie = open("edit-list.mp4").await;
    let ingest = ingest(Options::default()).await;
    let air_time = Utc::now() + Duration::from_secs(3600);
    let mut show = show(&movie, vec![destination("it", &ingest)], air_time);
    // Held at the gate.
    show.connect_ahead = Duration::from_secs(7200);
    let stop = CancellationToken::new();
    let (updates, last) = watch::channel(Update::default());
    let (result, ()) = tokio::join!(shows::run(show, updates, stop.clone()), async {
        ingest.until(|now| !now.publishes.is_empty()).await;
        assert_eq!(last.borrow().phase, Phase::Standby);
        stop.cancel();
    });
    let failure = result.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Interrupted);
    assert_eq!(failure.position, Some(MediaTime::ZERO));
    let now = ingest.until(|now| now.publishes[0].ended.is_some()).await;
    assert_eq!(now.publishes[0].packets(), 0);
    assert_eq!(now.publishes[0].sequence_headers, 0);
    assert!(!now.publishes[0].fc_unpublish);
}

#[tokio::test]
async fn a_show_needs_a_destination() {
    let movie = open("edit-list.mp4").await;
    let (result, _) = run(show(&movie, Vec::new(), soon())).await;
    assert_eq!(result.unwrap_err().kind, FailureKind::BadRequest);
}
