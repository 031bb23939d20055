use std::{
    fmt,
    time::{Instant, SystemTime},
};

use bytes::Bytes;
use ring::digest::{SHA256, digest};

use crate::{
    Kind,
    tag::{self, TagHeader},
};

/// A point in time by two clocks: one to measure with, one to compare with an air time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// By the monotonic clock.
    pub instant: Instant,
    /// By the machine's wall clock.
    pub wall: SystemTime,
}

impl Moment {
    pub(crate) fn now() -> Self {
        Self {
            instant: Instant::now(),
            wall: SystemTime::now(),
        }
    }
}

/// An audio or video packet as it came. Its payload is what a container holds: length-prefixed NAL
/// units or one raw AAC frame (for a sequence header, the decoder's configuration).
#[derive(Clone, PartialEq, Eq)]
pub struct Packet {
    /// What it holds.
    pub kind: Kind,
    /// The message's timestamp (of decoding), in milliseconds.
    pub timestamp_ms: u32,
    /// Milliseconds from decoding to presentation; 0 for audio.
    pub composition_ms: i32,
    /// Bytes of payload.
    pub size: usize,
    /// Hash of the payload, the one that `ffprobe -show_data_hash sha256` prints.
    pub sha256: [u8; 32],
    /// Whether decoding can begin here; always so for audio.
    pub key_frame: bool,
    /// Whether it configures the decoder and shows nothing.
    pub sequence_header: bool,
    /// When its last byte was read.
    pub arrived: Moment,
    /// The payload, where [`Keep::Data`](crate::Keep::Data) asks for it.
    pub data: Option<Bytes>,
}

impl Packet {
    pub(crate) fn new(kind: Kind, timestamp_ms: u32, body: &Bytes, arrived: Moment) -> Self {
        let TagHeader {
            kind,
            key_frame,
            sequence_header,
            composition_ms,
            length,
        } = match kind {
            Kind::Video => tag::video(body),
            Kind::Audio => tag::audio(body),
        };
        let payload = body.slice(length..);
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(digest(&SHA256, &payload).as_ref());
        Self {
            kind,
            timestamp_ms,
            composition_ms,
            size: payload.len(),
            sha256,
            key_frame,
            sequence_header,
            arrived,
            data: Some(payload),
        }
    }

    /// The hash in lower-case hexadecimal digits.
    pub fn sha256_hex(&self) -> String {
        hex::encode(self.sha256)
    }
}

impl fmt::Debug for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            timestamp_ms,
            composition_ms,
            size,
            key_frame,
            sequence_header,
            ..
        } = self;
        write!(f, "{kind:?}@{timestamp_ms}{composition_ms:+} {size} bytes")?;
        write!(f, " {}", hex::encode(&self.sha256[..4]))?;
        if *key_frame {
            f.write_str(" key")?;
        }
        if *sequence_header {
            f.write_str(" header")?;
        }
        Ok(())
    }
}
