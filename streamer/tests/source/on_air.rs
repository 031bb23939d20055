//! A show whose source fails: what the ingest sees of it.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use broadcast::{Failure, FailureKind, StreamKey};
use chrono::Utc;
use ingest::{Ingest, Options, Packet, RunningIngest};
use streamer::{
    address::AddressPolicy,
    ingest::DialPolicy,
    media::{Movie, MovieOptions},
    show::{self, Show, ShowDestination, Summary, Update},
    source::{Source, SourceOptions},
};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    far_apart::media_in_three_places,
    server::{Behaviour, options, serve, soon_given_up},
    video::PACKETS,
};

/// What a show of which a third is in memory when its source gets out of order comes to.
async fn air(
    options: SourceOptions,
    away: Option<Duration>,
) -> (Result<Summary, Failure>, Update, Vec<Packet>, Instant) {
    let is_out = Arc::new(AtomicBool::new(false));
    let out = Arc::clone(&is_out);
    let server = serve(media_in_three_places(), move |_, _| {
        match out.load(Ordering::SeqCst) {
            true => Behaviour::Status(503),
            false => Behaviour::Serve,
        }
    })
    .await;
    let source = Source::open(&server.url("/talk.mp4"), options)
        .await
        .unwrap();
    let movie = Movie::open(source, &MovieOptions::default()).await.unwrap();
    is_out.store(true, Ordering::SeqCst);

    let ingest = ingest().await;
    let url = ingest.url("live").parse().unwrap();
    let destination = ShowDestination::new("it", url, StreamKey::new("a-key"));
    let air_time = Utc::now() + Duration::from_millis(500);
    let dial = DialPolicy::new(AddressPolicy::PRIVATE_TOO);
    let show = Show::new(movie, vec![destination], air_time, dial);
    let back = tokio::spawn(async move {
        match away {
            Some(away) => tokio::time::sleep(away).await,
            None => std::future::pending().await,
        }
        is_out.store(false, Ordering::SeqCst);
        Instant::now()
    });
    let (updates, last) = watch::channel(Update::default());
    let result = show::run(show, updates, CancellationToken::new()).await;
    let is_back = match away {
        Some(_) => back.await.unwrap(),
        None => Instant::now(),
    };
    assert_eq!(ingest.publishes().len(), 1, "the connection is kept up");
    let media = ingest.packets(1).into_iter();
    let media = media.filter(|packet| !packet.sequence_header).collect();
    let last = last.borrow().clone();
    (result, last, media, is_back)
}

async fn ingest() -> RunningIngest {
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    Ingest::bind(address, Options::default()).await.unwrap()
}

#[tokio::test]
async fn an_outage_is_a_stall_and_no_loss() {
    // A third of four seconds is in memory.
    let away = Duration::from_secs(4);
    let (result, _, media, is_back) = air(options(), Some(away)).await;
    let summary = result.unwrap();
    assert!(summary.destinations[0].finished);
    assert_eq!(summary.destinations[0].reconnects, 0);
    assert!(
        summary.stalled > Duration::from_secs(1),
        "{:?}",
        summary.stalled
    );
    assert_eq!(media.len(), PACKETS);
    assert!(media.is_sorted_by_key(|packet| packet.timestamp_ms));
    let before = media
        .iter()
        .filter(|packet| packet.arrived.instant < is_back.into_std())
        .count();
    assert!(
        (PACKETS / 4..PACKETS / 2).contains(&before),
        "{before} arrived"
    );
}

#[tokio::test]
async fn one_without_end_ends_the_show_where_it_is() {
    let mut options = soon_given_up(&Behaviour::Serve);
    options.retry.give_up_after = Duration::from_secs(3);
    let (result, update, media, _) = air(options, None).await;
    let failure = result.unwrap_err();
    assert_eq!(failure.kind, FailureKind::SourceUnreadable, "{failure}");
    // All that was in memory has left, and the position is that of what would have been next.
    let told = update.destinations[0].failure.as_ref().unwrap();
    let position = told.position.unwrap().as_millis();
    let last = i64::from(media[media.len() - 1].timestamp_ms);
    assert!(
        (last..=last + 70).contains(&position),
        "{position} after {last}"
    );
    assert!((PACKETS / 4..PACKETS / 2).contains(&media.len()));
    // Another attempt goes on from a key frame that has arrived.
    assert!(failure.position.unwrap().as_millis() <= last);
}
