//! Writes a video as an FLV file, tag for tag what an ingest would get.
//!
//! `cargo run -p streamer --example programme -- FILE|URL OUT.flv [--audio N] [--silence]
//! [--head SECONDS] [--tail SECONDS] [--from SECONDS]`

use std::{error::Error, fs::File, io::Write, process::ExitCode, time::Duration};

use broadcast::SourceUrl;
use streamer::{
    address::AddressPolicy,
    media::{Arrangement, Movie, MovieOptions, Programme, TrackKind, flv},
    rtmp::amf0::{self, Value},
    source::{Source, SourceOptions},
};

const AUDIO: u8 = 8;
const VIDEO: u8 = 9;
const SCRIPT: u8 = 18;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match write().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn write() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let place = arguments.next().ok_or("which video?")?;
    let out = arguments.next().ok_or("into which file?")?;
    let mut options = MovieOptions::default();
    let mut arrangement = Arrangement::default();
    let mut from = Duration::ZERO;
    while let Some(option) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{option} wants a number"));
        match option.as_str() {
            "--silence" => arrangement.silence = true,
            "--audio" => options.audio_track = Some(value()?.parse()?),
            "--head" => arrangement.head = Duration::try_from_secs_f64(value()?.parse()?)?,
            "--tail" => arrangement.tail = Duration::try_from_secs_f64(value()?.parse()?)?,
            "--from" => from = Duration::try_from_secs_f64(value()?.parse()?)?,
            _ => return Err(format!("what is {option}?").into()),
        }
    }
    let programme = open(&place, &options, arrangement).await?;
    for warning in programme.warnings() {
        eprintln!("warning: {warning}");
    }

    let mut file = std::io::BufWriter::new(File::create(out)?);
    file.write_all(b"FLV\x01\x05\0\0\0\x09\0\0\0\0")?;
    tag(&mut file, SCRIPT, 0, &[&script(&programme)])?;
    let header = flv::video_sequence_header(programme.video());
    tag(&mut file, VIDEO, 0, &[&header])?;
    if let Some(audio) = programme.audio() {
        tag(&mut file, AUDIO, 0, &[&flv::audio_sequence_header(audio)])?;
    }
    let mut packets = programme.packets(from.into());
    while let Some(packet) = packets.next().await? {
        let kind = match packet.track {
            TrackKind::Video => VIDEO,
            TrackKind::Audio => AUDIO,
        };
        let body = flv::tag_body(&packet, programme.video().codec);
        let time = flv::timestamp_ms(packet.dts);
        tag(&mut file, kind, time, &[body.header(), &body.payload])?;
    }
    file.flush()?;
    Ok(())
}

async fn open(
    place: &str,
    options: &MovieOptions,
    arrangement: Arrangement,
) -> Result<Programme, Box<dyn Error>> {
    let url: SourceUrl = match place.contains("://") {
        true => place.parse()?,
        false => SourceUrl::file(&std::path::absolute(place)?)?,
    };
    let from = SourceOptions {
        addresses: AddressPolicy::PRIVATE_TOO,
        allow_plain_http: true,
        ..SourceOptions::default()
    };
    let movie = Movie::open(Source::open(&url, from).await?, options).await?;
    Ok(Programme::new(movie, arrangement).await?)
}

fn script(programme: &Programme) -> Vec<u8> {
    let values = flv::metadata(programme).into_iter().map(|(name, value)| {
        let value = match value {
            flv::MetadataValue::Number(number) => Value::Number(number),
            flv::MetadataValue::Boolean(boolean) => Value::Boolean(boolean),
            flv::MetadataValue::String(text) => Value::String(text),
        };
        (name.to_owned(), value)
    });
    let mut script = Vec::new();
    amf0::encode(&mut script, &Value::String("onMetaData".to_owned()));
    amf0::encode(&mut script, &Value::EcmaArray(values.collect()));
    script
}

/// One tag and its size (Adobe's "Video File Format Specification Version 10.1", E.4.1).
fn tag(out: &mut impl Write, kind: u8, time: u32, parts: &[&[u8]]) -> std::io::Result<()> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let [extension, high, middle, low] = time.to_be_bytes();
    let size = (length as u32).to_be_bytes();
    out.write_all(&[
        kind, size[1], size[2], size[3], high, middle, low, extension, 0, 0, 0,
    ])?;
    for part in parts {
        out.write_all(part)?;
    }
    out.write_all(&(length as u32 + 11).to_be_bytes())
}
