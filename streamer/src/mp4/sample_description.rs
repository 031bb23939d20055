//! What a track's samples are: `stsd`.

use bytes::Bytes;

use super::{
    audio_entry::{AacDescription, audio_entry},
    boxes::child_boxes,
    error::Refusal,
    video_entry::{VideoDescription, video_entry},
};

/// One entry of the sample description.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    Video(VideoDescription),
    Aac(AacDescription),
    /// Known to be something that is not sent.
    Refused(Refusal),
}

impl Entry {
    /// Whether samples of both can follow one another in one stream.
    pub(crate) fn is_same_format(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Video(a), Self::Video(b)) => a.is_same_format(b),
            (Self::Aac(a), Self::Aac(b)) => a.is_same_format(b),
            _ => false,
        }
    }
}

/// Which table of codec names applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handler {
    Video,
    Audio,
}

/// The entries of an `stsd` body, each with its kind.
pub(crate) fn read_entries(
    stsd: &Bytes,
    handler: Handler,
) -> Result<Vec<([u8; 4], Entry)>, Refusal> {
    const MOST_ENTRIES: usize = 64;
    // Version, flags and the number of entries; the entries themselves say where they end.
    let entries = stsd.get(8..).ok_or(DAMAGED)?;
    let mut read = Vec::new();
    for (kind, body) in child_boxes(stsd, entries) {
        if read.len() == MOST_ENTRIES {
            return Err(Refusal::TooLarge("sample descriptions"));
        }
        let entry = match handler {
            Handler::Video => video_entry(&kind, &body).map(Entry::Video),
            Handler::Audio => audio_entry(&kind, &body).map(Entry::Aac),
        };
        read.push((kind, entry.unwrap_or_else(Entry::Refused)));
    }
    if read.is_empty() {
        return Err(DAMAGED);
    }
    Ok(read)
}

/// The name that people know, of a sample entry's kind.
pub(crate) fn codec_name(kind: &[u8; 4]) -> String {
    let name = match kind {
        b"avc1" | b"avc2" | b"avc3" | b"avc4" => "H.264",
        b"hvc1" | b"hev1" => "HEVC",
        b"dvh1" | b"dvhe" => "Dolby Vision on HEVC",
        b"dva1" | b"dvav" => "Dolby Vision on H.264",
        b"dav1" => "Dolby Vision on AV1",
        b"vvc1" | b"vvi1" => "VVC (H.266)",
        b"av01" => "AV1",
        b"vp08" => "VP8",
        b"vp09" => "VP9",
        b"mp4v" => "MPEG-4 Part 2",
        b"s263" | b"h263" => "H.263",
        b"jpeg" | b"mjpa" | b"mjpb" | b"mjpg" => "Motion JPEG",
        b"apcn" | b"apch" | b"apcs" | b"apco" | b"ap4h" | b"ap4x" => "Apple ProRes",
        b"AVdn" | b"AVdh" => "Avid DNx",
        b"mp4a" => "AAC",
        b"sowt" | b"twos" | b"lpcm" | b"in24" | b"in32" | b"fl32" | b"fl64" | b"raw " | b"ipcm"
        | b"fpcm" => "PCM",
        b".mp3" | b"mp3 " | b"ms\0U" => "MP3",
        b"ac-3" => "AC-3",
        b"ec-3" => "E-AC-3",
        b"ac-4" => "AC-4",
        b"Opus" => "Opus",
        b"alac" => "Apple Lossless",
        b"fLaC" => "FLAC",
        b"samr" | b"sawb" => "AMR",
        b"apac" => "Apple Positional Audio",
        b"tmcd" => "time code",
        b"mebx" | b"mett" | b"metx" | b"camm" | b"gpmd" => "metadata",
        b"tx3g" | b"text" | b"wvtt" | b"stpp" | b"c608" | b"c708" | b"sbtl" => "text",
        b"rtp " | b"sm1v" => "streaming hints",
        _ => return format!("\"{}\"", kind.escape_ascii()),
    };
    name.to_owned()
}

pub(crate) const DAMAGED: Refusal = Refusal::Damaged("a sample description");
