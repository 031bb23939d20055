//! How a server breaks the protocol.

use super::amf0::Amf0Error;

/// The server does not speak RTMP as it should. The connection is of no more use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// The first byte is not RTMP's version: some other service listens there.
    #[error("the server answers the handshake with version {0} and not 3; it may not speak RTMP")]
    Version(u8),
    /// A chunk size of zero or above 2³¹ − 1.
    #[error("the server sets an impossible chunk size of {0} bytes")]
    ChunkSize(u32),
    /// A message that is longer than anything a server has to say to a publisher.
    #[error("the server sends a message of {length} bytes; {limit} are the most we read")]
    MessageTooLong {
        /// What the header claims, in bytes.
        length: usize,
        /// What we read, in bytes.
        limit: usize,
    },
    /// More chunk streams than a server has to say to a publisher.
    #[error("the server uses more than {0} chunk streams")]
    TooManyChunkStreams(usize),
    /// A header that refers to a header that was never sent.
    #[error("the server abbreviates the first header of chunk stream {0}")]
    NoFirstHeader(u32),
    /// A command that cannot be decoded.
    #[error("the server sends a command that is not AMF0")]
    Command(#[from] Amf0Error),
    /// An answer to `createStream` without a stream number.
    #[error("the server answers createStream without a stream number")]
    NoStreamId,
}

/// A message that RTMP's 24-bit length cannot hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a frame of {0} bytes is too large for RTMP, which holds 16,777,215")]
pub struct MessageTooLarge(pub usize);
