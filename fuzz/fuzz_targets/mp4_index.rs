//! Any bytes as a video: it is opened, and its first packets are read, from the start and from the
//! middle.
//!
//! Nothing of the media itself is looked at, so the input is the index only: what would follow it
//! is added here, as zeros.

#![no_main]

use broadcast::MediaTime;
use libfuzzer_sys::fuzz_target;
use streamer::{
    media::{Movie, MovieOptions},
    source::Source,
};

const MEDIA: usize = 128 << 10;
/// An index of a few bytes may describe thousands of millions of samples.
const PACKETS: usize = 300;

fuzz_target!(|bytes: &[u8]| {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts");
    runtime.block_on(watch(bytes));
});

async fn watch(bytes: &[u8]) {
    let mut file = bytes.to_vec();
    file.resize(bytes.len() + MEDIA, 0);
    let Ok(source) = Source::from_bytes("talk.mp4", file) else { return };
    let Ok(movie) = Movie::open(source, &MovieOptions::default()).await else { return };
    let middle = MediaTime(movie.duration.as_micros() / 2);
    for from in [MediaTime::ZERO, middle] {
        let start = movie.key_frame_at_or_before(from);
        let mut packets = movie.packets(start);
        let mut last = None;
        for _ in 0..PACKETS {
            let Ok(Some(packet)) = packets.next().await else { break };
            assert!(last <= Some(packet.dts), "{last:?} before {:?}", packet.dts);
            assert!(packet.dts >= MediaTime::ZERO);
            last = Some(packet.dts);
        }
    }
}
