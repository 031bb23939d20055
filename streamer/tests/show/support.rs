//! What the tests of shows share: a movie, a foreign ingest, and a comparison of what was received
//! with what the movie holds.

use std::{net::SocketAddr, time::Duration};

use broadcast::{Failure, MediaTime, StreamKey};
use chrono::{DateTime, Utc};
use ingest::{Ingest, Kind, Options, Packet, RunningIngest};
use ring::digest::{SHA256, digest};
use streamer::{
    address::AddressPolicy,
    ingest::DialPolicy,
    media::{Movie, TrackKind, flv},
    show::{self, Show, ShowDestination, Summary, Update},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The key that a test publishes with.
pub(crate) const KEY: &str = "FB-1-0-key?s_bl=1&a=secret";

/// One packet as it should arrive: its kind, time stamp in ms, size and hash.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) kind: Kind,
    pub(crate) dts: i64,
    pub(crate) size: usize,
    pub(crate) sha256: [u8; 32],
    pub(crate) key_frame: bool,
}

/// All packets of a movie.
pub(crate) async fn wanted(movie: &Movie) -> Vec<Wanted> {
    let mut packets = movie.packets(MediaTime::ZERO);
    let mut wanted = Vec::new();
    while let Some(packet) = packets.next().await.unwrap() {
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(digest(&SHA256, &packet.data).as_ref());
        wanted.push(Wanted {
            kind: match packet.track {
                TrackKind::Video => Kind::Video,
                TrackKind::Audio => Kind::Audio,
            },
            dts: i64::from(flv::timestamp_ms(packet.dts)),
            size: packet.data.len(),
            sha256,
            key_frame: packet.key_frame,
        });
    }
    wanted
}

/// A foreign ingest on loopback.
pub(crate) async fn ingest(options: Options) -> RunningIngest {
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    Ingest::bind(address, options).await.unwrap()
}

/// A destination at a foreign ingest.
pub(crate) fn destination(name: &str, ingest: &RunningIngest) -> ShowDestination {
    let url = ingest.url("live").parse().unwrap();
    ShowDestination::new(name, url, StreamKey::new(KEY))
}

/// A show on loopback that gives up after two seconds.
pub(crate) fn show(
    movie: &Movie,
    destinations: Vec<ShowDestination>,
    air_time: DateTime<Utc>,
) -> Show {
    Show {
        patience: Duration::from_secs(2),
        ..Show::new(
            movie.clone(),
            destinations,
            air_time,
            DialPolicy::new(AddressPolicy::PRIVATE_TOO),
        )
    }
}

/// Shortly after now.
pub(crate) fn soon() -> DateTime<Utc> {
    Utc::now() + Duration::from_millis(700)
}

/// Runs a show to its end; also returns its last update.
pub(crate) async fn run(show: Show) -> (Result<Summary, Failure>, Update) {
    let (updates, last) = watch::channel(Update::default());
    let result = show::run(show, updates, CancellationToken::new()).await;
    let last = last.borrow().clone();
    (result, last)
}

/// The media of a publish, without what configures decoders.
pub(crate) fn media(ingest: &RunningIngest, publish: u32) -> Vec<Packet> {
    let packets = ingest.packets(publish).into_iter();
    packets.filter(|packet| !packet.sequence_header).collect()
}

/// Checks that packets are those of the movie from some place on, in order and without a gap, with
/// time stamps that differ by one number within a millisecond. Returns where they begin and that
/// number.
#[track_caller]
pub(crate) fn check_run(received: &[Packet], wanted: &[Wanted]) -> (usize, i64) {
    let first = received.first().expect("something was received");
    let start = wanted
        .iter()
        .position(|wanted| wanted.sha256 == first.sha256 && wanted.kind == first.kind)
        .expect("what was received is in the movie");
    let shift = i64::from(first.timestamp_ms) - wanted[start].dts;
    assert!(received.len() <= wanted.len() - start, "too many packets");
    for (index, (got, wanted)) in received.iter().zip(&wanted[start..]).enumerate() {
        let at = format!("packet {index}: {got:?} for {wanted:?}");
        assert_eq!(got.kind, wanted.kind, "{at}");
        assert_eq!(got.size, wanted.size, "{at}");
        assert_eq!(got.sha256, wanted.sha256, "{at}");
        assert_eq!(got.key_frame, wanted.key_frame, "{at}");
        // The time stamps of RTMP wrap after 49 days.
        let late = i64::from(got.timestamp_ms.wrapping_sub((wanted.dts + shift) as u32) as i32);
        assert!(late.abs() <= 1, "{late} ms off at {at}");
    }
    (start, shift)
}

/// Checks that packets are those of the whole movie.
#[track_caller]
pub(crate) fn check_whole(received: &[Packet], wanted: &[Wanted]) {
    assert_eq!(check_run(received, wanted), (0, 0));
    assert_eq!(received.len(), wanted.len());
}

/// Checks the parts of a show, one for each connection: together they are the whole, what is in two
/// of them is a group of pictures and what was on its way at most, and no time stamp goes back.
#[track_caller]
pub(crate) fn check_parts(parts: &[Vec<Packet>], wanted: &[Wanted]) {
    /// The distance of key frames in the fixtures, in ms.
    const GOP: i64 = 1000;
    /// What a connection may hold, in ms: a second, or the 32 KiB that `DialPolicy::for_bit_rate`
    /// has at least, which at the rate of the fixtures is more.
    const ON_ITS_WAY: i64 = 2200;
    let mut end = 0;
    let mut last = 0;
    for (number, part) in parts
        .iter()
        .enumerate()
        .filter(|(_, part)| !part.is_empty())
    {
        let (start, shift) = check_run(part, wanted);
        assert!(start <= end, "part {number}: {} packets lost", start - end);
        assert!(shift >= 0, "part {number}: {shift}");
        assert!(
            part[0].timestamp_ms >= last,
            "part {number}: time stamps go back"
        );
        if end > 0 {
            assert!(wanted[start].key_frame, "part {number}");
            let repeated = wanted[end - 1].dts - wanted[start].dts;
            assert!(
                repeated <= GOP + ON_ITS_WAY,
                "part {number}: {repeated} ms repeated"
            );
        }
        end = end.max(start + part.len());
        last = part[part.len() - 1].timestamp_ms;
    }
    assert_eq!(end, wanted.len(), "the end is missing");
}
