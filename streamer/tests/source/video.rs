//! Videos that take several reads, and reading them.

use broadcast::{Failure, FailureKind, MediaTime, SourceUrl};
use streamer::{
    media::{Movie, MovieOptions, Packet},
    source::{Source, SourceOptions},
};

use crate::fixture::fixture;

/// Packets of every fixture that is served here.
pub(crate) const PACKETS: usize = 60 + 189;

/// A file of several blocks: the media first, then a gap, then the index.
pub(crate) fn index_far_away() -> Vec<u8> {
    let mut bytes = std::fs::read(fixture("moov-last.mp4")).unwrap();
    let moov = bytes.windows(4).rposition(|four| four == b"moov").unwrap() - 4;
    let mut gap = vec![0; 3_000_000];
    gap[..4].copy_from_slice(&3_000_000_u32.to_be_bytes());
    gap[4..8].copy_from_slice(b"free");
    bytes.splice(moov..moov, gap);
    bytes
}

/// Reads everything; the packets that came, and how it ended.
pub(crate) async fn play(url: &SourceUrl, options: SourceOptions) -> Played {
    let movie = match Source::open(url, options).await {
        Ok(source) => Movie::open(source, &MovieOptions::default()).await,
        Err(failure) => Err(failure),
    };
    match movie {
        Ok(movie) => read(&movie).await,
        Err(failure) => Played {
            packets: Vec::new(),
            failure: Some(failure),
        },
    }
}

/// What came of a movie.
pub(crate) async fn read(movie: &Movie) -> Played {
    let mut cursor = movie.packets(MediaTime::ZERO);
    let mut packets = Vec::new();
    loop {
        let failure = match cursor.next().await {
            Ok(Some(packet)) => {
                packets.push(packet);
                continue;
            }
            Ok(None) => None,
            Err(failure) => Some(failure),
        };
        return Played { packets, failure };
    }
}

#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) packets: Vec<Packet>,
    pub(crate) failure: Option<Failure>,
}

impl Played {
    /// All of it came.
    #[track_caller]
    pub(crate) fn whole(&self) {
        assert_eq!((self.packets.len(), &self.failure), (PACKETS, &None));
    }

    /// Nothing came, and the failure has this kind and all these words.
    #[track_caller]
    pub(crate) fn refused(&self, kind: FailureKind, words: &[&str]) {
        assert_eq!(self.packets.len(), 0);
        self.failed(kind, words);
    }

    /// Some came, and then it failed at the packet that would have been next.
    #[track_caller]
    pub(crate) fn broke_off(&self, all: &[Packet], words: &[&str]) {
        let next = self.packets.len();
        assert!((1..all.len()).contains(&next), "{next} packets");
        assert_eq!(self.packets, all[..next]);
        self.failed(FailureKind::SourceUnreadable, words);
        let position = self.failure.as_ref().unwrap().position;
        assert_eq!(position, Some(all[next].dts));
    }

    #[track_caller]
    fn failed(&self, kind: FailureKind, words: &[&str]) {
        let failure = self.failure.as_ref().unwrap();
        assert_eq!(failure.kind, kind, "{failure}");
        for word in words {
            assert!(failure.message.contains(word), "{word:?} in {failure}");
        }
        assert!(!failure.message.contains("secret"), "{failure}");
    }
}
