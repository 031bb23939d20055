//! Reads chunks, and of media messages no more than what tells them apart.

use std::collections::BTreeMap;

/// A message whose last byte has come.
pub(crate) struct Message<'a> {
    pub(crate) kind: u8,
    pub(crate) timestamp: u32,
    /// Bytes of payload.
    pub(crate) length: usize,
    /// All of it, or of media the first bytes.
    pub(crate) head: &'a [u8],
}

/// The state between chunks.
pub(crate) struct Chunks {
    chunk_size: usize,
    streams: BTreeMap<u32, Stream>,
    /// The chunk that is being read, and what is left of it.
    open: Option<(u32, usize)>,
}

#[derive(Clone, Default)]
struct Stream {
    timestamp: u32,
    delta: u32,
    is_extended: bool,
    length: usize,
    kind: u8,
    received: usize,
    head: Vec<u8>,
}

const SET_CHUNK_SIZE: u8 = 1;
const AUDIO: u8 = 8;
const VIDEO: u8 = 9;
/// Commands and metadata are kept as a whole up to this length.
const MOST_KEPT: usize = 16 * 1024;
const EXTENDED: u32 = 0x00ff_ffff;

impl Chunks {
    pub(crate) fn new() -> Self {
        Self {
            chunk_size: 128,
            streams: BTreeMap::new(),
            open: None,
        }
    }

    /// Reads from the front of `bytes`; returns how many were used. What is left is the beginning
    /// of a header.
    pub(crate) fn feed(
        &mut self,
        bytes: &[u8],
        mut on_message: impl FnMut(Message<'_>),
    ) -> Result<usize, &'static str> {
        let mut at = 0;
        loop {
            let (id, left) = match self.open {
                Some(open) => open,
                None => match self.header(&bytes[at..])? {
                    Some((id, left, used)) => {
                        at += used;
                        (id, left)
                    }
                    None => return Ok(at),
                },
            };
            let stream = self.streams.get_mut(&id).ok_or("no header")?;
            let taken = left.min(bytes.len() - at);
            let most = match stream.kind {
                AUDIO | VIDEO => 8,
                _ => MOST_KEPT,
            };
            let kept = taken.min(most - stream.head.len().min(most));
            stream.head.extend_from_slice(&bytes[at..at + kept]);
            stream.received += taken;
            at += taken;
            if taken < left {
                self.open = Some((id, left - taken));
                return Ok(at);
            }
            self.open = None;
            if stream.received == stream.length {
                let head = std::mem::take(&mut stream.head);
                stream.received = 0;
                if stream.kind == SET_CHUNK_SIZE {
                    let size = head
                        .first_chunk()
                        .map_or(0, |size| u32::from_be_bytes(*size));
                    self.chunk_size = size.clamp(1, 1 << 24) as usize;
                }
                on_message(Message {
                    kind: stream.kind,
                    timestamp: stream.timestamp,
                    length: stream.length,
                    head: &head,
                });
            }
        }
    }

    /// Opens the next chunk: its stream, the length of its payload, and that of its header. None
    /// while the header is not there in whole.
    fn header(&mut self, bytes: &[u8]) -> Result<Option<(u32, usize, usize)>, &'static str> {
        let mut rest = bytes;
        let Some(([first], after)) = rest.split_first_chunk() else {
            return Ok(None);
        };
        rest = after;
        let id = u32::from(first & 0x3f);
        if id < 2 {
            return Err("a long chunk stream number");
        }
        let format = first >> 6;
        let known = self.streams.get(&id);
        if known.is_none() && (format != 0 || self.streams.len() > 60) {
            return Err("a chunk stream without a first header");
        }
        let mut stream = known.cloned().unwrap_or_default();
        let length = [11, 7, 3, 0][usize::from(format)];
        let Some((fields, after)) = rest.split_at_checked(length) else {
            return Ok(None);
        };
        rest = after;
        let u24 = |at: usize| u32::from_be_bytes([0, fields[at], fields[at + 1], fields[at + 2]]);
        if format < 3 {
            stream.delta = u24(0);
            stream.is_extended = stream.delta == EXTENDED;
            stream.received = 0;
            stream.head.clear();
        }
        if format < 2 {
            stream.length = u24(3) as usize;
            stream.kind = fields[6];
        }
        if stream.is_extended {
            let Some((value, after)) = rest.split_first_chunk() else {
                return Ok(None);
            };
            rest = after;
            stream.delta = u32::from_be_bytes(*value);
        }
        if format == 0 {
            stream.timestamp = stream.delta;
        } else if stream.received == 0 {
            stream.timestamp = stream.timestamp.wrapping_add(stream.delta);
        }
        let left = (stream.length - stream.received).min(self.chunk_size);
        self.streams.insert(id, stream);
        Ok(Some((id, left, bytes.len() - rest.len())))
    }
}
