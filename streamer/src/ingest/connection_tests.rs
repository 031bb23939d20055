//! Ingests that stop taking.

use std::{net::SocketAddr, sync::Arc};

use ::ingest::{After, Behaviour, Fault, Ingest as Rehearsal, Options};

use super::*;
use crate::{address::AddressPolicy, ingest::error::LinkError};

/// The time within which a dead ingest must be noticed.
const NOTICED: Duration = Duration::from_secs(15);

#[path = "../../tests/support/certificate.rs"]
mod certificate;

/// Sends so many bits per second until the connection is found dead; how long after the ingest
/// stopped reading.
async fn time_to_notice(
    bit_rate: u64,
    acknowledge: bool,
    tls: Option<&certificate::Certificate>,
) -> Duration {
    let mut behaviour = Behaviour::default();
    behaviour.acknowledge = acknowledge;
    let ingest = Rehearsal::bind(
        SocketAddr::from(([127, 0, 0, 1], 0)),
        Options {
            behaviour,
            faults: vec![Fault::Stall {
                after: After::Packets(30),
            }],
            tls: tls.map(|tls| Arc::clone(&tls.server)),
            ..Options::default()
        },
    )
    .await
    .unwrap();
    let policy = DialPolicy {
        ca_file: tls.map(|tls| tls.ca_file.clone()),
        ..DialPolicy::new(AddressPolicy::PRIVATE_TOO).for_bit_rate(bit_rate)
    };
    let url = ingest.url("live").parse().unwrap();
    let mut connection = Connection::open(&url, &StreamKey::new("key"), &policy)
        .await
        .unwrap();
    let mut stalled = None;
    let frame = vec![0; usize::try_from(bit_rate / 8 / 30).unwrap()];
    let mut due = Instant::now();
    for number in 0_u32.. {
        due += Duration::from_micros(33_333);
        tokio::time::sleep_until(due).await;
        connection
            .queue_video(number * 33, &[&[0x27, 1, 0, 0, 0], &frame])
            .unwrap();
        if number == 30 {
            stalled = Some(Instant::now());
        }
        while let Ok(Some(_)) = connection.try_event() {}
        match connection.flush().await {
            Ok(()) => {}
            Err(LinkError::Stalled(_)) => break,
            Err(LinkError::Io(error)) if error.kind() == io::ErrorKind::TimedOut => break,
            Err(error) => panic!("{error:?}"),
        }
    }
    stalled.unwrap().elapsed()
}

#[tokio::test]
async fn an_ingest_that_reads_nothing_is_noticed() {
    let tls = certificate::certificate("127.0.0.1");
    let times = tokio::join!(
        time_to_notice(6_000_000, true, None),
        time_to_notice(6_000_000, false, None),
        time_to_notice(6_000_000, true, Some(&tls)),
        time_to_notice(6_000_000, false, Some(&tls)),
        // Without a send buffer of our own.
        time_to_notice(20_000_000, true, None),
        time_to_notice(20_000_000, false, None),
    );
    let (a, b, c, d, e, f) = times;
    for time in [a, b, c, d, e, f] {
        assert!(time < NOTICED, "{time:?}");
    }
}
