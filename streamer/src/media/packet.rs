//! One access unit on its way from the container to the ingest.

use broadcast::MediaTime;
use bytes::Bytes;

/// Which of the two tracks a [`Packet`] belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TrackKind {
    /// The picture.
    Video,
    /// The sound.
    Audio,
}

/// One access unit as the container holds it.
///
/// Video is length-prefixed NAL units (H.264, HEVC) or OBUs (AV1), audio is one raw AAC frame: what
/// FLV and RTMP carry, so the payload is never rewritten, and a clone shares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// The track it belongs to.
    pub track: TrackKind,
    /// When it is decoded. Never below zero, and never falling within a track.
    pub dts: MediaTime,
    /// When it is shown or heard.
    pub pts: MediaTime,
    /// Whether decoding can start here. Every audio packet is one.
    pub key_frame: bool,
    /// The payload.
    pub data: Bytes,
}
