use std::{
    fs::{File, OpenOptions},
    io::{self, BufWriter, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use crate::{Kind, Metadata};

/// Writes an FLV file (Video File Format Specification 10.1, annex E): header, script tag, and the
/// tags as they come. Until it is finished the script tag says a duration of zero.
pub(crate) struct FlvWriter {
    file: BufWriter<File>,
    path: PathBuf,
    written: u64,
    first_timestamp: Option<u32>,
    last_timestamp: u32,
}

const TAG_AUDIO: u8 = 8;
const TAG_VIDEO: u8 = 9;
const TAG_SCRIPT: u8 = 18;

/// Where the first script tag's `duration` and `filesize` are: file header 9, previous tag size 4,
/// tag header 11, `onMetaData` 13, array header 5, then name (2 + 8), marker, value for each.
const DURATION_AT: u64 = 9 + 4 + 11 + 13 + 5 + 10 + 1;
const FILE_SIZE_AT: u64 = DURATION_AT + 8 + 10 + 1;

impl FlvWriter {
    /// Creates `<directory>/<name>.flv`, or with a number behind the name if that exists, and
    /// writes what comes before the media.
    pub(crate) fn create(directory: &Path, name: &str, metadata: &Metadata) -> io::Result<Self> {
        let (file, path) = create_new(directory, name)?;
        let mut writer = Self {
            file: BufWriter::with_capacity(64 * 1024, file),
            path,
            written: 0,
            first_timestamp: None,
            last_timestamp: 0,
        };
        const HAS_AUDIO_AND_VIDEO: u8 = 0b101;
        writer.write(b"FLV\x01")?;
        writer.write(&[HAS_AUDIO_AND_VIDEO])?;
        writer.write(&9_u32.to_be_bytes())?;
        writer.write(&0_u32.to_be_bytes())?;
        writer.script(metadata)?;
        Ok(writer)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn script(&mut self, metadata: &Metadata) -> io::Result<()> {
        let timestamp = self.last_timestamp;
        self.raw_tag(TAG_SCRIPT, timestamp, &on_metadata(metadata))
    }

    pub(crate) fn media(&mut self, kind: Kind, timestamp: u32, body: &[u8]) -> io::Result<()> {
        self.first_timestamp.get_or_insert(timestamp);
        self.last_timestamp = timestamp;
        match kind {
            Kind::Video => self.raw_tag(TAG_VIDEO, timestamp, body),
            Kind::Audio => self.raw_tag(TAG_AUDIO, timestamp, body),
        }
    }

    /// Makes what was written so far readable by others.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }

    /// Writes the rest, and duration and size into the script tag.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        let first = self.first_timestamp.unwrap_or(self.last_timestamp);
        let milliseconds = self.last_timestamp.wrapping_sub(first);
        self.patch(DURATION_AT, f64::from(milliseconds) / 1000.0)?;
        self.patch(FILE_SIZE_AT, self.written as f64)?;
        self.file.flush()
    }

    fn patch(&mut self, at: u64, number: f64) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(at))?;
        self.file.write_all(&number.to_be_bytes())
    }

    fn raw_tag(&mut self, tag_type: u8, timestamp: u32, body: &[u8]) -> io::Result<()> {
        // RTMP's own limit on a message is the same 24 bits.
        let length = u32::try_from(body.len()).map_err(io::Error::other)?;
        let [time_high, time @ ..] = timestamp.to_be_bytes();
        self.write(&[tag_type])?;
        self.write(&length.to_be_bytes()[1..])?;
        self.write(&time)?;
        self.write(&[time_high])?;
        self.write(&[0, 0, 0])?;
        self.write(body)?;
        self.write(&(length + 11).to_be_bytes())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len() as u64;
        self.file.write_all(bytes)
    }
}

