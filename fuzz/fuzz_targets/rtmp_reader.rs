//! Any bytes as what a server says, in pieces of any size.
//!
//! The first byte tells whether the handshake is among them, the second how they are split.

#![no_main]

use broadcast::StreamKey;
use libfuzzer_sys::fuzz_target;
use streamer::rtmp::{PublishTarget, Publisher};

/// What the handshake and the commands of a publish take.
const OWN_OUTPUT: usize = 8 << 10;

fuzz_target!(|bytes: &[u8]| {
    let [mode, split, said @ ..] = bytes else { return };
    let ingest = "rtmp://127.0.0.1/live".parse().expect("it is an address");
    let mut publisher = Publisher::new(PublishTarget::new(&ingest, StreamKey::new("key")), 1);
    if mode % 2 == 0 {
        let answer = [&[3][..], &[0; 2 * 1536]].concat();
        publisher.feed(&answer).expect("it is a handshake");
    }
    let media = [0x17, 1, 0, 0, 0, 1, 2, 3];
    let mut said = said;
    let mut size = usize::from(*split) + 1;
    while !said.is_empty() {
        let (piece, rest) = said.split_at(size.min(said.len()));
        said = rest;
        size = size * 31 % 257 + 1;
        if publisher.feed(piece).is_err() {
            return;
        }
        while publisher.poll_event().is_some() {}
        let _ = publisher.send_video(size as u32, &[&media]);
        // A pong for a ping and an acknowledgement for a piece, and media that does not grow.
        assert!(publisher.output().len() <= OWN_OUTPUT + 64 * bytes.len());
        if mode & 2 != 0 {
            publisher.sent(publisher.output().len() / 2);
        }
    }
    publisher.finish();
});
