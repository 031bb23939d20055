//! Shows at ingests that say odd things, or nothing.

use std::time::Duration;

use broadcast::{FailureKind, MediaTime};
use chrono::Utc;
use ingest::{After, Behaviour, Ending, Fault, Options, Words};
use tokio::time::Instant;

use crate::{
    faults::check_parts,
    movies::open,
    support::{check_run, check_whole, destination, ingest, media, run, show, soon, wanted},
};

/// After a second and a half of media.
const MIDST: After = After::MediaTime(Duration::from_millis(1500));

fn behaving(change: impl FnOnce(&mut Behaviour)) -> Options {
    let mut options = Options::default();
    change(&mut options.behaviour);
    options
}

/// How publishes ended, as far as they have.
fn endings(ingest: &ingest::RunningIngest) -> Vec<Option<Ending>> {
    let publishes = ingest.publishes().into_iter();
    publishes
        .map(|publish| publish.ended.map(|ended| ended.how))
        .collect()
}

#[tokio::test]
async fn half_a_close_is_the_end_of_the_connection() {
    let movie = open("b-frames.mp4").await;
    let ingest = ingest(Options {
        faults: vec![Fault::HalfClose { after: MIDST }],
        ..Options::default()
    })
    .await;
    let started = Instant::now();
    let (result, _) = run(show(&movie, vec![destination("it", &ingest)], soon())).await;
    let it = result.unwrap().destinations.remove(0);
    assert_eq!((it.finished, it.reconnects), (true, 1));
    check_parts(&ingest, &wanted(&movie).await);
    let ended = endings(&ingest);
    assert_eq!(ended[0], Some(Ending::Dropped), "we leave for good");
    // It is noticed at once, and not by a timeout.
    let took = started.elapsed();
    assert!(took < Duration::from_secs(12), "{took:?}");
}

#[tokio::test]
async fn who_is_asked_to_go_comes_back_without_a_loss_or_a_repeat() {
    let movie = open("b-frames.mp4").await;
    let ingest = ingest(Options {
        faults: vec![Fault::GoAway { after: MIDST }],
        ..Options::default()
    })
    .await;
    let (result, _) = run(show(&movie, vec![destination("it", &ingest)], soon())).await;
    let it = result.unwrap().destinations.remove(0);
    assert_eq!((it.finished, it.reconnects), (true, 1));
    let mut received = media(&ingest, 1);
    let second = media(&ingest, 2);
    assert!(second[0].key_frame);
    received.extend(second);
    let wanted = wanted(&movie).await;
    let hashes: Vec<_> = received.iter().map(|packet| packet.sha256).collect();
    let expected: Vec<_> = wanted.iter().map(|packet| packet.sha256).collect();
    assert!(hashes == expected, "{} of {}", hashes.len(), expected.len());
    assert_eq!(
        endings(&ingest),
        [Some(Ending::Dropped), Some(Ending::Unpublished)],
        "the stream is ended once, at its end"
    );
}

/// What a show ends with at an ingest that refuses to publish in these words, and how often it was
/// tried.
async fn refused(code: &str, description: &str) -> (broadcast::Failure, u64) {
    let movie = open("edit-list.mp4").await;
    let ingest = ingest(behaving(|behaviour| {
        behaviour.reject_publish = Some(Words {
            code: code.to_owned(),
            description: description.to_owned(),
        });
    }))
    .await;
    let (result, last) = run(show(&movie, vec![destination("it", &ingest)], soon())).await;
    let failure = result.unwrap_err();
    assert_eq!(last.destinations[0].failure.as_ref(), Some(&failure));
    (failure, ingest.stats().publishes_rejected)
}

#[tokio::test]
async fn a_refusal_is_told_in_the_ingests_words() {
    let (failure, _) = refused("NetStream.Publish.Denied", "the account has no live access").await;
    assert_eq!(failure.kind, FailureKind::TokenRejected);
    assert_eq!(
        failure.message,
        "the ingest refused: NetStream.Publish.Denied: the account has no live access"
    );
}

