//! A rehearsal ingest by hand: `cargo run -p ingest --example rehearse -- --record recordings`.
//!
//! Publish to the URL it prints with any stream key; Ctrl-C ends it.

use std::{error::Error, net::SocketAddr, path::PathBuf, time::Duration};

use clap::Parser;
use ingest::{Event, Ingest, Keep, Options, RunningIngest};
use tokio::{signal, sync::broadcast::error::RecvError, time};

/// Takes what is published to it and records it.
#[derive(Parser)]
struct Arguments {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:1935")]
    listen: SocketAddr,
    /// Writes an FLV file for each publish into this directory.
    #[arg(long, value_name = "DIRECTORY")]
    record: Option<PathBuf>,
    /// Reads nothing at all, as an ingest that hangs.
    #[arg(long)]
    stall: bool,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt::init();
    let options = Options {
        record_to: arguments.record,
        keep: Keep::Nothing,
        ..Options::default()
    };
    let ingest = Ingest::bind(arguments.listen, options).await?;
    ingest.stall_reading(arguments.stall);
    println!("publish to {} with any stream key", ingest.url("live"));
    tokio::select! {
        () = follow(&ingest) => {}
        interrupted = signal::ctrl_c() => interrupted?,
    }
    ingest.shutdown().await;
    for recording in ingest.recordings() {
        println!("recorded {}", recording.display());
    }
    Ok(())
}

/// Prints what happens, and how it goes every five seconds.
async fn follow(ingest: &RunningIngest) {
    let mut events = ingest.events();
    let mut every = time::interval(Duration::from_secs(5));
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Ok(event) => print(&event),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
            _ = every.tick() => progress(ingest),
        }
    }
}

fn print(event: &Event) {
    match event {
        Event::Connected => println!("connected"),
        Event::ConnectRejected => println!("connect rejected"),
        Event::PublishRejected => println!("publish rejected"),
        Event::PublishStarted { publish } => println!("publish {publish} started"),
        Event::FirstMedia { publish, .. } => println!("publish {publish} is on air"),
        Event::PublishEnded { publish, how } => println!("publish {publish} ended: {how:?}"),
        _ => {}
    }
}

fn progress(ingest: &RunningIngest) {
    for publish in ingest.publishes() {
        if publish.ended.is_none() {
            println!(
                "publish {}: {} video and {} audio packets, {} bytes",
                publish.number, publish.video_packets, publish.audio_packets, publish.payload_bytes
            );
        }
    }
}
