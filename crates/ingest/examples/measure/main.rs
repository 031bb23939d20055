//! An ingest for scripts: it counts what it receives and when, and makes faults on request.
//!
//! `cargo run --release -p ingest --example measure -- --listen 127.0.0.1:0 --report report.json`
//!
//! It prints `listening on ADDRESS` and, when it is told to stop (SIGTERM, SIGINT), writes the
//! report: an array with an object for each publish, in order. Any stream key may publish; none is
//! ever printed or written.
//!
//! Without `--fault` and `--record` payloads are skipped and not read, so that a hundred
//! connections cost little. With one of them it is the rehearsal ingest of this crate.

mod chunks;
mod faults;
mod meter;
mod rehearse;
mod report;
mod tls;

use std::{error::Error, net::SocketAddr, path::PathBuf};

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use faults::FaultSpec;

/// Measures what is published to it, and makes faults.
#[derive(Parser)]
struct Arguments {
    /// Where to listen; port 0 lets the system choose.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Speaks RTMPS with this certificate chain and private key (PEM).
    #[arg(long, num_args = 2, value_names = ["CERTIFICATE", "KEY"])]
    tls: Option<Vec<PathBuf>>,
    /// Where the report is written.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Writes an FLV file for each publish into this directory.
    #[arg(long, value_name = "DIRECTORY")]
    record: Option<PathBuf>,
    /// A fault: cut:AT[:AWAY], stall:AT, half-close:AT or go-away:AT (AT and AWAY in seconds of
    /// media; one for each publish, in their order); refuse, stall-reading, slow:BYTES-PER-SECOND,
    /// never-acknowledge, reject-connect, reject-publish:CODE:WORDS, close-before-publish-start,
    /// silent-from:handshake|connect|publish, window:BYTES, bandwidth:BYTES, codecs:hvc1,av01,
    /// receive-buffer:BYTES, one-at-a-time.
    #[arg(long, value_name = "FAULT")]
    fault: Vec<FaultSpec>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let tls = match arguments.tls.as_deref() {
        Some([certificate, key]) => Some(tls::server(certificate, key)?),
        _ => None,
    };
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let told = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let plain = arguments.fault.is_empty() && arguments.record.is_none();
    let measured = if plain {
        meter::run(arguments.listen, tls, told).await?
    } else {
        rehearse::run(
            arguments.listen,
            tls,
            arguments.record,
            arguments.fault,
            told,
        )
        .await?
    };
    if let Some(path) = &arguments.report {
        std::fs::write(path, report::json(&measured))?;
    }
    Ok(())
}
