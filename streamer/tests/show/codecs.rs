//! HEVC goes to those who take it, and is refused for each of the others alone.

use std::time::Duration;

use broadcast::{FailureKind, Platform};
use chrono::Utc;
use ingest::{Behaviour, Options, RunningIngest};
use streamer::show::{Codecs, ShowDestination};
use tokio::time::Instant;

use crate::support::{check_whole, destination, ingest, media, movie, run, show, soon, wanted};

async fn announcing(codecs: &[&str]) -> RunningIngest {
    let mut behaviour = Behaviour::default();
    behaviour.codecs = codecs.iter().map(|codec| (*codec).to_owned()).collect();
    ingest(Options {
        behaviour,
        ..Options::default()
    })
    .await
}

#[tokio::test]
async fn hevc_is_sent_to_those_who_take_it() {
    let movie = movie("hevc.mp4").await;
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
    let movie = movie("hevc.mp4").await;
    let ingest = announcing(&["av01"]).await;
    let air_time = Utc::now() + Duration::from_secs(3600);
    let started = Instant::now();
    let (result, _) = run(show(&movie, vec![destination("it", &ingest)], air_time)).await;
    assert_eq!(result.unwrap_err().kind, FailureKind::UnsupportedMedia);
    assert!(started.elapsed() < Duration::from_secs(10));
    assert!(ingest.publishes().is_empty());
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
