//! The packets of a programme, interleaved.

use std::sync::Arc;

use broadcast::{Failure, MediaTime};

use super::assembly::Parts;
use crate::media::{Packet, Packets, TrackKind};

/// A cursor over the packets of a [`Programme`](super::Programme), in rising order of decoding
/// time; of two that are due at once the picture goes first.
#[derive(Debug)]
pub struct ProgrammePackets {
    parts: Arc<Parts>,
    movie: Packets,
    /// What was made comes before and after what the movie holds, in each of the tracks.
    stills: Place,
    silences: Place,
}

/// A place among runs of what was made.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    run: usize,
    index: u64,
}

/// Where a cursor starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// With a key frame of the movie.
    Movie { dts: MediaTime },
    /// With a key frame that was made.
    Made {
        run: usize,
        index: u64,
        dts: MediaTime,
    },
}

impl Entry {
    pub(super) fn dts(self) -> MediaTime {
        match self {
            Self::Movie { dts } | Self::Made { dts, .. } => dts,
        }
    }
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Movie,
    Still,
    Silence,
}

impl ProgrammePackets {
    pub(super) fn new(parts: Arc<Parts>, from: MediaTime) -> Self {
        let entry = parts.entry(from);
        let start = entry.dts();
        let within = from.max(start) - parts.shift;
        let mut movie = parts.movie.packets(within.max(MediaTime::ZERO));
        let stills = match entry {
            Entry::Made { run, index, .. } => Place { run, index },
            Entry::Movie { .. } => Place {
                run: parts.stills.iter().filter(|run| run.dts < start).count(),
                index: 0,
            },
        };
        let mut silences = Place::default();
        // Sound may start before the first picture.
        if entry != parts.entry(MediaTime::ZERO) {
            while let Some((track, due)) = movie.peek()
                && due.dts + parts.shift < start
            {
                movie.pass(track);
            }
            for (number, run) in parts.silences.iter().enumerate() {
                silences = Place {
                    run: number,
                    index: run.at_or_after(start),
                };
                if silences.index < run.count {
                    break;
                }
            }
        }
        Self {
            parts,
            movie,
            stills,
            silences,
        }
    }

    /// The next packet, or `None` after the last.
    ///
    /// A future that is dropped has taken nothing: the next call answers the same packet.
    ///
    /// # Errors
    /// `SourceUnreadable` when the source fails or changes on the way, with the position.
    pub async fn next(&mut self) -> Result<Option<Packet>, Failure> {
        let Some(next) = self.peek() else {
            return Ok(None);
        };
        let shift = self.parts.shift;
        Ok(match next {
            Next::Movie => {
                let packet = self.movie.next().await.map_err(|failure| Failure {
                    position: failure.position.map(|position| position + shift),
                    ..failure
                })?;
                packet.map(|packet| Packet {
                    dts: packet.dts + shift,
                    pts: packet.pts + shift,
                    ..packet
                })
            }
            Next::Still => {
                let Place { run, index } = self.stills;
                self.stills.index += 1;
                self.parts.stills.get(run).map(|stills| Packet {
                    track: TrackKind::Video,
                    dts: stills.dts(index),
                    pts: stills.pts(index),
                    key_frame: stills.is_key(index),
                    data: stills.data(index),
                })
            }
            Next::Silence => {
                let Place { run, index } = self.silences;
                self.silences.index += 1;
                self.parts.silences.get(run).map(|silence| Packet {
                    track: TrackKind::Audio,
                    dts: silence.dts(index),
                    pts: silence.dts(index),
                    key_frame: true,
                    data: silence.data(),
                })
            }
        })
    }

    fn peek(&mut self) -> Option<Next> {
        let shift = self.parts.shift;
        let movie = self.movie.peek();
        let movie = movie.map(|(track, due)| (due.dts + shift, track == TrackKind::Audio));
        let still = self.stills.next(&self.parts.stills, |run| run.count);
        let still = still.map(|(run, index)| (run.dts(index), false));
        let silence = self.silences.next(&self.parts.silences, |run| run.count);
        let silence = silence.map(|(run, index)| (run.dts(index), true));
        [
            (movie, Next::Movie),
            (still, Next::Still),
            (silence, Next::Silence),
        ]
        .into_iter()
        .filter_map(|(due, next)| due.map(|due| (due, next)))
        .min_by_key(|(due, _)| *due)
        .map(|(_, next)| next)
    }
}

impl Place {
    /// The run and the number of what stands here; goes on to the next run after the last of one.
    fn next<'a, T>(&mut self, runs: &'a [T], count: impl Fn(&T) -> u64) -> Option<(&'a T, u64)> {
        loop {
            let run = runs.get(self.run)?;
            if self.index < count(run) {
                return Some((run, self.index));
            }
            *self = Self {
                run: self.run + 1,
                index: 0,
            };
        }
    }
}
