//! RTMP messages as they leave the chunk stream.

use bytes::BytesMut;

/// Message types (RTMP 1.0, sections 5.4, 6.2 and 7.1).
pub(crate) mod kind {
    pub(crate) const SET_CHUNK_SIZE: u8 = 1;
    pub(crate) const ABORT: u8 = 2;
    pub(crate) const ACKNOWLEDGEMENT: u8 = 3;
    pub(crate) const USER_CONTROL: u8 = 4;
    pub(crate) const WINDOW_ACKNOWLEDGEMENT_SIZE: u8 = 5;
    pub(crate) const SET_PEER_BANDWIDTH: u8 = 6;
    pub(crate) const AUDIO: u8 = 8;
    pub(crate) const VIDEO: u8 = 9;
    pub(crate) const COMMAND_AMF3: u8 = 17;
    pub(crate) const DATA_AMF0: u8 = 18;
    pub(crate) const COMMAND_AMF0: u8 = 20;
    /// Facebook's "RTMP Go Away" (engineering.fb.com, 2021-10-19).
    pub(crate) const GO_AWAY: u8 = 32;
}

/// User control events (RTMP 1.0, section 7.1.7).
pub(crate) mod user_control {
    pub(crate) const PING_REQUEST: u16 = 6;
    pub(crate) const PING_RESPONSE: u16 = 7;
}

/// Everything about a message but its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Milliseconds, wrapping after 49 days.
    pub timestamp: u32,
    pub kind: u8,
    pub stream_id: u32,
}

/// A whole message that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub header: Header,
    pub payload: BytesMut,
}

impl Message {
    /// The number that control messages begin with.
    pub(crate) fn leading_u32(&self) -> Option<u32> {
        self.payload
            .first_chunk()
            .map(|bytes| u32::from_be_bytes(*bytes))
    }
}
