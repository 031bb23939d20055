//! Which samples are presented, and when, after the edit list.
//!
//! The rules are those of ffmpeg's demuxer (`mov_fix_index`), so that what is sent is what
//! `ffmpeg -c copy` would send: an edit that starts between key frames brings along the frames
//! from the key frame before it, an audio edit up to a second of decoder warm-up, and all of them
//! keep their distance in time.

use std::ops::Range;

use super::{error::Refusal, sample_description::Handler, sample_table::SampleTable};

/// One entry of `elst`, with its duration in the track's own time scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    /// Where it starts in the media, in composition time; `None` is a pause.
    pub(crate) media_time: Option<i64>,
    /// In ticks; zero means up to the end.
    pub(crate) duration: i64,
}

/// A run of samples that is presented with one displacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) samples: Range<u32>,
    /// What is added to the decoding time of the table.
    pub(crate) displacement: i64,
}

/// A track on the time line of the presentation, in ticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Timeline {
    pub(crate) segments: Vec<Segment>,
    /// What is added to a decoding time, beside the composition offset, to get the composition
    /// time: it makes up for offsets below zero.
    pub(crate) composition_shift: i64,
    /// Where the track starts.
    pub(crate) start: i64,
    /// How long before `start` its first frame is shown, because an edit starts between key
    /// frames.
    pub(crate) lead: i64,
}

/// No time of a file is later: sums of a few such times do not overflow.
pub(crate) const LATEST: i64 = 1 << 61;

/// A time or a duration of an edit list is not negative, and neither they nor all the durations
/// together are longer than a file can be.
fn check(edits: &[Edit]) -> Result<(), Refusal> {
    let times = 0..LATEST;
    let mut total = 0_i64;
    for edit in edits {
        total = total.saturating_add(edit.duration);
        let start = edit.media_time.unwrap_or(0);
        if ![edit.duration, total, start]
            .iter()
            .all(|it| times.contains(it))
        {
            return Err(Refusal::Damaged("the edit list"));
        }
    }
    Ok(())
}

/// Applies the edit list of a track.
pub(crate) fn timeline(
    table: &SampleTable,
    has_compositions: bool,
    handler: Handler,
    time_scale: u32,
    edits: &[Edit],
) -> Result<Timeline, Refusal> {
    check(edits)?;
    let shift = -i64::from(table.least_composition());
    let pauses: i64 = edits
        .iter()
        .map_while(|edit| edit.media_time.is_none().then_some(edit.duration))
        .sum();
    let mut line = Timeline {
        segments: Vec::new(),
        composition_shift: shift,
        start: pauses,
        lead: 0,
    };
    let mut clock = -shift;
    // The earliest composition time of what the edits want.
    let mut earliest = i64::MAX;
    for edit in edits {
        let presented = clock;
        clock += edit.duration;
        // A pause between edits only moves what follows.
        let Some(media_time) = edit.media_time else {
            continue;
        };
        let window = Window {
            start: media_time,
            end: match edit.duration {
                0 => i64::MAX,
                duration => media_time + duration,
            },
            first: line.segments.is_empty(),
        };
        let Some(cut) = cut(table, has_compositions, handler, time_scale, &window) else {
            continue;
        };
        let displacement = presented - cut.warm_up - cut.anchor;
        earliest = earliest.min(cut.earliest.saturating_add(displacement + shift));
        line.segments.push(Segment {
            samples: cut.samples,
            displacement,
        });
    }
    if line.segments.is_empty() {
        return Ok(whole(table, line));
    }
    let late = earliest.saturating_sub(pauses);
    if handler == Handler::Video && earliest < i64::MAX && late > 0 {
        for segment in &mut line.segments {
            segment.displacement -= late;
        }
    }
    line.lead = lead(table, &line);
    Ok(line)
}

/// The same for a file with fragments, of which an edit list only says where they begin: nothing
/// is cut off.
pub(crate) fn displaced(table: &SampleTable, edits: &[Edit]) -> Result<Timeline, Refusal> {
    check(edits)?;
    let mut line = Timeline {
        segments: Vec::new(),
        composition_shift: -i64::from(table.least_composition()),
        start: 0,
        lead: 0,
    };
    let mut pauses = 0_i64;
    let mut media_start = 0;
    for edit in edits {
        let Some(media_time) = edit.media_time else {
            pauses += edit.duration;
            continue;
        };
        media_start = media_time;
        break;
    }
    let displacement = pauses - media_start;
    line = whole(table, line);
    for segment in &mut line.segments {
        segment.displacement += displacement;
    }
    line.start += displacement;
    Ok(line)
}

/// No edit list, or one that leaves nothing.
fn whole(table: &SampleTable, line: Timeline) -> Timeline {
    let mut cursor = table.cursor(0);
    let start = cursor.next(table).map_or(0, |first| first.cts());
    Timeline {
        segments: vec![Segment {
            // Nothing can be made of what precedes the first key frame.
            samples: first_key(table, 0)..table.count(),
            displacement: -line.composition_shift,
        }],
        start,
        ..line
    }
}

/// What an edit wants, in composition time.
struct Window {
    start: i64,
    end: i64,
    first: bool,
}

/// What it gets.
struct Cut {
    samples: Range<u32>,
    /// The decoding time of the first sample that is wanted.
    anchor: i64,
    /// The part of that sample that lies before the window.
    warm_up: i64,
    /// The earliest composition time of what is wanted.
    earliest: i64,
}

