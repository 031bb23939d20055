//! Prints the packets of a video as they would be sent, one line of JSON each: track, decoding
//! and composition time in ms, size, key frame, the start of the SHA-256 of the payload.
//! `ci/compare-with-ffmpeg.sh` compares them with those of `ffmpeg -c copy -f flv`.
//!
//! `cargo run -p streamer --example packets -- FILE|URL [--quiet]`

use std::process::ExitCode;

use broadcast::{Failure, FailureKind, MediaTime, SourceUrl};
use ring::digest;
use streamer::{
    address::AddressPolicy,
    media::{Movie, MovieOptions, TrackKind, flv},
    source::{Source, SourceOptions},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let place = arguments.next().unwrap_or_default();
    let quiet = arguments.next().is_some();
    match print(&place, quiet).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.kind.exit_code())
        }
    }
}

async fn print(place: &str, quiet: bool) -> Result<(), Failure> {
    let bad =
        |error: &dyn std::error::Error| Failure::new(FailureKind::BadRequest, error.to_string());
    let url: SourceUrl = match place.contains("://") {
        true => place.parse().map_err(|error| bad(&error))?,
        false => {
            let path = std::path::absolute(place).map_err(|error| bad(&error))?;
            SourceUrl::file(&path).map_err(|error| bad(&error))?
        }
    };
    let options = SourceOptions {
        addresses: AddressPolicy::PRIVATE_TOO,
        allow_plain_http: true,
        ..SourceOptions::default()
    };
    let movie = Movie::open(Source::open(&url, options).await?, &MovieOptions::default()).await?;
    eprintln!("{:?}\n{:?}", movie.video, movie.audio);
    eprintln!(
        "{}, warnings: {:?}; {}",
        movie.duration,
        movie.warnings,
        memory()
    );
    let mut packets = movie.packets(MediaTime::ZERO);
    let (mut count, mut bytes) = (0_u64, 0_u64);
    while let Some(packet) = packets.next().await? {
        count += 1;
        bytes += packet.data.len() as u64;
        if quiet {
            continue;
        }
        let track = match packet.track {
            TrackKind::Video => "video",
            TrackKind::Audio => "audio",
        };
        let dts = i64::from(flv::timestamp_ms(packet.dts));
        let offset = match *flv::tag_body(&packet, movie.video.codec).header() {
            [_, _, _, _, _, a, b, c] | [..0x80, _, a, b, c] => {
                i64::from(i32::from_be_bytes([a, b, c, 0]) >> 8)
            }
            _ => 0,
        };
        let hash = digest::digest(&digest::SHA256, &packet.data);
        let hash: String = hash.as_ref()[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        println!(
            "[\"{track}\",{dts},{},{},{},\"{hash}\"]",
            dts + offset,
            packet.data.len(),
            packet.key_frame
        );
    }
    eprintln!("{count} packets, {bytes} bytes; {}", memory());
    Ok(())
}

/// What the kernel says of this process's memory.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let lines = status
        .lines()
        .filter(|line| line.starts_with("VmHWM") || line.starts_with("Rss"));
    lines
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join(", ")
}
