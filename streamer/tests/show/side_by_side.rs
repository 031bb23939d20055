//! Several destinations of one show: none is of any consequence to another.

use std::time::Duration;

use broadcast::{FailureKind, StreamKey};
use chrono::Utc;
use futures_util::future::join_all;
use ingest::{Behaviour, Keep, Keys, Options, RunningIngest};
use streamer::{
    media::{Movie, MovieOptions},
    show::{self as shows, ShowDestination, Update},
    source::Source,
};
use tokio::{net::TcpListener, sync::watch};
use tokio_util::sync::CancellationToken;

use crate::{
    support::{KEY, destination, ingest, media, run, show},
    synthetic::Synthetic,
};

const MIB: u64 = 1 << 20;

pub(crate) async fn synthetic(seconds: u32, bit_rate: u32) -> (Source, Movie) {
    let file = Synthetic::usual(seconds, bit_rate).file();
    let source = Source::from_bytes("synthetic.mp4", file).unwrap();
    let options = MovieOptions::default();
    let movie = Movie::open(source.clone(), &options).await.unwrap();
    (source, movie)
}

async fn behaving(change: impl FnOnce(&mut Behaviour)) -> RunningIngest {
    let mut behaviour = Behaviour::default();
    change(&mut behaviour);
    ingest(Options {
        behaviour,
        // So that little fits between us and it.
        receive_buffer: Some(4096),
        ..Options::default()
    })
    .await
}

/// How late the packets of a publish were against the earliest of them: 99 of 100, and all.
fn lateness(ingest: &RunningIngest) -> (Duration, Duration) {
    let packets = media(ingest, 1);
    let start = packets[0].arrived.instant;
    let mut late: Vec<i64> = packets
        .iter()
        .map(|packet| {
            let after = packet.arrived.instant - start;
            after.as_micros() as i64 - i64::from(packet.timestamp_ms) * 1000
        })
        .collect();
    late.sort_unstable();
    let least = late[0];
    let at = |index: usize| Duration::from_micros((late[index] - least) as u64);
    (at(late.len() * 99 / 100), at(late.len() - 1))
}

/// A good destination beside one whose ingest stops reading, one that is dead, one that refuses the
/// key, one that reads too slowly and one whose TLS handshake never ends. What it gets is as
/// punctual as the same show to a good destination alone, at the same time on the same machine.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_fares_badly_delays_no_other() {
    let (_, movie) = synthetic(6, 3_000_000).await;
    let alone = ingest(Options::default()).await;
    let beside = ingest(Options::default()).await;
    let stalled = behaving(|it| it.stall_reading = true).await;
    let slow = behaving(|it| it.read_rate = Some(40_000)).await;
    let dead = behaving(|it| it.refuse = true).await;
    let refusing = ingest(Options {
        keys: Keys::only(["another"]),
        ..Options::default()
    })
    .await;
    let half_stalled = behaving(|_| {}).await;
    // Takes connections, and says nothing.
    let hanging = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("rtmps://{}/live", hanging.local_addr().unwrap());
    let hanging_too = ShowDestination::new("tls", url.parse().unwrap(), StreamKey::new(KEY));

    let air_time = Utc::now() + Duration::from_millis(1500);
    let mut bad = vec![
        destination("stalled", &stalled),
        destination("slow", &slow),
        destination("dead", &dead),
        destination("refusing", &refusing),
        hanging_too,
        destination("stalls", &half_stalled),
    ];
    bad.insert(3, destination("good", &beside));
    let mut many = show(&movie, bad, air_time);
    many.dial.write_timeout = Duration::from_secs(1);
    many.patience_alone = Duration::from_secs(1);
    let one = show(&movie, vec![destination("good", &alone)], air_time);
    let (many, one, ()) = tokio::join!(run(many), run(one), async {
        let has_begun = |now: &ingest::Snapshot| now.publishes.iter().any(|it| it.packets() > 60);
        half_stalled.until(has_begun).await;
        half_stalled.stall_reading(true);
    });

    one.0.unwrap();
    let summary = many.0.unwrap();
    for it in &summary.destinations {
        let is_good = it.name == "good";
        assert_eq!(
            (it.finished, it.failure.is_none()),
            (is_good, is_good),
            "{it:?}"
        );
    }
    let kind = |name: &str| {
        let it = summary.destinations.iter().find(|it| it.name == name);
        it.and_then(|it| it.failure.as_ref()).map(|it| it.kind)
    };
    assert_eq!(kind("refusing"), Some(FailureKind::TokenRejected));
    for name in ["dead", "tls", "stalled", "slow", "stalls"] {
        assert_eq!(kind(name), Some(FailureKind::IngestUnreachable), "{name}");
    }
    assert_eq!(media(&beside, 1).len(), media(&alone, 1).len());
    // Both suffer what else the machine has to do, though not at the same moments: hence 99 of 100.
    // To wait for another would cost a second here, and ten as shipped.
    let ((alone, worst_alone), (beside, worst)) = (lateness(&alone), lateness(&beside));
    let words = format!("p99 {beside:?}, {alone:?} alone; worst {worst:?}, {worst_alone:?} alone");
    assert!(beside < alone + Duration::from_millis(100), "{words}");
    assert!(worst < worst_alone + Duration::from_millis(500), "{words}");
}

#[tokio::test]
async fn the_source_is_read_once_for_all() {
    let (source, movie) = synthetic(4, 4_000_000).await;
    let ingests = join_all((0..4).map(|_| ingest(Options::default()))).await;
    let destinations = ingests
        .iter()
        .zip(["a", "b", "c", "d"])
        .map(|(ingest, name)| destination(name, ingest))
        .collect();
    let soon = Utc::now() + Duration::from_millis(700);
    let summary = run(show(&movie, destinations, soon)).await.0.unwrap();
    assert!(summary.destinations.iter().all(|it| it.finished));
    // Two blocks may be read again, for picture and sound lie apart.
    let (read, length) = (source.bytes_read(), source.length());
    assert!(read >= length, "{read} of {length} bytes");
    assert!(read <= length + MIB / 2, "{read} of {length} bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_far_behind_reads_for_itself_in_bounded_memory() {
    let (source, movie) = synthetic(8, 24_000_000).await;
    let facts = |read_rate| Options {
        behaviour: {
            let mut behaviour = Behaviour::default();
            behaviour.read_rate = read_rate;
            behaviour
        },
        keep: Keep::Nothing,
        ..Options::default()
    };
    let (good, slow) = (
        ingest(facts(None)).await,
        ingest(facts(Some(600_000))).await,
    );
    let destinations = vec![destination("good", &good), destination("slow", &slow)];
    let show = show(&movie, destinations, Utc::now());
    let stop = CancellationToken::new();
    let (updates, mut seen) = watch::channel(Update::default());
    let (shown, (most, behind)) = tokio::join!(shows::run(show, updates, stop.clone()), async {
        let mut most = 0;
        loop {
            seen.changed().await.unwrap();
            most = most.max(source.bytes_kept() as u64);
            let now = seen.borrow().destinations.clone();
            if now[0].finished {
                stop.cancel();
                return (most, now[0].bytes - now[1].bytes);
            }
        }
    });
    assert_eq!(shown.unwrap_err().kind, FailureKind::Interrupted);
    assert!(behind > 8 * MIB, "{behind} bytes behind");
    // Sixteen blocks of 256 KiB for two readers.
    assert!(most <= 4 * MIB, "{most} bytes in memory");
    // Twice at most, but for what made room before the slow one came to it.
    let (read, length) = (source.bytes_read(), source.length());
    assert!(read < 3 * length, "{read} of {length} bytes");
}
