//! Going through one track on the time line of the show.

use broadcast::MediaTime;

use crate::mp4::{Sample, SampleCursor, Track};

/// A track's own time line laid over that of the show.
#[derive(Debug)]
pub(crate) struct Placed<D> {
    pub(crate) track: Track<D>,
    /// What is added to the track's presentation time.
    origin: MediaTime,
    /// For each segment, the last decoding time of those before it: none of it is due earlier.
    floors: Vec<MediaTime>,
}

/// A sample and when it is due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    pub(crate) sample: Sample,
    pub(crate) dts: MediaTime,
    pub(crate) pts: MediaTime,
}

impl<D> Placed<D> {
    /// Lays a track over the show; `origin` is added to its presentation time.
    pub(crate) fn new(track: Track<D>, origin: MediaTime) -> Self {
        let segments = track.timeline.segments.len();
        let mut placed = Self {
            track,
            origin,
            floors: Vec::with_capacity(segments),
        };
        let mut floor = MediaTime::ZERO;
        for segment in 0..segments {
            placed.floors.push(floor);
            floor = placed.ending_of(segment).map_or(floor, |ending| ending.dts);
        }
        placed
    }

    /// A cursor at the start of the track.
    pub(crate) fn start(&self) -> TrackCursor {
        self.cursor(0, 0)
    }

    /// A cursor at the last key frame whose decoding time is at most `at`; the first one if there
    /// is none.
    pub(crate) fn at_key_frame(&self, at: MediaTime) -> TrackCursor {
        let segments = self.track.timeline.segments.iter().zip(&self.floors);
        let ticks = self.ticks(at);
        segments
            .enumerate()
            .rev()
            // By its own times a segment may begin before the one in front of it has ended.
            .filter(|(_, (_, floor))| **floor <= at)
            .find_map(|(number, (segment, _))| {
                let sample = self.track.samples.last_before(
                    ticks.saturating_sub(segment.displacement),
                    true,
                    |sample| segment.samples.contains(&sample.index),
                )?;
                Some(self.cursor(number, sample.index))
            })
            .unwrap_or_else(|| self.start())
    }

    /// A cursor at the first sample whose decoding time is at least `at`.
    pub(crate) fn at_or_after(&self, at: MediaTime) -> TrackCursor {
        let mut cursor = self.start();
        for (number, segment) in self.track.timeline.segments.iter().enumerate() {
            let before = self.ticks(at).saturating_sub(segment.displacement);
            // A tick earlier than `at` may be the one that rounds to it.
            let last = self
                .track
                .samples
                .last_before(before.saturating_sub(2), false, |_| true);
            let next = last.map_or(0, |last| last.index + 1);
            if next < segment.samples.end {
                cursor = self.cursor(number, next.max(segment.samples.start));
                break;
            }
            cursor = self.cursor(number + 1, 0);
        }
        while let Some(due) = cursor.peek(self)
            && due.dts < at
        {
            cursor.advance();
        }
        cursor
    }

    /// When the last of the samples ends.
    pub(crate) fn end(&self) -> MediaTime {
        self.ending().map_or(MediaTime::ZERO, |ending| ending.end)
    }

    /// How the track ends, if it has a sample.
    pub(crate) fn ending(&self) -> Option<Ending> {
        let last = self.track.timeline.segments.len().checked_sub(1)?;
        self.ending_of(last)
    }

    fn ending_of(&self, number: usize) -> Option<Ending> {
        // Pictures are reordered over a few frames only.
        const LAST: u32 = 32;
        let segment = self.track.timeline.segments.get(number)?;
        let from = segment.samples.end.saturating_sub(LAST);
        let mut cursor = self.cursor(number, from);
        let mut ending: Option<Ending> = None;
        while let Some(due) = cursor.peek(self)
            && cursor.segment == number
        {
            let lasts = MediaTime::from_ticks(due.sample.duration.into(), self.track.time_scale);
            let end = due.pts + lasts;
            ending = Some(Ending {
                dts: due.dts,
                end: ending.map_or(end, |ending| ending.end.max(end)),
            });
            cursor.advance();
        }
        ending
    }