fn create_new(directory: &Path, name: &str) -> io::Result<(File, PathBuf)> {
    let mut path = directory.join(format!("{name}.flv"));
    for again in 2.. {
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((file, path)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                path = directory.join(format!("{name}-{again}.flv"));
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// `onMetaData` in AMF0; `duration` and `filesize` come first, where [`FlvWriter::finish`] seeks.
fn on_metadata(metadata: &Metadata) -> Vec<u8> {
    const STRING: u8 = 2;
    const ECMA_ARRAY: u8 = 8;
    let Metadata {
        width,
        height,
        frame_rate,
        video_codec_id,
        video_data_rate,
        audio_codec_id,
        audio_data_rate,
        audio_sample_rate,
        stereo,
        encoder,
    } = metadata;
    let mut entries = Entries::default();
    entries.number("duration", Some(0.0));
    entries.number("filesize", Some(0.0));
    entries.number("width", width.map(f64::from));
    entries.number("height", height.map(f64::from));
    entries.number("framerate", frame_rate.map(f64::from));
    entries.number("videocodecid", video_codec_id.map(f64::from));
    entries.number("videodatarate", video_data_rate.map(f64::from));
    entries.number("audiocodecid", audio_codec_id.map(f64::from));
    entries.number("audiodatarate", audio_data_rate.map(f64::from));
    entries.number("audiosamplerate", audio_sample_rate.map(f64::from));
    entries.boolean("stereo", *stereo);
    entries.string("encoder", encoder.as_deref());

    let mut bytes = vec![STRING];
    bytes.extend(short_string("onMetaData"));
    bytes.push(ECMA_ARRAY);
    bytes.extend(entries.count.to_be_bytes());
    bytes.extend(entries.bytes);
    bytes.extend([0, 0, 9]);
    bytes
}

/// Properties of an AMF0 array; those without a value are left out.
#[derive(Default)]
struct Entries {
    count: u32,
    bytes: Vec<u8>,
}

impl Entries {
    fn number(&mut self, name: &str, value: Option<f64>) {
        self.property(name, 0, value.map(|value| value.to_be_bytes().to_vec()));
    }

    fn boolean(&mut self, name: &str, value: Option<bool>) {
        self.property(name, 1, value.map(|value| vec![u8::from(value)]));
    }

    fn string(&mut self, name: &str, value: Option<&str>) {
        self.property(name, 2, value.map(short_string));
    }

    fn property(&mut self, name: &str, marker: u8, value: Option<Vec<u8>>) {
        let Some(value) = value else { return };
        self.count += 1;
        self.bytes.extend(short_string(name));
        self.bytes.push(marker);
        self.bytes.extend(value);
    }
}

/// Length in two bytes, then the text; what is longer is cut off.
fn short_string(text: &str) -> Vec<u8> {
    let end = text.floor_char_boundary(usize::from(u16::MAX));
    let mut bytes = (end as u16).to_be_bytes().to_vec();
    bytes.extend(&text.as_bytes()[..end]);
    bytes
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{DURATION_AT, FILE_SIZE_AT, FlvWriter};
    use crate::{Kind, Metadata};

    fn number(bytes: &[u8], at: u64) -> f64 {
        let at = usize::try_from(at).unwrap();
        f64::from_be_bytes(bytes[at..at + 8].try_into().unwrap())
    }

    #[test]
    fn finishing_tells_duration_and_size() {
        let directory = tempfile::tempdir().unwrap();
        let metadata = Metadata {
            width: Some(1920),
            ..Metadata::default()
        };
        let mut writer = FlvWriter::create(directory.path(), "show", &metadata).unwrap();
        writer.media(Kind::Video, 1_000, &[0x17, 0]).unwrap();
        writer.media(Kind::Audio, 3_500, &[0xaf, 1]).unwrap();
        let path = writer.path().to_owned();
        writer.finish().unwrap();

        let bytes = fs::read(path).unwrap();
        assert_eq!(number(&bytes, DURATION_AT), 2.5);
        assert_eq!(number(&bytes, FILE_SIZE_AT), bytes.len() as f64);
    }

    #[test]
    fn extended_timestamps_have_their_top_byte_last() {
        let directory = tempfile::tempdir().unwrap();
        let metadata = Metadata::default();
        let mut writer = FlvWriter::create(directory.path(), "show", &metadata).unwrap();
        writer.media(Kind::Audio, 0x0102_0304, &[0xaf, 1]).unwrap();
        let path = writer.path().to_owned();
        writer.finish().unwrap();

        let bytes = fs::read(path).unwrap();
        let tag = &bytes[bytes.len() - 11 - 2 - 4..];
        assert_eq!(tag[..8], [8, 0, 0, 2, 2, 3, 4, 1]);
        assert_eq!(tag[11..], [0xaf, 1, 0, 0, 0, 13]);
    }

    #[test]
    fn overwrites_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let names: Vec<_> = (0..3)
            .map(|_| FlvWriter::create(directory.path(), "show", &Metadata::default()).unwrap())
            .map(|writer| writer.path().file_name().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["show.flv", "show-2.flv", "show-3.flv"]);
    }
}
