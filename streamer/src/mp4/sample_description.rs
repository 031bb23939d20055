//! What a track's samples are: `stsd`.

use bytes::Bytes;
use mp4_atom::{Atom, Avcc, Decode, DecodeMaybe, Header, Mp4a, Visual};

use super::error::Refusal;

/// One entry of the sample description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Avc(AvcDescription),
    Aac(AacDescription),
    /// Known to be something that is not sent.
    Refused(Refusal),
}

/// H.264 with its parameter sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AvcDescription {
    pub(crate) config: Bytes,
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) profile: u8,
    pub(crate) level: u8,
}

/// AAC-LC with its AudioSpecificConfig.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AacDescription {
    pub(crate) config: Bytes,
    pub(crate) sample_rate: u32,
    pub(crate) channels: u8,
}

/// Which table of codec names applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handler {
    Video,
    Audio,
}

/// The entries of an `stsd` body.
pub(crate) fn read_entries(stsd: &Bytes, handler: Handler) -> Result<Vec<Entry>, Refusal> {
    const MOST_ENTRIES: usize = 64;
    // Version, flags and the number of entries; the entries themselves say where they end.
    let entries = stsd.get(8..).ok_or(DAMAGED)?;
    let mut read = Vec::new();
    for (kind, body) in child_boxes(stsd, entries) {
        if read.len() == MOST_ENTRIES {
            return Err(Refusal::TooLarge("sample descriptions"));
        }
        read.push(match handler {
            Handler::Video => video_entry(&kind, &body),
            Handler::Audio => audio_entry(&kind, &body),
        });
    }
    if read.is_empty() {
        return Err(DAMAGED);
    }
    Ok(read)
}

fn video_entry(kind: &[u8; 4], body: &Bytes) -> Entry {
    match kind {
        b"avc1" => avc(body).map_or_else(Entry::Refused, Entry::Avc),
        b"avc3" | b"avc4" => Entry::Refused(Refusal::ParameterSetsInStream),
        b"encv" | b"drmi" => Entry::Refused(Refusal::Encrypted("video")),
        _ => Entry::Refused(Refusal::VideoCodec(codec_name(kind))),
    }
}

fn avc(body: &Bytes) -> Result<AvcDescription, Refusal> {
    let mut rest: &[u8] = body;
    let visual = Visual::decode(&mut rest).map_err(|_| DAMAGED)?;
    let config = child_boxes(body, rest)
        .find_map(|(kind, body)| (&kind == b"avcC").then_some(body))
        .ok_or(Refusal::ParameterSetsInStream)?;
    let mut fields: &[u8] = &config;
    let avcc = Avcc::decode_body(&mut fields)
        .map_err(|_| Refusal::Damaged("the decoder configuration of the video"))?;
    if avcc.sequence_parameter_sets.is_empty() || avcc.picture_parameter_sets.is_empty() {
        return Err(Refusal::ParameterSetsInStream);
    }
    Ok(AvcDescription {
        width: visual.width,
        height: visual.height,
        profile: avcc.avc_profile_indication,
        level: avcc.avc_level_indication,
        config,
    })
}

fn audio_entry(kind: &[u8; 4], body: &Bytes) -> Entry {
    match kind {
        b"mp4a" => aac(body).map_or_else(Entry::Refused, Entry::Aac),
        b"enca" | b"drms" => Entry::Refused(Refusal::Encrypted("audio")),
        _ => Entry::Refused(Refusal::AudioCodec(codec_name(kind))),
    }
}

fn aac(body: &Bytes) -> Result<AacDescription, Refusal> {
    let mut fields: &[u8] = body;
    // Finds `esds` also within QuickTime's `wave`.
    let entry = Mp4a::decode_body(&mut fields)
        .map_err(|_| Refusal::Damaged("the decoder configuration of the audio"))?;
    let decoder = &entry.esds.es_desc.dec_config;
    match decoder.object_type_indication {
        // MPEG-4 audio and MPEG-2 AAC LC.
        0x40 | 0x67 => {}
        0x66 | 0x68 => return Err(Refusal::AudioCodec("AAC Main or SSR".to_owned())),
        0x69 | 0x6b => return Err(Refusal::AudioCodec("MP3".to_owned())),
        other => {
            return Err(Refusal::AudioCodec(format!(
                "of MPEG object type {other:#x}"
            )));
        }
    }
    let config = decoder
        .dec_specific
        .as_ref()
        .map(|specific| Bytes::from(specific.raw.clone()))
        .ok_or(Refusal::Damaged("no AudioSpecificConfig"))?;
    let parsed = AudioSpecificConfig::read(&config)
        .ok_or(Refusal::Damaged("the AudioSpecificConfig is cut off"))?;
    if parsed.object_type != 2 {
        return Err(Refusal::AudioCodec(object_type_name(parsed.object_type)));
    }
    Ok(AacDescription {
        config,
        sample_rate: parsed.sample_rate,
        channels: match parsed.channels {
            // Defined within the stream: the container says how many.
            0 => entry.audio.channel_count.min(255) as u8,
            channels => channels,
        },
    })
}

