//! What the index of a long video costs: memory, requests, bytes, time. See `docs/sources.md`.
//!
//! ```text
//! cargo run -p streamer --example index -- make plain|fragments|indexed HOURS FILE
//! cargo run -p streamer --example index -- open FILE [MILLISECONDS]
//! ```
//!
//! `make` writes a file whose index is whole and whose media is a hole that takes no room on disk.
//! `open` opens it; with a number of milliseconds over HTTP, from a server that answers as late.

mod make;
mod serve;

use std::{error::Error, path::Path, time::Duration, time::Instant};

use broadcast::SourceUrl;
use streamer::{
    address::AddressPolicy,
    media::{Movie, MovieOptions},
    source::{Source, SourceOptions},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["make", kind, hours, file] => make::make(kind, hours.parse()?, Path::new(file))?,
        ["open", file] => open(SourceUrl::file(&std::path::absolute(file)?)?).await?,
        ["open", file, delay] => {
            let delay = Duration::from_millis(delay.parse()?);
            let address = serve::serve(Path::new(file), delay).await?;
            open(format!("http://{address}/video.mp4").parse()?).await?;
        }
        _ => return Err("see the first lines of streamer/examples/index/main.rs".into()),
    }
    Ok(())
}

async fn open(url: SourceUrl) -> Result<(), Box<dyn Error>> {
    let options = SourceOptions {
        addresses: AddressPolicy::PRIVATE_TOO,
        allow_plain_http: true,
        ..SourceOptions::default()
    };
    let before = memory("VmRSS");
    let started = Instant::now();
    let source = Source::open(&url, options).await?;
    let movie = Movie::open(source.clone(), &MovieOptions::default()).await?;
    let packets = movie.video.frames + movie.audio.as_ref().map_or(0, |audio| audio.frames);
    println!(
        "{}: {packets} packets, opened in {:.2?}",
        movie.duration,
        started.elapsed()
    );
    println!(
        "{} requests, {:.1} MB read",
        source.requests(),
        source.bytes_read() as f64 / 1e6
    );
    println!(
        "index {:.1} MB, {:.2} bytes a packet; the process {before} kB before, {} kB after, \
         {} kB at most",
        movie.index_size() as f64 / 1e6,
        movie.index_size() as f64 / packets as f64,
        memory("VmRSS"),
        memory("VmHWM"),
    );
    Ok(())
}

/// A line of what the kernel says of this process's memory, in kB.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name));
    let number = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    number.unwrap_or(0)
}