    /// Samples that will be sent, those without content included.
    pub(crate) fn count(&self) -> u64 {
        let segments = &self.track.timeline.segments;
        segments
            .iter()
            .map(|segment| u64::from(segment.samples.end - segment.samples.start))
            .sum()
    }

    /// Mean samples per second.
    pub(crate) fn rate(&self) -> f64 {
        let samples = &self.track.samples;
        per_second(
            f64::from(samples.count()),
            samples.duration(),
            self.track.time_scale,
        )
    }

    /// Mean bits per second.
    pub(crate) fn bit_rate(&self) -> u64 {
        let samples = &self.track.samples;
        let bits = samples.total_size() as f64 * 8.0;
        per_second(bits, samples.duration(), self.track.time_scale).round() as u64
    }

    fn cursor(&self, segment: usize, index: u32) -> TrackCursor {
        let segments = &self.track.timeline.segments;
        let start = segments.get(segment).map_or(0, |it| it.samples.start);
        TrackCursor {
            segment,
            samples: self.track.samples.cursor(index.max(start)),
            pending: None,
            last: self.floors.get(segment).copied().unwrap_or_default(),
        }
    }

    /// The last tick that is not after `at`, half a microsecond of rounding allowed for.
    fn ticks(&self, at: MediaTime) -> i64 {
        let micros = i128::from((at - self.origin).as_micros());
        let ticks = (micros * 2 + 1) * i128::from(self.track.time_scale);
        i64::try_from(ticks.div_euclid(2_000_000)).unwrap_or(i64::MAX)
    }
}

/// How a track ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending {
    /// The decoding time of the last sample.
    pub(crate) dts: MediaTime,
    /// The end of the sample that is shown or heard last.
    pub(crate) end: MediaTime,
}

/// A place in a track: before a sample of one of its segments.
#[derive(Debug)]
pub(crate) struct TrackCursor {
    segment: usize,
    samples: SampleCursor,
    pending: Option<Due>,
    /// The decoding time of the sample before, which none after it falls below.
    last: MediaTime,
}

impl TrackCursor {
    /// The next sample that has content, without going past it.
    pub(crate) fn peek<D>(&mut self, placed: &Placed<D>) -> Option<Due> {
        while self.pending.is_none() {
            let track = &placed.track;
            let segment = track.timeline.segments.get(self.segment)?;
            match self.samples.next(&track.samples) {
                Some(sample) if segment.samples.contains(&sample.index) => {
                    if sample.size == 0 {
                        continue;
                    }
                    let dts = sample.dts.saturating_add(segment.displacement);
                    let shown = track.timeline.composition_shift + i64::from(sample.composition);
                    let pts = dts.saturating_add(shown);
                    let place =
                        |ticks| MediaTime::from_ticks(ticks, track.time_scale) + placed.origin;
                    // Where an edit brings along frames from before its start, time would go back.
                    let dts = place(dts).max(self.last);
                    let pts = place(pts).max(self.last);
                    self.pending = Some(Due { sample, dts, pts });
                }
                _ => {
                    self.segment += 1;
                    let next = track.timeline.segments.get(self.segment)?;
                    self.samples = track.samples.cursor(next.samples.start);
                }
            }
        }
        self.pending
    }

    /// Whether both have peeked the same sample of the same segment: segments may share samples.
    pub(crate) fn is_where(&self, other: &Self) -> bool {
        let index = |cursor: &Self| cursor.pending.map(|due| due.sample.index);
        self.segment == other.segment && index(self) == index(other)
    }

    /// Goes past the sample that was peeked.
    pub(crate) fn advance(&mut self) {
        if let Some(due) = self.pending.take() {
            self.last = due.dts;
        }
    }
}

fn per_second(amount: f64, ticks: i64, time_scale: u32) -> f64 {
    match ticks > 0 {
        true => amount * f64::from(time_scale) / ticks as f64,
        false => 0.0,
    }
}
