//! Chunks to messages (RTMP 1.0, section 5.3).

use std::collections::BTreeMap;

use bytes::{Buf, BytesMut};

use super::{
    error::ProtocolError,
    message::{Header, Message, kind},
};

const INITIAL_CHUNK_SIZE: usize = 128;
const MAX_CHUNK_SIZE: u32 = 0x7fff_ffff;
const EXTENDED: u32 = 0x00ff_ffff;
/// A server tells a publisher statuses and control messages: hundreds of bytes each.
const MAX_MESSAGE: usize = 64 * 1024;
/// Servers use two to four.
const MAX_CHUNK_STREAMS: usize = 32;

/// Puts messages together.
///
/// Its memory is bounded by [`MAX_MESSAGE`] times [`MAX_CHUNK_STREAMS`], and by what was fed: no
/// buffer is sized by a length that a header claims. Set Chunk Size and Abort, which are about
/// chunks, are obeyed here and passed on all the same.
pub(crate) struct ChunkReader {
    input: BytesMut,
    chunk_size: usize,
    streams: BTreeMap<u32, Stream>,
    /// The chunk whose payload is being read: its stream and what is left of it.
    open: Option<(u32, usize)>,
}

struct Stream {
    header: Header,
    length: usize,
    delta: u32,
    /// The value of the last extended time stamp field, where the last header had one.
    extended: Option<u32>,
    payload: BytesMut,
}

impl ChunkReader {
    pub(crate) fn new() -> Self {
        Self {
            input: BytesMut::new(),
            chunk_size: INITIAL_CHUNK_SIZE,
            streams: BTreeMap::new(),
            open: None,
        }
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// The next whole message; none when more bytes are needed.
    pub(crate) fn next(&mut self) -> Result<Option<Message>, ProtocolError> {
        loop {
            let (id, left) = match self.open {
                Some(open) => open,
                None => match self.read_header()? {
                    Some(open) => open,
                    None => return Ok(None),
                },
            };
            let Some(stream) = self.streams.get_mut(&id) else {
                return Err(ProtocolError::NoFirstHeader(id));
            };
            let taken = left.min(self.input.len());
            stream.payload.extend_from_slice(&self.input[..taken]);
            self.input.advance(taken);
            if taken < left {
                self.open = Some((id, left - taken));
                return Ok(None);
            }
            self.open = None;
            if stream.payload.len() == stream.length {
                let message = Message {
                    header: stream.header,
                    payload: std::mem::take(&mut stream.payload),
                };
                self.obey(&message)?;
                return Ok(Some(message));
            }
        }
    }

    fn obey(&mut self, message: &Message) -> Result<(), ProtocolError> {
        match (message.header.kind, message.leading_u32()) {
            (kind::SET_CHUNK_SIZE, Some(size)) => {
                if !(1..=MAX_CHUNK_SIZE).contains(&size) {
                    return Err(ProtocolError::ChunkSize(size));
                }
                self.chunk_size = size as usize;
            }
            (kind::ABORT, Some(id)) => {
                if let Some(stream) = self.streams.get_mut(&id) {
                    stream.payload = BytesMut::new();
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Reads the header of a chunk when it is there in whole, and opens the chunk.
    fn read_header(&mut self) -> Result<Option<(u32, usize)>, ProtocolError> {
        let mut input = Peek(&self.input);
        let Some(parsed) = parse_basic(&mut input) else {
            return Ok(None);
        };
        let (format, id) = parsed;
        let known = self.streams.get(&id);
        if known.is_none() {
            if format != 0 {
                return Err(ProtocolError::NoFirstHeader(id));
            }
            if self.streams.len() == MAX_CHUNK_STREAMS {
                return Err(ProtocolError::TooManyChunkStreams(MAX_CHUNK_STREAMS));
            }
        }
        let Some(stream) = parse_message_header(&mut input, format, known) else {
            return Ok(None);
        };
        if stream.length > MAX_MESSAGE {
            return Err(ProtocolError::MessageTooLong {
                length: stream.length,
                limit: MAX_MESSAGE,
            });
        }
        let used = self.input.len() - input.0.len();
        self.input.advance(used);
        // A header inside a message begins a new one; the old one is given up, as by ffmpeg.
        let payload = match self.streams.remove(&id) {
            Some(old) if format == 3 => old.payload,
            _ => BytesMut::new(),
        };
        let left = (stream.length - payload.len()).min(self.chunk_size);
        self.streams.insert(id, Stream { payload, ..stream });
        Ok(Some((id, left)))
    }
}

/// Reads from the front without taking from the buffer.
struct Peek<'a>(&'a [u8]);

impl Peek<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    fn u24(&mut self) -> Option<u32> {
        let [high, middle, low] = self.take()?;
        Some(u32::from_be_bytes([0, high, middle, low]))
    }
}

fn parse_basic(input: &mut Peek<'_>) -> Option<(u8, u32)> {
    let [first] = input.take()?;
    let id = match first & 0b0011_1111 {
        0 => {
            let [low] = input.take()?;
            u32::from(low) + 64
        }
        1 => {
            let [low, high] = input.take()?;
            u32::from(high) * 256 + u32::from(low) + 64
        }
        id => u32::from(id),
    };
    Some((first >> 6, id))
}

/// The stream as it is after this header, with an empty payload. None when bytes are missing.
fn parse_message_header(
    input: &mut Peek<'_>,
    format: u8,
    known: Option<&Stream>,
) -> Option<Stream> {
    let field = if format < 3 { Some(input.u24()?) } else { None };
    let mut length = known.map_or(0, |known| known.length);
    let mut header = known.map_or(
        Header {
            timestamp: 0,
            kind: 0,
            stream_id: 0,
        },
        |known| known.header,
    );
    if format < 2 {
        length = input.u24()? as usize;
        [header.kind] = input.take()?;
    }
    if format == 0 {
        header.stream_id = u32::from_le_bytes(input.take()?);
    }
    let mut delta = known.map_or(0, |known| known.delta);
    let mut extended = None;
    if let Some(field) = field {
        let mut value = field;
        if field == EXTENDED {
            value = u32::from_be_bytes(input.take()?);
            extended = Some(value);
        }
        delta = value;
        header.timestamp = if format == 0 {
            value
        } else {
            header.timestamp.wrapping_add(value)
        };
    } else if let Some(known) = known {
        extended = known.extended;
        if let Some(expected) = extended {
            // The specification repeats the field here and some servers do not: it is taken for
            // the field only when it says the same.
            let expected = expected.to_be_bytes();
            let ahead = &input.0[..input.0.len().min(expected.len())];
            if ahead == expected {
                input.take::<4>()?;
            } else if expected.starts_with(ahead) {
                return None;
            }
        }
        if known.payload.is_empty() {
            header.timestamp = header.timestamp.wrapping_add(delta);
        }
    }
    Some(Stream {
        header,
        length,
        delta,
        extended,
        payload: BytesMut::new(),
    })
}

#[cfg(test)]
#[path = "chunk_reader_tests.rs"]
mod tests;
