//! The rehearsal ingest with its faults, measured by what it keeps of each packet.

use std::{error::Error, net::SocketAddr, path::PathBuf, sync::Arc};

use ingest::{Ingest, Keep, Options};
use rustls::ServerConfig;

use crate::{faults::FaultSpec, report::Measured};

/// Takes all that comes until it is told to stop.
pub(crate) async fn run(
    address: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    record_to: Option<PathBuf>,
    faults: Vec<FaultSpec>,
    told: impl Future<Output = ()>,
) -> Result<Vec<Measured>, Box<dyn Error>> {
    let mut options = Options {
        tls,
        record_to,
        keep: Keep::Facts,
        ..Options::default()
    };
    for fault in faults {
        fault.apply(&mut options)?;
    }
    let ingest = Ingest::bind(address, options).await?;
    println!("listening on {}", ingest.address());
    told.await;
    ingest.shutdown().await;
    let publishes = ingest.publishes().into_iter().map(|publish| {
        let mut measured = Measured::new(publish.stream);
        measured.video = publish.video_packets;
        measured.audio = publish.audio_packets;
        measured.sequence_headers = publish.sequence_headers;
        measured.bytes = publish.payload_bytes;
        measured.ended = publish
            .ended
            .map(|ended| format!("{:?}", ended.how).to_lowercase());
        for packet in ingest.packets(publish.number) {
            if !packet.sequence_header {
                let arrived = packet.arrived;
                measured.packet(packet.timestamp_ms, arrived.instant, || arrived.wall);
            }
        }
        measured
    });
    Ok(publishes.collect())
}
