//! What the sample tables tell of times and sizes. Everything is counted in passing: no list grows
//! with the video.

use broadcast::MediaTime;

use super::facts::Spell;
use crate::media::{Movie, TrackKind, walk};

/// What a track's samples tell.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Survey {
    pub(super) frames: u64,
    /// When the earliest is shown, and when the last of them ends.
    pub(super) starts: f64,
    pub(super) ends: f64,
    pub(super) varies: bool,
    pub(super) longest_frame: Spell,
    pub(super) reordered: bool,
    pub(super) key_frames: u64,
    pub(super) typical_interval: f64,
    pub(super) longest_interval: Spell,
    pub(super) peak_bit_rate: u64,
    pub(super) peak_at: f64,
    /// Some of the key frames, spread over the video: where they lie.
    pub(super) picked: Vec<Place>,
}

/// Where a sample lies in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) offset: u64,
    pub(super) size: u32,
}

/// Goes through a track.
pub(super) fn survey(movie: &Movie, track: TrackKind) -> Survey {
    let samples = walk(movie, track).map(|due| Counted {
        dts: due.dts,
        pts: due.pts,
        key: due.sample.key,
        place: Place {
            offset: due.sample.offset,
            size: due.sample.size,
        },
    });
    count(samples)
}

/// What is looked at of a sample.
#[derive(Clone, Copy, Debug)]
struct Counted {
    dts: MediaTime,
    pts: MediaTime,
    key: bool,
    place: Place,
}

fn count(samples: impl Iterator<Item = Counted>) -> Survey {
    let mut survey = Survey::default();
    let mut steps = Histogram::new(FRAME_STEP);
    let mut intervals = Histogram::new(KEY_STEP);
    let mut seconds = Seconds::default();
    let mut picks = Picks::default();
    let mut last: Option<Counted> = None;
    let mut last_key: Option<MediaTime> = None;
    let mut earliest: Option<MediaTime> = None;
    let mut latest = MediaTime::ZERO;
    for sample in samples {
        survey.frames += 1;
        seconds.add(sample.dts, sample.place.size);
        survey.reordered |= earliest.is_some() && sample.pts < latest;
        earliest = Some(earliest.map_or(sample.pts, |before| before.min(sample.pts)));
        latest = latest.max(sample.pts);
        if let Some(last) = last {
            let step = sample.dts - last.dts;
            steps.add(step);
            longer(&mut survey.longest_frame, step, last.dts);
        }
        if sample.key {
            survey.key_frames += 1;
            picks.offer(sample.place);
            if let Some(key) = last_key {
                intervals.add(sample.dts - key);
                longer(&mut survey.longest_interval, sample.dts - key, key);
            }
            last_key = Some(sample.dts);
        }
        last = Some(sample);
    }
    let step = MediaTime(steps.median());
    let end = last.map_or(MediaTime::ZERO, |last| last.dts + step);
    if let Some(key) = last_key {
        // From the last of them to the end no other comes.
        longer(&mut survey.longest_interval, end - key, key);
    }
    survey.starts = earliest.unwrap_or_default().as_secs_f64();
    survey.ends = match survey.frames {
        0 => 0.0,
        _ => (latest + step).as_secs_f64(),
    };
    survey.varies = steps.varies();
    survey.typical_interval = MediaTime(intervals.median()).as_secs_f64();
    (survey.peak_bit_rate, survey.peak_at) = seconds.peak();
    survey.picked = picks.spread();
    survey
}

fn longer(spell: &mut Spell, lasts: MediaTime, at: MediaTime) {
    let lasts = lasts.as_secs_f64();
    if lasts > spell.lasts {
        *spell = Spell {
            lasts,
            at: at.as_secs_f64(),
        };
    }
}

/// A tenth of a millisecond.
const FRAME_STEP: i64 = 100;
/// Ten milliseconds.
const KEY_STEP: i64 = 10_000;
/// Frames that stand longer than a second, and key frames that are further apart than a hundred,
/// are far from anything that is usual.
const BINS: usize = 10_000;

/// How often each time occurs, in steps of some microseconds.
struct Histogram {
    step: i64,
    bins: Vec<u64>,
    total: u64,
}

impl Histogram {
    fn new(step: i64) -> Self {
        Self {
            step,
            bins: vec![0; BINS],
            total: 0,
        }
    }

    fn add(&mut self, time: MediaTime) {
        let bin = (time.as_micros() + self.step / 2) / self.step;
        let bin = usize::try_from(bin).unwrap_or(0).min(BINS - 1);
        self.bins[bin] += 1;
        self.total += 1;
    }

    /// In microseconds.
    fn median(&self) -> i64 {
        let mut seen = 0;
        for (bin, count) in self.bins.iter().enumerate() {
            seen += count;
            if seen * 2 > self.total {
                return bin as i64 * self.step;
            }
        }
        0
    }

    /// Whether more than one in a hundred is more than a tenth away from the median. Less is what
    /// rounding to milliseconds does, or a frame that was dropped now and then.
    fn varies(&self) -> bool {
        let median = self.median();
        let near = |bin: usize| {
            let time = bin as i64 * self.step;
            (time - median).abs() * 10 <= median + 11_000
        };
        let far: u64 = self
            .bins
            .iter()
            .enumerate()
            .filter(|(bin, _)| !near(*bin))
            .map(|(_, count)| count)
            .sum();
        far * 100 > self.total
    }
}