#[tokio::test]
async fn trouble_at_the_ingest_is_waited_out() {
    let (failure, tries) = refused("NetStream.Failed", "maintenance").await;
    assert_eq!(failure.kind, FailureKind::IngestProtocol);
    assert_eq!(
        failure.message,
        "the ingest refused: NetStream.Failed: maintenance"
    );
    assert!(tries >= 2, "{tries}");
}

#[tokio::test]
async fn a_close_in_place_of_an_answer_means_the_key() {
    let movie = open("edit-list.mp4").await;
    let ingest = ingest(behaving(|behaviour| {
        behaviour.close_before_publish_start = true;
    }))
    .await;
    let mut show = show(&movie, vec![destination("it", &ingest)], soon());
    show.patience = Duration::from_secs(60);
    let failure = run(show).await.0.unwrap_err();
    assert_eq!(failure.kind, FailureKind::TokenRejected);
    assert!(
        failure
            .message
            .contains("the stream key was probably rejected"),
        "{failure}"
    );
    // It may have been an ingest that restarts, so it is not believed at once.
    assert!(ingest.stats().publishes_rejected >= 3);
}

/// A show arrives as a whole, over one connection, whatever the ingest says of windows.
async fn check_windows(window: u32, peer_bandwidth: u32) {
    let movie = open("b-frames.mp4").await;
    let ingest = ingest(behaving(|behaviour| {
        behaviour.window = Some(window);
        behaviour.peer_bandwidth = Some(peer_bandwidth);
    }))
    .await;
    let (result, _) = run(show(&movie, vec![destination("it", &ingest)], soon())).await;
    let it = result.unwrap().destinations.remove(0);
    assert_eq!((it.finished, it.reconnects), (true, 0));
    check_whole(&media(&ingest, 1), &wanted(&movie).await);
}

#[tokio::test]
async fn windows_of_any_size_do_no_harm() {
    tokio::join!(
        check_windows(1, 1),
        check_windows(100, 2_000),
        check_windows(5_000_000, 1),
        check_windows(u32::MAX, u32::MAX),
    );
}

#[tokio::test]
async fn announced_codecs_change_nothing_for_h264() {
    let movie = open("edit-list.mp4").await;
    let ingest = ingest(behaving(|behaviour| {
        behaviour.codecs = vec!["hvc1".to_owned(), "av01".to_owned()];
    }))
    .await;
    let (result, _) = run(show(&movie, vec![destination("it", &ingest)], soon())).await;
    assert!(result.unwrap().destinations[0].finished);
    check_whole(&media(&ingest, 1), &wanted(&movie).await);
}

/// A show that has been on air for almost `limit` milliseconds goes on past it.
async fn check_time_stamps(limit: u64) {
    let movie = open("b-frames.mp4").await;
    let ingest = ingest(Options::default()).await;
    let ago = Duration::from_millis(limit - 1_500);
    let mut show = show(&movie, vec![destination("it", &ingest)], Utc::now() - ago);
    show.start_at = MediaTime::from_millis(1_000);
    run(show).await.0.unwrap();
    let (received, wanted) = (media(&ingest, 1), wanted(&movie).await);
    let (start, _) = check_run(&received, &wanted);
    assert_eq!(start + received.len(), wanted.len());
    let stamps = received.iter().map(|packet| packet.timestamp_ms);
    let before = |stamp: &u32| u64::from(*stamp) < limit && u64::from(*stamp) > limit - 3_000;
    let count = stamps.filter(before).count();
    assert!((1..received.len()).contains(&count), "{count} before it");
}

#[tokio::test]
async fn time_stamps_go_past_24_and_32_bits() {
    tokio::join!(check_time_stamps(0x00ff_ffff), check_time_stamps(1 << 32));
}
