//! Messages to chunks (RTMP 1.0, section 5.3).

use bytes::{BufMut, BytesMut};

use super::{
    error::MessageTooLarge,
    message::{Header, kind},
};

/// The chunk size before anyone sets another, in bytes.
const INITIAL_CHUNK_SIZE: usize = 128;
/// A time stamp field with this value is followed by the extended time stamp.
const EXTENDED: u32 = 0x00ff_ffff;
const MAX_LENGTH: usize = 0x00ff_ffff;

/// Chunk streams that we send on. All numbers fit the one-byte basic header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChunkStream {
    Control = 2,
    Command = 3,
    Audio = 4,
    Data = 5,
    Video = 6,
}

/// Splits messages into chunks with the shortest header that every server understands.
///
/// A message begins with header type 0, 1 or 2 and goes on with type 3. Type 3 never begins a
/// message, because servers disagree on the time stamp that it then means; it would save three
/// bytes now and then.
pub(crate) struct ChunkWriter {
    chunk_size: usize,
    last: [Option<Last>; 5],
}

#[derive(Clone, Copy)]
struct Last {
    header: Header,
    length: usize,
}

impl ChunkWriter {
    pub(crate) fn new() -> Self {
        Self {
            chunk_size: INITIAL_CHUNK_SIZE,
            last: [None; 5],
        }
    }

    /// Appends the message that sets our chunk size, and keeps to it from then on.
    pub(crate) fn set_chunk_size(&mut self, out: &mut BytesMut, size: u32) {
        let header = Header {
            timestamp: 0,
            kind: kind::SET_CHUNK_SIZE,
            stream_id: 0,
        };
        self.write_whole(out, ChunkStream::Control, header, &[&size.to_be_bytes()], 4);
        self.chunk_size = size as usize;
    }

    /// Appends a message whose payload comes in parts.
    pub(crate) fn write(
        &mut self,
        out: &mut BytesMut,
        stream: ChunkStream,
        header: Header,
        parts: &[&[u8]],
    ) -> Result<(), MessageTooLarge> {
        let length = parts.iter().map(|part| part.len()).sum();
        if length > MAX_LENGTH {
            return Err(MessageTooLarge(length));
        }
        self.write_whole(out, stream, header, parts, length);
        Ok(())
    }

    fn write_whole(
        &mut self,
        out: &mut BytesMut,
        stream: ChunkStream,
        header: Header,
        parts: &[&[u8]],
        length: usize,
    ) {
        let basic = stream as u8;
        out.reserve(length + length / self.chunk_size * 5 + 16);
        let extended = self.write_header(out, stream, header, length);
        let mut left = self.chunk_size;
        for part in parts {
            let mut part = *part;
            while !part.is_empty() {
                if left == 0 {
                    out.put_u8(0b1100_0000 | basic);
                    if let Some(extended) = extended {
                        // Repeated, as ffmpeg and librtmp do and as servers expect.
                        out.put_u32(extended);
                    }
                    left = self.chunk_size;
                }
                let (now, later) = part.split_at(part.len().min(left));
                out.put_slice(now);
                left -= now.len();
                part = later;
            }
        }
    }

    /// Returns the extended time stamp, where there is one.
    fn write_header(
        &mut self,
        out: &mut BytesMut,
        stream: ChunkStream,
        header: Header,
        length: usize,
    ) -> Option<u32> {
        let basic = stream as u8;
        let last = self.last[stream as usize - 2].replace(Last { header, length });
        // A step back, or one that a delta cannot hold, needs a whole header.
        let delta = last
            .filter(|last| last.header.stream_id == header.stream_id)
            .map(|last| header.timestamp.wrapping_sub(last.header.timestamp))
            .filter(|delta| *delta < EXTENDED);
        match (last, delta) {
            (Some(last), Some(delta)) => {
                let same = last.length == length && last.header.kind == header.kind;
                let format = if same { 2 } else { 1 };
                out.put_u8(format << 6 | basic);
                out.put_uint(u64::from(delta), 3);
                if !same {
                    out.put_uint(length as u64, 3);
                    out.put_u8(header.kind);
                }
                None
            }
            _ => {
                let extended = (header.timestamp >= EXTENDED).then_some(header.timestamp);
                out.put_u8(basic);
                out.put_uint(u64::from(header.timestamp.min(EXTENDED)), 3);
                out.put_uint(length as u64, 3);
                out.put_u8(header.kind);
                out.put_u32_le(header.stream_id);
                if let Some(extended) = extended {
                    out.put_u32(extended);
                }
                extended
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn video(timestamp: u32) -> Header {
        Header {
            timestamp,
            kind: kind::VIDEO,
            stream_id: 1,
        }
    }

    #[track_caller]
    fn check(messages: &[(u32, &[u8])], expected: &str) {
        let mut out = BytesMut::new();
        let mut writer = ChunkWriter::new();
        for (timestamp, payload) in messages {
            writer
                .write(&mut out, ChunkStream::Video, video(*timestamp), &[payload])
                .unwrap();
        }
        let shown: Vec<String> = out.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(shown.join(" "), expected);
    }

    #[test]
    fn headers_shrink_with_what_is_known() {
        check(&[(40, b"ab")], "06 00 00 28 00 00 02 09 01 00 00 00 61 62");
        check(
            &[(40, b"ab"), (80, b"c"), (120, b"d")],
            "06 00 00 28 00 00 02 09 01 00 00 00 61 62 \
             46 00 00 28 00 00 01 09 63 \
             86 00 00 28 64",
        );
    }

    #[test]
    fn time_going_back_needs_a_whole_header() {
        check(
            &[(40, b"a"), (39, b"b")],
            "06 00 00 28 00 00 01 09 01 00 00 00 61 06 00 00 27 00 00 01 09 01 00 00 00 62",
        );
    }

    #[test]
    fn extended_time_stamps_are_repeated_in_every_chunk() {
        let mut out = BytesMut::new();
        let mut writer = ChunkWriter::new();
        writer
            .write(
                &mut out,
                ChunkStream::Video,
                video(0x0100_0000),
                &[&[7; 200]],
            )
            .unwrap();
        assert_eq!(out[1..4], [0xff; 3]);
        assert_eq!(out[12..16], [1, 0, 0, 0]);
        assert_eq!(out[16 + 128..16 + 128 + 5], [0xc6, 1, 0, 0, 0]);
        assert_eq!(out.len(), 16 + 128 + 5 + 72);
        // The next one is a small step, which a delta holds.
        out.clear();
        writer
            .write(&mut out, ChunkStream::Video, video(0x0100_0021), &[b"a"])
            .unwrap();
        assert_eq!(out[..4], [0x46, 0, 0, 0x21]);
    }

    #[test]
    fn the_wrap_of_32_bits_is_a_small_step() {
        check(
            &[(u32::MAX, b"a"), (9, b"b")],
            "06 ff ff ff 00 00 01 09 01 00 00 00 ff ff ff ff 61 86 00 00 0a 62",
        );
    }

    #[test]
    fn what_24_bits_cannot_hold_is_refused() {
        let large = vec![0; MAX_LENGTH + 1];
        let refused = ChunkWriter::new().write(
            &mut BytesMut::new(),
            ChunkStream::Video,
            video(0),
            &[&large],
        );
        assert_eq!(refused, Err(MessageTooLarge(MAX_LENGTH + 1)));
    }
}
