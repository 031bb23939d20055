//! Writes what would be sent of videos as FLV files, as a recording ingest would, at full speed.
//! `ci/same-as-ffmpeg.py` compares them with those of `ffmpeg -c copy -f flv`.
//!
//! `cargo run -p streamer --example flv -- [--audio N] IN OUT [[--audio N] IN OUT]…`

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
    process::ExitCode,
};

use broadcast::{Failure, FailureKind, MediaTime, SourceUrl};
use streamer::{
    media::{
        Movie, MovieOptions, Programme, TrackKind,
        flv::{self, MetadataValue},
    },
    rtmp::amf0::{self, Value},
    source::{Source, SourceOptions},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).peekable();
    let mut code = ExitCode::SUCCESS;
    while arguments.peek().is_some() {
        let mut options = MovieOptions::default();
        if arguments
            .next_if(|argument| argument == "--audio")
            .is_some()
        {
            options.audio_track = arguments.next().and_then(|number| number.parse().ok());
        }
        let from = arguments.next().unwrap_or_default();
        let to = arguments.next().unwrap_or_default();
        if let Err(failure) = copy(&from, &to, options).await {
            eprintln!("{from}: {failure}");
            code = ExitCode::from(failure.kind.exit_code());
        }
    }
    code
}

async fn copy(from: &str, to: &str, options: MovieOptions) -> Result<(), Failure> {
    let from = std::path::absolute(from).map_err(|error| bad(&error))?;
    let url = SourceUrl::file(&from).map_err(|error| bad(&error))?;
    let source = Source::open(&url, SourceOptions::default()).await?;
    let movie = Movie::open(source, &options).await?;
    for warning in &movie.warnings {
        eprintln!("{}: {warning}", from.display());
    }
    let programme = Programme::from(movie);
    let mut out = Flv::create(Path::new(to)).map_err(|error| bad(&error))?;
    write(&programme, &mut out).await
}

async fn write(programme: &Programme, out: &mut Flv) -> Result<(), Failure> {
    let told = |error: io::Error| bad(&error);
    let video = programme.video();
    out.tag(SCRIPT, 0, &[&metadata(programme)]).map_err(told)?;
    let header = flv::video_sequence_header(video);
    out.tag(VIDEO, 0, &[&header]).map_err(told)?;
    if let Some(audio) = programme.audio() {
        let header = flv::audio_sequence_header(audio);
        out.tag(AUDIO, 0, &[&header]).map_err(told)?;
    }
    let mut packets = programme.packets(MediaTime::ZERO);
    while let Some(packet) = packets.next().await? {
        let kind = match packet.track {
            TrackKind::Video => VIDEO,
            TrackKind::Audio => AUDIO,
        };
        let body = flv::tag_body(&packet, video.codec);
        let timestamp = flv::timestamp_ms(packet.dts);
        out.tag(kind, timestamp, &[body.header(), &body.payload])
            .map_err(told)?;
    }
    out.0.flush().map_err(told)
}

fn metadata(programme: &Programme) -> Vec<u8> {
    let values = flv::metadata(programme).into_iter();
    let properties = values.map(|(name, value)| {
        let value = match value {
            MetadataValue::Number(number) => Value::Number(number),
            MetadataValue::Boolean(boolean) => Value::Boolean(boolean),
            MetadataValue::String(text) => Value::String(text),
        };
        (name.to_owned(), value)
    });
    let mut body = Vec::new();
    amf0::encode(&mut body, &Value::String("onMetaData".to_owned()));
    amf0::encode(&mut body, &Value::EcmaArray(properties.collect()));
    body
}

const AUDIO: u8 = 8;
const VIDEO: u8 = 9;
const SCRIPT: u8 = 18;

/// Adobe's "Video File Format Specification Version 10.1", annex E.
struct Flv(BufWriter<File>);

impl Flv {
    fn create(path: &Path) -> io::Result<Self> {
        let mut out = BufWriter::new(File::create(path)?);
        out.write_all(b"FLV\x01\x05\0\0\0\x09\0\0\0\0")?;
        Ok(Self(out))
    }

    fn tag(&mut self, kind: u8, timestamp: u32, parts: &[&[u8]]) -> io::Result<()> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let size = u32::try_from(length)
            .ok()
            .filter(|size| *size < 1 << 24)
            .ok_or_else(|| io::Error::other("a packet is too large for FLV"))?;
        let [extension, a, b, c] = timestamp.to_be_bytes();
        self.0.write_all(&[kind])?;
        self.0.write_all(&size.to_be_bytes()[1..])?;
        self.0.write_all(&[a, b, c, extension, 0, 0, 0])?;
        for part in parts {
            self.0.write_all(part)?;
        }
        self.0.write_all(&(size + 11).to_be_bytes())
    }
}

fn bad(error: &dyn std::error::Error) -> Failure {
    Failure::new(FailureKind::BadRequest, error.to_string())
}
