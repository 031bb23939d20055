//! Chunks there and back: to our own reader, chunk streams interleaved, and to a foreign one.

use bytes::BytesMut;
use proptest::prelude::*;
use rml_rtmp::chunk_io::ChunkDeserializer;

use super::{
    chunk_reader::ChunkReader,
    chunk_writer::{ChunkStream, ChunkWriter},
    message::{Header, kind},
};

/// Where 24 bits end, and what a time stamp field means there.
const EXTENDED: u32 = 0x00ff_ffff;

#[derive(Clone, Debug, PartialEq)]
struct Sent {
    timestamp: u32,
    kind: u8,
    payload: Vec<u8>,
}

fn sent(kind: u8) -> impl Strategy<Value = Sent> {
    let timestamp = prop_oneof![
        0..200_000_u32,
        EXTENDED - 60..EXTENDED + 60,
        2 * EXTENDED - 60..2 * EXTENDED + 60,
        u32::MAX - 60..=u32::MAX,
        any::<u32>(),
    ];
    let length = prop_oneof![1..20_usize, 100..6_000_usize];
    (timestamp, any::<u8>(), length).prop_map(move |(timestamp, first, length)| Sent {
        timestamp,
        kind,
        payload: (0..length).map(|at| first.wrapping_add(at as u8)).collect(),
    })
}

fn any_sent() -> impl Strategy<Value = Sent> {
    prop_oneof![
        sent(kind::AUDIO),
        sent(kind::VIDEO),
        sent(kind::DATA_AMF0),
        sent(kind::COMMAND_AMF0),
    ]
}

fn chunk_size() -> impl Strategy<Value = u32> {
    prop_oneof![
        1..8_u32,
        100..300_u32,
        Just(4096),
        Just(65_536),
        Just(16_777_215)
    ]
}

fn stream(kind: u8) -> ChunkStream {
    match kind {
        kind::AUDIO => ChunkStream::Audio,
        kind::VIDEO => ChunkStream::Video,
        kind::DATA_AMF0 => ChunkStream::Data,
        _ => ChunkStream::Command,
    }
}

fn write(writer: &mut ChunkWriter, out: &mut BytesMut, sent: &Sent) {
    let header = Header {
        timestamp: sent.timestamp,
        kind: sent.kind,
        stream_id: 1,
    };
    // In two parts, as tag bodies are.
    let (head, tail) = sent.payload.split_at(sent.payload.len().min(5));
    writer
        .write(out, stream(sent.kind), header, &[head, tail])
        .unwrap();
}

/// The chunks of messages on one chunk stream, each whole.
fn chunks(messages: &[Sent], chunk_size: u32) -> Vec<Vec<u8>> {
    let mut writer = ChunkWriter::new();
    writer.set_chunk_size(&mut BytesMut::new(), chunk_size);
    let mut chunks = Vec::new();
    for message in messages {
        let mut out = BytesMut::new();
        write(&mut writer, &mut out, message);
        let size = chunk_size as usize;
        let later = (message.payload.len() - 1) / size;
        let is_extended = out[0] >> 6 == 0 && out[1..4] == [0xff; 3];
        let later_header = if is_extended { 5 } else { 1 };
        let header = out.len() - message.payload.len() - later * later_header;
        let mut rest = &out[..];
        let first = (header + size).min(rest.len());
        let (chunk, more) = rest.split_at(first);
        chunks.push(chunk.to_vec());
        rest = more;
        chunks.extend(rest.chunks(later_header + size).map(<[u8]>::to_vec));
    }
    chunks
}

fn read_all(reader: &mut ChunkReader, bytes: &[u8]) -> Vec<Sent> {
    reader.feed(bytes);
    std::iter::from_fn(|| reader.next().unwrap())
        .map(|message| Sent {
            timestamp: message.header.timestamp,
            kind: message.header.kind,
            payload: message.payload.to_vec(),
        })
        .collect()
}

