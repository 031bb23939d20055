//! When a destination is given up, and how long it had got nothing by then.

use std::time::Duration;

use broadcast::FailureKind;
use chrono::Utc;
use ingest::{After, Behaviour, Fault, Options, RunningIngest};
use tokio::time::Instant;

use crate::{
    certificate::certificate,
    movies::open,
    support::{destination, ingest, run, show, soon},
};

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_secs(1);

async fn dead() -> RunningIngest {
    let mut behaviour = Behaviour::default();
    behaviour.refuse = true;
    let options = Options {
        behaviour,
        ..Options::default()
    };
    ingest(options).await
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_no_weather() {
    let movie = open("edit-list.mp4").await;
    let ingest = ingest(Options {
        tls: Some(certificate("127.0.0.1").server.clone()),
        ..Options::default()
    })
    .await;
    let mut show = show(&movie, vec![destination("it", &ingest)], soon());
    show.patience = LONG;
    let started = Instant::now();
    let failure = run(show).await.0.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(5), "{failure}");
    assert_eq!(failure.kind, FailureKind::IngestUnreachable);
    let words = "the ingest's certificate is not trusted for 127.0.0.1";
    assert!(failure.message.starts_with(words), "{failure}");
}

#[tokio::test]
async fn one_that_is_dead_does_not_keep_open_what_the_others_have_ended() {
    let movie = open("edit-list.mp4").await;
    let (good, dead, dead_too) = (ingest(Options::default()).await, dead().await, dead().await);
    let destinations = vec![
        destination("dead", &dead),
        destination("good", &good),
        destination("dead too", &dead_too),
    ];
    let mut show = show(&movie, destinations, soon());
    show.patience = LONG;
    show.patience_alone = SHORT;
    let started = Instant::now();
    let (result, last) = run(show).await;
    let length = movie.duration.to_duration();
    let took = started.elapsed();
    assert!(
        length < took && took < length + Duration::from_secs(8),
        "{took:?}"
    );
    assert_eq!(result.unwrap(), last);
    for (one, is_dead) in last.destinations.iter().zip([true, false, true]) {
        assert_eq!(one.finished, !is_dead);
        let kind = one.failure.as_ref().map(|failure| failure.kind);
        assert_eq!(kind, is_dead.then_some(FailureKind::IngestUnreachable));
    }
    // Neither dead one ever got what was due from the air time on; the good one got all of it.
    let stalled = last.stalled;
    assert!(2 * length < stalled && stalled < 2 * took, "{stalled:?}");
}

#[tokio::test]
async fn nor_does_one_that_an_earlier_attempt_has_left() {
    let movie = open("edit-list.mp4").await;
    let dead = dead().await;
    let mut show = show(&movie, vec![destination("dead", &dead)], Utc::now());
    show.patience = LONG;
    show.patience_alone = SHORT;
    show.has_aired = true;
    let started = Instant::now();
    let failure = run(show).await.0.unwrap_err();
    assert_eq!(failure.kind, FailureKind::IngestUnreachable);
    assert!(started.elapsed() < Duration::from_secs(5), "{failure}");
}

#[tokio::test]
async fn the_time_without_media_is_told() {
    let check = async |away: Option<u64>| {
        let movie = open("b-frames.mp4").await;
        let faults = away.map(|away| Fault::Cut {
            after: After::MediaTime(Duration::from_millis(1500)),
            away: Duration::from_millis(away),
        });
        let ingest = ingest(Options {
            faults: faults.into_iter().collect(),
            ..Options::default()
        })
        .await;
        let mut show = show(&movie, vec![destination("it", &ingest)], soon());
        show.patience = LONG;
        run(show).await.0.unwrap().stalled
    };
    let (well, cut) = tokio::join!(check(None), check(Some(1500)));
    assert_eq!(well, Duration::ZERO);
    let plausible = Duration::from_millis(1400)..Duration::from_secs(5);
    assert!(plausible.contains(&cut), "{cut:?}");
}