/// Bits per second of the two seconds, one after the other, that have the most.
#[derive(Default)]
struct Seconds {
    second: i64,
    bytes: u64,
    before: u64,
    peak: u64,
    at: i64,
}

impl Seconds {
    fn add(&mut self, dts: MediaTime, size: u32) {
        let second = dts.as_micros().div_euclid(1_000_000);
        if second != self.second {
            self.before = match second == self.second + 1 {
                true => self.bytes,
                false => 0,
            };
            self.bytes = 0;
            self.second = second;
        }
        self.bytes += u64::from(size);
        let both = self.before + self.bytes;
        if both > self.peak {
            self.peak = both;
            self.at = (second - 1).max(0);
        }
    }

    fn peak(&self) -> (u64, f64) {
        (self.peak * 8 / 2, self.at as f64)
    }
}

/// Keeps some of many, spread evenly.
#[derive(Default)]
struct Picks {
    kept: Vec<Place>,
    offered: u64,
    every: u64,
}

/// So many are looked at, of up to twice as many that are kept.
const PICKS: usize = 5;

impl Picks {
    fn offer(&mut self, place: Place) {
        let every = self.every.max(1);
        if self.offered.is_multiple_of(every) {
            self.kept.push(place);
        }
        self.offered += 1;
        if self.kept.len() == PICKS * 4 {
            // Every second one: what is kept is as evenly spread as before.
            let mut number = 0;
            self.kept.retain(|_| {
                number += 1;
                number % 2 == 1
            });
            self.every = every * 2;
        }
    }

    fn spread(&self) -> Vec<Place> {
        let last = self.kept.len().saturating_sub(1);
        let mut chosen: Vec<usize> = (0..PICKS).map(|pick| pick * last / (PICKS - 1)).collect();
        chosen.dedup();
        let place = |index: usize| self.kept.get(index).copied();
        chosen.into_iter().filter_map(place).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of 1/25 s in milliseconds and bytes; each tenth is a key frame.
    fn steady(frames: u64) -> Vec<Counted> {
        (0..frames)
            .map(|number| Counted {
                dts: MediaTime::from_millis(number as i64 * 40),
                pts: MediaTime::from_millis(number as i64 * 40),
                key: number % 10 == 0,
                place: Place {
                    offset: number * 1_000,
                    size: 1_000,
                },
            })
            .collect()
    }

    #[test]
    fn a_steady_video() {
        let survey = count(steady(100).into_iter());
        assert_eq!((survey.frames, survey.key_frames), (100, 10));
        assert_eq!((survey.starts, survey.ends), (0.0, 4.0));
        assert_eq!(survey.typical_interval, 0.4);
        assert!((survey.longest_interval.lasts - 0.4).abs() < 1e-9);
        assert_eq!(survey.peak_bit_rate, 25 * 1_000 * 8);
        assert!(!survey.varies && !survey.reordered);
        let offsets: Vec<u64> = survey.picked.iter().map(|place| place.offset).collect();
        assert_eq!(offsets, [0, 20_000, 40_000, 60_000, 90_000]);
    }

    #[test]
    fn one_key_frame_lasts_to_the_end() {
        let mut frames = steady(100);
        frames.iter_mut().for_each(|frame| frame.key = false);
        frames[25].key = true;
        let survey = count(frames.into_iter());
        assert_eq!(
            survey.longest_interval,
            Spell {
                lasts: 3.0,
                at: 1.0
            }
        );
    }

    #[test]
    fn a_peak_a_gap_and_another_order() {
        let mut frames = steady(250);
        frames[130].place.size = 1_000_000;
        let survey = count(frames.iter().copied());
        assert_eq!((survey.peak_bit_rate, survey.peak_at), (4_196_000, 4.0));
        for frame in &mut frames[200..] {
            frame.dts = frame.dts + MediaTime::from_millis(3_000);
            frame.pts = frame.dts;
        }
        frames[5].pts = frames[8].pts;
        let survey = count(frames.into_iter());
        assert_eq!(
            survey.longest_frame,
            Spell {
                lasts: 3.04,
                at: 7.96
            }
        );
        assert!(survey.reordered && !survey.varies);
    }

    #[test]
    fn frames_that_come_now_early_now_late() {
        let mut frames = steady(100);
        for (number, frame) in frames.iter_mut().enumerate() {
            frame.dts = frame.dts + MediaTime::from_millis(number as i64 % 3 * 7);
        }
        assert!(count(frames.into_iter()).varies);
        // 29.97 in whole milliseconds.
        let frames = (0..300).map(|number: i64| Counted {
            dts: MediaTime::from_millis(number * 1001 / 30),
            pts: MediaTime::ZERO,
            key: true,
            place: Place { offset: 0, size: 1 },
        });
        assert!(!count(frames).varies);
    }

    #[test]
    fn few_are_kept_of_many() {
        let survey = count(steady(1_000_000).into_iter());
        assert_eq!(survey.picked.len(), PICKS);
        assert_eq!(survey.picked[0].offset, 0);
        assert!(survey.picked[PICKS - 1].offset > 800_000_000);
        assert_eq!(count(std::iter::empty()), Survey::default());
    }
}