/// The first fields of ISO/IEC 14496-3, 1.6.2.1.
#[derive(Debug, PartialEq, Eq)]
struct AudioSpecificConfig {
    object_type: u8,
    sample_rate: u32,
    channels: u8,
}

impl AudioSpecificConfig {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut bits = Bits { bytes, at: 0 };
        let object_type = match bits.take(5)? {
            31 => 32 + bits.take(6)?,
            object_type => object_type,
        };
        let sample_rate = match bits.take(4)? {
            15 => bits.take(24)?,
            index => *SAMPLE_RATES.get(index as usize)?,
        };
        let channels = match bits.take(4)? {
            7 => 8,
            channels => channels,
        };
        Some(Self {
            object_type: object_type as u8,
            sample_rate,
            channels: channels as u8,
        })
    }
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }
}

const SAMPLE_RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

fn object_type_name(object_type: u8) -> String {
    match object_type {
        1 => "AAC Main".to_owned(),
        3 => "AAC SSR".to_owned(),
        4 => "AAC LTP".to_owned(),
        5 => "HE-AAC".to_owned(),
        29 => "HE-AAC v2".to_owned(),
        42 => "xHE-AAC".to_owned(),
        other => format!("MPEG-4 audio of object type {other}"),
    }
}

fn codec_name(kind: &[u8; 4]) -> String {
    let name = match kind {
        b"hvc1" | b"hev1" => "HEVC (H.265)",
        b"dvh1" | b"dvhe" => "Dolby Vision on HEVC",
        b"vvc1" | b"vvi1" => "VVC (H.266)",
        b"av01" => "AV1",
        b"vp08" => "VP8",
        b"vp09" => "VP9",
        b"mp4v" => "MPEG-4 Part 2",
        b"s263" | b"h263" => "H.263",
        b"jpeg" | b"mjpa" | b"mjpb" | b"mjpg" => "Motion JPEG",
        b"apcn" | b"apch" | b"apcs" | b"apco" | b"ap4h" | b"ap4x" => "Apple ProRes",
        b"AVdn" | b"AVdh" => "Avid DNx",
        b"sowt" | b"twos" | b"lpcm" | b"in24" | b"in32" | b"fl32" | b"fl64" | b"raw " | b"ipcm"
        | b"fpcm" => "PCM",
        b".mp3" | b"mp3 " | b"ms\0U" => "MP3",
        b"ac-3" => "AC-3",
        b"ec-3" => "E-AC-3",
        b"Opus" => "Opus",
        b"alac" => "Apple Lossless",
        b"fLaC" => "FLAC",
        b"samr" | b"sawb" => "AMR",
        _ => return format!("\"{}\"", kind.escape_ascii()),
    };
    name.to_owned()
}

/// The boxes in `rest`, a tail of `whole`; what is cut off or malformed ends them.
fn child_boxes<'a>(
    whole: &'a Bytes,
    rest: &'a [u8],
) -> impl Iterator<Item = ([u8; 4], Bytes)> + 'a {
    let mut rest = rest;
    std::iter::from_fn(move || {
        let header = Header::decode_maybe(&mut rest).ok()??;
        let size = header.size.unwrap_or(rest.len());
        let body = rest.get(..size)?;
        rest = &rest[size..];
        Some((*header.kind.as_ref(), whole.slice_ref(body)))
    })
}

const DAMAGED: Refusal = Refusal::Damaged("a sample description");

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(config: &[u8], object_type: u8, sample_rate: u32, channels: u8) {
        let wanted = AudioSpecificConfig {
            object_type,
            sample_rate,
            channels,
        };
        assert_eq!(AudioSpecificConfig::read(config), Some(wanted));
    }

    #[test]
    fn audio_specific_configs() {
        check(&[0x12, 0x10], 2, 44_100, 2);
        check(&[0x11, 0x90], 2, 48_000, 2);
        check(&[0x2b, 0x92, 0x08, 0x00], 5, 22_050, 2);
        // An explicit rate.
        check(&[0x17, 0x80, 0x5d, 0xc0, 0x10], 2, 48_000, 2);
        assert_eq!(AudioSpecificConfig::read(&[0x12]), None);
    }
}