proptest! {
    #[test]
    fn a_foreign_reader_reads_what_is_written(
        messages in prop::collection::vec(any_sent(), 1..20),
        size in chunk_size(),
        cut in 1..5_000_usize,
    ) {
        let mut out = BytesMut::new();
        let mut writer = ChunkWriter::new();
        writer.set_chunk_size(&mut out, size);
        // The message that sets it comes in the chunk size of before.
        let mut reader = ChunkDeserializer::new();
        prop_assert!(reader.get_next_message(&out).unwrap().is_some());
        reader.set_max_chunk_size(size as usize).unwrap();
        out.clear();
        for message in &messages {
            write(&mut writer, &mut out, message);
        }
        let mut read = Vec::new();
        for bytes in out.chunks(cut) {
            let mut bytes = bytes;
            while let Some(message) = reader.get_next_message(bytes).unwrap() {
                bytes = &[];
                read.push(Sent {
                    timestamp: message.timestamp.value,
                    kind: message.type_id,
                    payload: message.data.to_vec(),
                });
            }
        }
        prop_assert_eq!(read, messages);
    }

    #[test]
    fn interleaved_chunk_streams_are_told_apart(
        audio in prop::collection::vec(sent(kind::AUDIO), 1..8),
        video in prop::collection::vec(sent(kind::VIDEO), 1..8),
        data in prop::collection::vec(sent(kind::DATA_AMF0), 1..4),
        size in 100..5_000_u32,
        order in prop::collection::vec(0..3_usize, 0..200),
        cut in 1..5_000_usize,
    ) {
        let mut reader = ChunkReader::new();
        let mut first = BytesMut::new();
        ChunkWriter::new().set_chunk_size(&mut first, size);
        read_all(&mut reader, &first);
        let mut queues = [&audio, &video, &data]
            .map(|messages| chunks(messages, size).into_iter().peekable());
        let mut bytes = Vec::new();
        let mut order = order.into_iter().chain([0, 1, 2].into_iter().cycle());
        while queues.iter_mut().any(|queue| queue.peek().is_some()) {
            let next = order.next().and_then(|number| queues[number].next());
            bytes.extend(next.unwrap_or_default());
        }
        let mut read = Vec::new();
        for bytes in bytes.chunks(cut) {
            read.extend(read_all(&mut reader, bytes));
        }
        for (kind, expected) in [(kind::AUDIO, &audio), (kind::VIDEO, &video), (kind::DATA_AMF0, &data)] {
            let of_kind: Vec<_> = read.iter().filter(|message| message.kind == kind).collect();
            prop_assert_eq!(of_kind, expected.iter().collect::<Vec<_>>());
        }
    }
}

#[test]
fn the_24_bits_end_where_the_specification_says() {
    for (timestamp, is_extended) in [
        (EXTENDED - 1, false),
        (EXTENDED, true),
        (EXTENDED + 1, true),
        (u32::MAX, true),
    ] {
        let message = Sent {
            timestamp,
            kind: kind::VIDEO,
            payload: vec![7; 300],
        };
        let mut out = BytesMut::new();
        write(&mut ChunkWriter::new(), &mut out, &message);
        let field = timestamp.min(EXTENDED).to_be_bytes();
        assert_eq!(out[1..4], field[1..], "{timestamp:#x}");
        let repeated = if is_extended { 4 * 3 } else { 0 };
        assert_eq!(out.len(), 12 + 300 + 2 + repeated, "{timestamp:#x}");
        let read = read_all(&mut ChunkReader::new(), &out);
        assert_eq!(read, std::slice::from_ref(&message));
        let mut foreign = ChunkDeserializer::new();
        let read = foreign.get_next_message(&out).unwrap().unwrap();
        assert_eq!(read.timestamp.value, timestamp);
        assert_eq!(read.data[..], message.payload);
    }
}

#[test]
fn a_show_goes_past_24_and_32_bits_without_a_step() {
    // A frame every 40 ms for a second on both sides of each limit, from a whole header before it.
    for limit in [EXTENDED, u32::MAX] {
        let mut writer = ChunkWriter::new();
        let mut reader = ChunkReader::new();
        let mut foreign = ChunkDeserializer::new();
        for frame in 0..50_u32 {
            let message = Sent {
                timestamp: limit.wrapping_sub(1_003).wrapping_add(frame * 40),
                kind: kind::VIDEO,
                payload: vec![frame as u8; 500],
            };
            let mut out = BytesMut::new();
            write(&mut writer, &mut out, &message);
            let read = read_all(&mut reader, &out);
            assert_eq!(read, std::slice::from_ref(&message));
            let read = foreign.get_next_message(&out).unwrap().unwrap();
            assert_eq!(read.timestamp.value, message.timestamp);
        }
    }
}
