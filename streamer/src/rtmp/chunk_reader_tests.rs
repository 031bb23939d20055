use proptest::prelude::*;

use super::*;
use crate::rtmp::chunk_writer::{ChunkStream, ChunkWriter};

fn read_all(pieces: &[&[u8]]) -> Result<Vec<(u32, u8, Vec<u8>)>, ProtocolError> {
    let mut reader = ChunkReader::new();
    let mut messages = Vec::new();
    for piece in pieces {
        reader.feed(piece);
        while let Some(message) = reader.next()? {
            let header = message.header;
            messages.push((header.timestamp, header.kind, message.payload.to_vec()));
        }
    }
    Ok(messages)
}

/// One message: its time stamp, its type, its payload.
type Read<'a> = (u32, u8, &'a [u8]);

#[track_caller]
fn check(bytes: &[u8], expected: Result<&[Read<'_>], ProtocolError>) {
    let expected = expected.map(|messages| {
        messages
            .iter()
            .map(|(timestamp, kind, payload)| (*timestamp, *kind, payload.to_vec()))
            .collect::<Vec<_>>()
    });
    assert_eq!(read_all(&[bytes]), expected);
    // The same in pieces of one byte.
    let pieces: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(read_all(&pieces), expected);
}

#[test]
fn all_four_header_types_are_read() {
    let bytes = [
        3, 0, 0, 10, 0, 0, 2, 20, 0, 0, 0, 0, b'a', b'b', // type 0
        0x43, 0, 0, 5, 0, 0, 1, 18, b'c', // type 1: 5 ms later
        0x83, 0, 0, 7, b'd', // type 2: 7 ms later
        0xc3, b'e', // type 3: again 7 ms later
    ];
    check(
        &bytes,
        Ok(&[
            (10, 20, b"ab"),
            (15, 18, b"c"),
            (22, 18, b"d"),
            (29, 18, b"e"),
        ]),
    );
}

#[test]
fn interleaved_chunks_find_their_messages() {
    let mut bytes = vec![3, 0, 0, 0, 0, 0, 130, 20, 0, 0, 0, 0];
    bytes.extend([1; 128]);
    bytes.extend([4, 0, 0, 9, 0, 0, 1, 18, 0, 0, 0, 0, 7]);
    bytes.extend([0xc3, 2, 2]);
    let mut long = vec![1; 128];
    long.extend([2, 2]);
    check(&bytes, Ok(&[(9, 18, &[7]), (0, 20, &long)]));
}

#[test]
fn an_abort_forgets_half_a_message() {
    let mut bytes = vec![3, 0, 0, 0, 0, 0, 130, 20, 0, 0, 0, 0];
    bytes.extend([1; 128]);
    bytes.extend([2, 0, 0, 0, 0, 0, 4, kind::ABORT, 0, 0, 0, 0, 0, 0, 0, 3]);
    bytes.extend([3, 0, 0, 0, 0, 0, 1, 20, 0, 0, 0, 0, 9]);
    check(
        &bytes,
        Ok(&[(0, kind::ABORT, &[0, 0, 0, 3]), (0, 20, &[9])]),
    );
}

#[test]
fn an_extended_time_stamp_may_or_may_not_be_repeated() {
    for repeated in [true, false] {
        let mut bytes = vec![3, 255, 255, 255, 0, 0, 130, 20, 0, 0, 0, 0, 1, 0, 0, 0];
        bytes.extend([5; 128]);
        bytes.push(0xc3);
        if repeated {
            bytes.extend([1, 0, 0, 0]);
        }
        bytes.extend([6, 6]);
        // What follows lets the reader look four bytes ahead.
        bytes.extend([3, 0, 0, 0, 0, 0, 1, 20, 0, 0, 0, 0, 9]);
        let mut long = vec![5; 128];
        long.extend([6, 6]);
        check(&bytes, Ok(&[(0x0100_0000, 20, &long), (0, 20, &[9])]));
    }
}

#[test]
fn what_is_not_repeated_is_not_waited_for() {
    let mut bytes = vec![3, 255, 255, 255, 0, 0, 130, 20, 0, 0, 0, 0, 1, 0, 0, 0];
    bytes.extend([5; 128]);
    bytes.extend([0xc3, 6, 6]);
    let mut long = vec![5; 128];
    long.extend([6, 6]);
    check(&bytes, Ok(&[(0x0100_0000, 20, &long)]));
}

#[test]
fn long_chunk_stream_numbers_are_read() {
    check(
        &[0, 10, 0, 0, 0, 0, 0, 1, 20, 0, 0, 0, 0, 9],
        Ok(&[(0, 20, &[9])]),
    );
    check(
        &[1, 10, 2, 0, 0, 0, 0, 0, 1, 20, 0, 0, 0, 0, 9],
        Ok(&[(0, 20, &[9])]),
    );
}

#[test]
fn nonsense_is_refused_by_name() {
    check(&[0xc3], Err(ProtocolError::NoFirstHeader(3)));
    check(
        &[3, 0, 0, 0, 1, 0, 1, 20, 0, 0, 0, 0],
        Err(ProtocolError::MessageTooLong {
            length: 65_537,
            limit: 65_536,
        }),
    );
    check(
        &[
            2,
            0,
            0,
            0,
            0,
            0,
            4,
            kind::SET_CHUNK_SIZE,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
        ],
        Err(ProtocolError::ChunkSize(0)),
    );
    let streams: Vec<u8> = (0..33u8)
        .flat_map(|id| [id + 2, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 0])
        .collect();
    assert_eq!(
        read_all(&[&streams]),
        Err(ProtocolError::TooManyChunkStreams(32))
    );
}

/// One message of a round trip: which stream, its time stamp, its payload.
type Sent = (bool, u32, Vec<u8>);

fn sent() -> impl Strategy<Value = Sent> {
    let timestamp = prop_oneof![
        0..100_000u32,
        EXTENDED - 50..EXTENDED + 50,
        u32::MAX - 50..=u32::MAX,
    ];
    let payload = (any::<u8>(), 0..700usize).prop_map(|(byte, length)| vec![byte; length]);
    (any::<bool>(), timestamp, payload)
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        messages in prop::collection::vec(sent(), 0..20),
        chunk_size in 1..400u32,
        cut in 1..500usize,
    ) {
        let mut writer = ChunkWriter::new();
        let mut out = BytesMut::new();
        writer.set_chunk_size(&mut out, chunk_size);
        for (is_video, timestamp, payload) in &messages {
            let (stream, kind) = if *is_video {
                (ChunkStream::Video, kind::VIDEO)
            } else {
                (ChunkStream::Audio, kind::AUDIO)
            };
            let header = Header { timestamp: *timestamp, kind, stream_id: 1 };
            let (a, b) = payload.split_at(payload.len() / 3);
            writer.write(&mut out, stream, header, &[a, b]).unwrap();
        }
        let pieces: Vec<&[u8]> = out.chunks(cut).collect();
        let read = read_all(&pieces).unwrap();
        let expected: Vec<_> = messages
            .into_iter()
            .map(|(is_video, timestamp, payload)| {
                (timestamp, if is_video { kind::VIDEO } else { kind::AUDIO }, payload)
            })
            .collect();
        prop_assert_eq!(&read[1..], &expected[..]);
    }

    #[test]
    fn arbitrary_bytes_never_panic_and_memory_is_bounded(
        bytes in prop::collection::vec(any::<u8>(), 0..4_000),
    ) {
        let mut reader = ChunkReader::new();
        for piece in bytes.chunks(100) {
            reader.feed(piece);
            while let Ok(Some(_)) = reader.next() {}
            let held: usize = reader.streams.values().map(|stream| stream.payload.len()).sum();
            prop_assert!(held + reader.input.len() <= bytes.len());
            prop_assert!(reader.streams.len() <= MAX_CHUNK_STREAMS);
        }
    }
}
