//! Publishes a video to RTMP(S) ingests without anything around it, for measuring.
//! The key, the same for all, comes from standard input. Prints the last update.
//!
//! `echo KEY | cargo run -p streamer --example publish -- FILE|URL SECONDS_AHEAD INGEST...`
//!
//! With fewer than zero seconds the show has been on air for so long: it goes on from its second
//! second, with the time stamps of now.

use std::{io, process::ExitCode, time::Duration};

use broadcast::{Failure, FailureKind, MediaTime, SourceUrl, StreamKey};
use chrono::Utc;
use streamer::{
    address::AddressPolicy,
    ingest::DialPolicy,
    media::{Movie, MovieOptions},
    show::{self, Show, ShowDestination, Update},
    source::{Source, SourceOptions},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(io::stderr).init();
    match publish().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{}: {failure}", failure.kind);
            ExitCode::from(failure.kind.exit_code())
        }
    }
}

async fn publish() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let place = arguments.next().unwrap_or_default();
    let ahead: f64 = parse(&arguments.next().unwrap_or_default())?;
    let key = io::read_to_string(io::stdin()).map_err(|error| bad(&error))?;
    let key = StreamKey::new(key.trim());
    let mut destinations = Vec::new();
    for (index, ingest) in arguments.enumerate() {
        let name = format!("ingest {}", index + 1);
        destinations.push(ShowDestination::new(name, parse(&ingest)?, key.clone()));
    }

    let url: SourceUrl = if place.contains("://") {
        parse(&place)?
    } else {
        let path = std::path::absolute(place).map_err(|error| bad(&error))?;
        SourceUrl::file(&path).map_err(|error| bad(&error))?
    };
    let movie = Movie::open(
        Source::open(&url, SourceOptions::default()).await?,
        &MovieOptions::default(),
    )
    .await?;
    let since = Duration::from_secs_f64(ahead.abs());
    let air_time = if ahead < 0.0 {
        Utc::now() - since
    } else {
        Utc::now() + since
    };
    let dial = DialPolicy::new(AddressPolicy::PRIVATE_TOO);
    let mut show = Show::new(movie, destinations, air_time, dial);
    if ahead < 0.0 {
        show.start_at = MediaTime::from_millis(1_000);
    }

    let stop = CancellationToken::new();
    let stopper = stop.clone();
    tokio::spawn(async move {
        // Without a signal handler the show merely goes on.
        if tokio::signal::ctrl_c().await.is_ok() {
            stopper.cancel();
        }
    });
    let (updates, last) = watch::channel(Update::default());
    let result = show::run(show, updates, stop).await;
    println!("{:#?}", *last.borrow());
    result.map(|_| ())
}

fn parse<T>(text: &str) -> Result<T, Failure>
where
    T: std::str::FromStr<Err: std::error::Error>,
{
    text.parse().map_err(|error| bad(&error))
}

fn bad(error: &dyn std::error::Error) -> Failure {
    Failure::new(FailureKind::BadRequest, error.to_string())
}
