//! HEVC goes to those who take it, and is refused for each of the others alone.

use std::time::Duration;

use broadcast::{Backup, FailureKind, Platform};
use chrono::Utc;
use ingest::{After, Behaviour, Fault, Options, RunningIngest};
use streamer::show::{Codecs, ShowDestination};
use tokio::time::Instant;

use crate::{
    movies::open,
    support::{check_whole, destination, ingest, media, run, show, soon, wanted},
};

fn codecs(codecs: &[&str]) -> Behaviour {
    let mut behaviour = Behaviour::default();
    behaviour.codecs = codecs.iter().map(|codec| (*codec).to_owned()).collect();
    behaviour
}

async fn announcing(announced: &[&str]) -> RunningIngest {
    ingest(Options {
        behaviour: codecs(announced),
        ..Options::default()
    })
    .await
}

/// A destination with a backup that is used at once.
fn with_backup(first: &RunningIngest, backup: &RunningIngest) -> ShowDestination {
    ShowDestination {
        backup: Some(Backup {
            ingest: backup.url("live").parse().unwrap(),
            after_seconds: 0,
        }),
        ..destination("it", first)
    }
}

#[tokio::test]
async fn hevc_is_sent_to_those_who_take_it() {
    let movie = open("hevc.mp4").await;
    let announces = announcing(&["hvc1"]).await;
    let says_nothing = announcing(&[]).await;
    let is_known = announcing(&[]).await;
    let destinations = vec![
        destination("announces", &announces),
        destination("says nothing", &says_nothing),
        ShowDestination {
            codecs: Codecs::of(Platform::Custom, true),
            ..destination("is known", &is_known)
        },
    ];
    let summary = run(show(&movie, destinations, soon())).await.0.unwrap();
    let finished: Vec<bool> = summary.destinations.iter().map(|it| it.finished).collect();
    assert_eq!(finished, [true, false, true]);
    let failure = summary.destinations[1].failure.as_ref().unwrap();
    assert_eq!(failure.kind, FailureKind::UnsupportedMedia);
    for word in ["HEVC", "libx264", "--enhanced"] {
        assert!(failure.message.contains(word), "{failure}");
    }
    let wanted = wanted(&movie).await;
    check_whole(&media(&announces, 1), &wanted);
    check_whole(&media(&is_known, 1), &wanted);
    assert!(says_nothing.publishes().is_empty());
}

#[tokio::test]
async fn what_an_ingest_does_not_take_is_said_long_before_the_air_time() {
    let movie = open("hevc.mp4").await;
    let ingest = announcing(&["av01"]).await;
    let air_time = Utc::now() + Duration::from_secs(3600);
    let started = Instant::now();
    let (result, _) = run(show(&movie, vec![destination("it", &ingest)], air_time)).await;
    assert_eq!(result.unwrap_err().kind, FailureKind::UnsupportedMedia);
    assert!(started.elapsed() < Duration::from_secs(10));
    assert!(ingest.publishes().is_empty());
}

#[tokio::test]
async fn a_backup_that_takes_the_codec_stands_in() {
    let movie = open("hevc.mp4").await;
    let first = announcing(&[]).await;
    let backup = announcing(&["hvc1"]).await;
    let destinations = vec![with_backup(&first, &backup)];
    let summary = run(show(&movie, destinations, soon())).await.0.unwrap();
    assert!(summary.destinations[0].finished && summary.destinations[0].on_backup);
    assert_eq!(summary.destinations[0].failure, None);
    check_whole(&media(&backup, 1), &wanted(&movie).await);
    assert!(first.publishes().is_empty());
}

#[tokio::test]
async fn when_neither_takes_the_codec_that_is_said_early() {
    let movie = open("hevc.mp4").await;
    let first = announcing(&[]).await;
    let backup = announcing(&["av01"]).await;
    let air_time = Utc::now() + Duration::from_secs(3600);
    let destinations = vec![with_backup(&first, &backup)];
    let failure = run(show(&movie, destinations, air_time))
        .await
        .0
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::UnsupportedMedia);
    assert!(
        failure.message.contains("on the backup ingest"),
        "{failure}"
    );
}

/// The backup is asked only when the first is away, and does not take the codec: the first is
/// waited for again.
#[tokio::test]
async fn a_backup_that_does_not_take_the_codec_does_not_end_the_destination() {
    let movie = open("hevc.mp4").await;
    let first = ingest(Options {
        behaviour: codecs(&["hvc1"]),
        faults: vec![Fault::Cut {
            after: After::MediaTime(Duration::from_millis(1500)),
            away: Duration::from_secs(3),
        }],
        ..Options::default()
    })
    .await;
    let backup = announcing(&[]).await;
    let destinations = vec![with_backup(&first, &backup)];
    let mut show = show(&movie, destinations, soon());
    show.patience = Duration::from_secs(60);
    let summary = run(show).await.0.unwrap();
    assert!(summary.destinations[0].finished && !summary.destinations[0].on_backup);
    assert!(backup.publishes().is_empty());
}

#[test]
fn platforms_take_what_they_say() {
    let both = Codecs {
        hevc: true,
        av1: true,
    };
    let none = Codecs::default();
    for (platform, enhanced, codecs) in [
        (Platform::Youtube, false, both),
        (Platform::Facebook, true, none),
        (Platform::Twitch, true, none),
        (Platform::Custom, false, none),
        (Platform::Custom, true, both),
    ] {
        assert_eq!(Codecs::of(platform, enhanced), codecs, "{platform}");
    }
}
