//! Connections cut at any place, and streamers stopped at any place: nothing is missing.

use std::time::Duration;

use broadcast::{FailureKind, MediaTime};
use fastrand::Rng;
use futures_util::future::join_all;
use ingest::{After, Ending, Fault, Options};
use streamer::{
    media::Movie,
    show::{self as shows, Update},
};
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    movies::open,
    support::{Wanted, check_parts, destination, ingest, media, show, soon, wanted},
};

/// Two to four things go wrong, at places in the media that differ with the seed; in between the
/// streamer is stopped once or not at all, and another goes on from its checkpoint.
async fn check(seed: u64, movie: &Movie, wanted: &[Wanted]) {
    let mut random = Rng::with_seed(seed);
    let faults = (0..random.usize(2..=4)).map(|_| {
        let after = match random.bool() {
            true => After::Packets(random.u64(0..150)),
            false => After::MediaTime(Duration::from_millis(random.u64(0..2500))),
        };
        match random.u8(0..4) {
            0 => Fault::GoAway { after },
            _ => Fault::Cut {
                after,
                away: Duration::from_millis(random.u64(0..400)),
            },
        }
    });
    let ingest = ingest(Options {
        faults: faults.collect(),
        ..Options::default()
    })
    .await;
    let air_time = soon();
    let mut stops: Vec<u64> = (0..random.usize(0..=2))
        .map(|_| random.u64(1000..3500))
        .collect();
    let mut start_at = MediaTime::ZERO;
    let mut on_air_at = None;
    loop {
        let mut show = show(movie, vec![destination("it", &ingest)], air_time);
        show.start_at = start_at;
        show.destinations[0].on_air_at = on_air_at;
        show.patience = Duration::from_secs(60);
        let stop = CancellationToken::new();
        let (updates, last) = watch::channel(Update::default());
        let running = shows::run(show, updates, stop.clone());
        let shown = match stops.pop() {
            None => running.await,
            Some(after) => {
                let stopping = async {
                    sleep(Duration::from_millis(after)).await;
                    stop.cancel();
                };
                tokio::join!(running, stopping).0
            }
        };
        match shown {
            Ok(_) => break,
            Err(failure) => {
                assert_eq!(
                    failure.kind,
                    FailureKind::Interrupted,
                    "seed {seed}: {failure}"
                );
                start_at = failure.position.unwrap();
                on_air_at = on_air_at.or(last.borrow().destinations[0].on_air_at);
                // Another task takes longer to start, and what this one sent early is over then.
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
    let all_ended = |now: &ingest::Snapshot| now.publishes.iter().all(|it| it.ended.is_some());
    let publishes = ingest.until(all_ended).await.publishes;
    let ended = publishes.last().and_then(|it| it.ended.as_ref());
    assert_eq!(
        ended.map(|it| &it.how),
        Some(&Ending::Unpublished),
        "seed {seed}"
    );
    let parts: Vec<_> = (1..=publishes.len() as u32)
        .map(|number| media(&ingest, number))
        .collect();
    check_parts(&parts, wanted);
}

#[tokio::test]
async fn nothing_is_missing_wherever_it_is_cut() {
    let movie = open("b-frames.mp4").await;
    let wanted = wanted(&movie).await;
    // Beside one another, for each takes its time.
    join_all((0..24).map(|seed| check(seed, &movie, &wanted))).await;
}
