//! What a file is that is no MP4.

use super::error::{Mp4Error, Refusal};
use crate::source::Source;

/// What MP4 and MOV files start with.
pub(crate) const TOP_LEVEL: &[&[u8; 4]] = &[
    b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"uuid", b"styp", b"moof",
    b"sidx", b"pdin", b"meta", b"PICT", b"junk",
];

/// What a file is that is none of ours.
pub(crate) async fn sniff(source: &Source) -> Result<Refusal, Mp4Error> {
    let start = source.read(0, source.length().min(200) as usize).await?;
    let wrapping = Refusal::OtherWrapping;
    let other = Refusal::OtherContainer;
    Ok(match &start[..] {
        [0x1a, 0x45, 0xdf, 0xa3, rest @ ..] => match rest.windows(4).any(|word| word == b"webm") {
            // VP8, VP9 or AV1, with Vorbis or Opus.
            true => other("WebM"),
            false => wrapping("Matroska"),
        },
        [b'F', b'L', b'V', ..] => wrapping("FLV"),
        bytes if is_transport_stream(bytes, 0, 188) => wrapping("an MPEG transport stream"),
        // Of a camera, with the time before each packet.
        bytes if is_transport_stream(bytes, 4, 192) => wrapping("an MPEG transport stream"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', ..] => other("AVI"),
        [b'R', b'I', b'F', b'F', ..] => other("a RIFF file"),
        [b'O', b'g', b'g', b'S', ..] => other("Ogg"),
        [b'I', b'D', b'3', ..] => other("MP3"),
        [0x30, 0x26, 0xb2, 0x75, ..] => other("Windows Media"),
        [0x00, 0x00, 0x01, 0xba, ..] => other("an MPEG program stream"),
        [0x06, 0x0e, 0x2b, 0x34, ..] => other("MXF"),
        _ => Refusal::NotAVideo,
    })
}

/// Whether packets of `length` bytes have their sync byte at `start`.
fn is_transport_stream(bytes: &[u8], start: usize, length: usize) -> bool {
    let sync = |at: usize| bytes.get(at) == Some(&0x47);
    sync(start) && sync(start + length)
}