fn cut(
    table: &SampleTable,
    has_compositions: bool,
    handler: Handler,
    time_scale: u32,
    window: &Window,
) -> Option<Cut> {
    let first = first_sample(table, has_compositions, handler, time_scale, window.start);
    let mut cursor = table.cursor(first);
    let mut samples = first..first;
    let mut anchor = None;
    let mut earliest = i64::MAX;
    let mut key_after_end = false;
    while let Some(sample) = cursor.next(table) {
        let cts = sample.cts();
        let cts_end = cts.saturating_add(i64::from(sample.duration));
        if cts >= window.start && cts < window.end {
            anchor.get_or_insert((sample.dts, 0));
            earliest = earliest.min(cts);
        } else if handler == Handler::Audio
            && window.first
            && cts < window.start
            && cts_end > window.start
        {
            anchor.get_or_insert((sample.dts, window.start - cts));
        }
        samples.end = sample.index + 1;
        if cts_end >= window.end && (sample.key || handler == Handler::Audio) {
            // Frames that are shown before this key frame may follow it: wait for another.
            if has_compositions && handler == Handler::Video && !key_after_end {
                key_after_end = true;
            } else {
                break;
            }
        }
    }
    let (anchor, warm_up) = anchor?;
    Some(Cut {
        samples,
        anchor,
        warm_up,
        earliest,
    })
}

/// Where decoding must start for `start` to be presented.
fn first_sample(
    table: &SampleTable,
    has_compositions: bool,
    handler: Handler,
    time_scale: u32,
    start: i64,
) -> u32 {
    let found = match handler {
        Handler::Video if has_compositions => {
            table.last_before(start, true, |sample| sample.cts() <= start)
        }
        Handler::Video => table
            .last_before(start, true, |_| true)
            .or_else(|| table.last_before(start, false, |_| true)),
        Handler::Audio => {
            table.last_before((start - i64::from(time_scale)).max(0), false, |_| true)
        }
    };
    // Nothing can be made of what precedes the first key frame.
    first_key(table, found.map_or(0, |sample| sample.index))
}

/// The first key frame from this sample on.
fn first_key(table: &SampleTable, from: u32) -> u32 {
    let mut cursor = table.cursor(from);
    let key = std::iter::from_fn(|| cursor.next(table)).find(|sample| sample.key);
    key.map_or(0, |sample| sample.index)
}

/// How long before the start of the track its first frame is shown.
fn lead(table: &SampleTable, line: &Timeline) -> i64 {
    let Some(segment) = line.segments.first() else {
        return 0;
    };
    let mut cursor = table.cursor(segment.samples.start);
    let first = cursor.next(table).map_or(0, |first| first.cts());
    let shown = first + segment.displacement + line.composition_shift;
    (line.start - shown).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mp4::sample_table::Sample;

    const PAUSE: Option<i64> = None;

    /// A track of three samples that begins at `begin`, with edits of (start, duration), has no
    /// time that overflows, or is refused.
    #[track_caller]
    fn check(begin: i64, edits: &[(Option<i64>, i64)], refused: bool) {
        let mut table = SampleTable::default();
        table.begin_at(begin);
        for index in 0..3 {
            table.push(Sample {
                index,
                offset: 0,
                size: 1,
                dts: begin + i64::from(index) * 1024,
                composition: if index == 2 { i32::MIN } else { i32::MAX },
                duration: 1024,
                key: true,
            });
        }
        table.finish();
        let edits: Vec<Edit> = edits
            .iter()
            .map(|&(media_time, duration)| Edit {
                media_time,
                duration,
            })
            .collect();
        for handler in [Handler::Video, Handler::Audio] {
            let lines = [
                timeline(&table, true, handler, u32::MAX, &edits),
                displaced(&table, &edits),
            ];
            for line in lines {
                assert_eq!(line.is_err(), refused, "{line:?}");
                let Ok(line) = line else { continue };
                for segment in &line.segments {
                    let dts = (begin + 2048).checked_add(segment.displacement);
                    let most = line.composition_shift + i64::from(i32::MAX);
                    assert!(dts.and_then(|dts| dts.checked_add(most)).is_some());
                }
            }
        }
    }

    #[test]
    fn no_time_overflows() {
        let most = LATEST - 1;
        for begin in [0, most, -most] {
            check(begin, &[(PAUSE, most)], false);
            check(begin, &[(PAUSE, most), (Some(most), 0)], false);
            check(begin, &[(PAUSE, 0), (Some(most), most)], false);
            check(
                begin,
                &[(Some(0), 0), (PAUSE, most), (Some(begin.max(0)), 0)],
                false,
            );
            check(begin, &[(PAUSE, most); 4], true);
            check(begin, &[(PAUSE, most), (Some(0), most)], true);
            check(begin, &[(Some(0), most), (Some(0), most)], true);
            check(begin, &[(PAUSE, LATEST)], true);
            check(begin, &[(Some(LATEST), 0)], true);
            check(begin, &[(PAUSE, -1)], true);
            check(begin, &[(Some(-1), 0)], true);
            check(begin, &[(PAUSE, i64::MAX), (PAUSE, i64::MAX)], true);
        }
    }
}
