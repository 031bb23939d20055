//! The samples of a fragment: `moof` (ISO/IEC 14496-12, 8.8).

use bytes::{Buf, Bytes};
use mp4_atom::{Atom, Tfdt, Tfhd, Trex};

use super::{
    boxes::child_boxes,
    built_table::{Addition, BuiltTable, MOST_SAMPLES},
    edit_list::LATEST,
    error::Refusal,
    fragments::Fragment,
    sample_description::Handler,
};

/// A track that fragments add to.
#[derive(Debug)]
pub(crate) struct FragmentedTrack {
    pub(crate) track_id: u32,
    pub(crate) handler: Handler,
    pub(crate) table: BuiltTable,
    /// Bytes of the file that no sample has taken yet. A run of a few bytes can claim millions of
    /// samples; there are no more of them than bytes.
    pub(crate) left: u64,
}

/// Where the data of a run without an offset of its own starts.
struct Place {
    fragment: u64,
    /// The end of the data of the track fragment before, or the start of the fragment.
    implicit: u64,
}

/// What holds where a run says nothing: the track fragment's word, or else that of `trex`.
struct Defaults {
    description: u32,
    duration: u32,
    size: u32,
    flags: u32,
}

impl Defaults {
    fn new(header: &Tfhd, track: &Trex) -> Self {
        Self {
            description: header
                .sample_description_index
                .unwrap_or(track.default_sample_description_index),
            duration: header
                .default_sample_duration
                .unwrap_or(track.default_sample_duration),
            size: header
                .default_sample_size
                .unwrap_or(track.default_sample_size),
            flags: header
                .default_sample_flags
                .unwrap_or(track.default_sample_flags),
        }
    }
}

/// For a track that `mvex` forgets.
const NO_DEFAULTS: Trex = Trex {
    track_id: 0,
    default_sample_description_index: 1,
    default_sample_duration: 0,
    default_sample_size: 0,
    default_sample_flags: 0,
};

/// Adds what the fragment holds to the tracks.
pub(crate) fn read_fragment(
    fragment: &Fragment,
    defaults: &[Trex],
    tracks: &mut [FragmentedTrack],
) -> Result<(), Refusal> {
    let mut place = Place {
        fragment: fragment.at,
        implicit: fragment.at,
    };
    for (kind, body) in child_boxes(&fragment.body, &fragment.body) {
        if &kind == b"traf" {
            read_track_fragment(&body, &mut place, defaults, tracks)?;
        }
    }
    Ok(())
}

fn read_track_fragment(
    traf: &Bytes,
    place: &mut Place,
    defaults: &[Trex],
    tracks: &mut [FragmentedTrack],
) -> Result<(), Refusal> {
    let header = child_boxes(traf, traf)
        .find_map(|(kind, body)| (&kind == b"tfhd").then_some(body))
        .ok_or(DAMAGED)?;
    let header = Tfhd::decode_body(&mut &header[..]).map_err(|_| DAMAGED)?;
    let base = match header.base_data_offset {
        Some(base) => base,
        None if header.default_base_is_moof => place.fragment,
        None => place.implicit,
    };
    let defaults = defaults.iter().find(|it| it.track_id == header.track_id);
    let defaults = Defaults::new(&header, defaults.unwrap_or(&NO_DEFAULTS));
    let mut track = tracks
        .iter_mut()
        .find(|track| track.track_id == header.track_id);
    let mut run = base;
    if let Some(track) = &mut track {
        track.start(traf, header.duration_is_empty, &defaults)?;
    }
    for (kind, body) in child_boxes(traf, traf) {
        if &kind != b"trun" {
            continue;
        }
        let read = Run::read(&body)?;
        if let Some(offset) = read.offset {
            run = base.checked_add_signed(offset.into()).ok_or(DAMAGED)?;
        }
        run = match &mut track {
            Some(track) => track.read_run(read, run, &defaults)?,
            // Only its length is of interest, for who comes after it.
            None => read.end(run, &defaults)?,
        };
    }
    place.implicit = run;
    Ok(())
}

impl FragmentedTrack {
    /// When the fragment's first sample is due, and what it is.
    fn start(&mut self, traf: &Bytes, is_empty: bool, defaults: &Defaults) -> Result<(), Refusal> {
        let time = child_boxes(traf, traf)
            .find_map(|(kind, body)| (&kind == b"tfdt").then_some(body))
            .map(|body| Tfdt::decode_body(&mut &body[..]).map_err(|_| DAMAGED))
            .transpose()?;
        // Without one it follows what was there before.
        if let Some(time) = time {
            // Unsigned by the book; some writers mean a little before zero.
            let time = time.base_media_decode_time as i64;
            if time.unsigned_abs() >= LATEST as u64 {
                return Err(DAMAGED);
            }
            self.table.go_on_at(time);
        }
        if is_empty {
            self.table.pause(defaults.duration);
        }
        Ok(())
    }

    fn read_run(&mut self, mut run: Run, at: u64, defaults: &Defaults) -> Result<u64, Refusal> {
        if run.count == 0 {
            return Ok(at);
        }
        if run.count > MOST_SAMPLES - self.table.count() {
            return Err(Refusal::TooLarge("samples"));
        }
        self.table.describe(defaults.description)?;
        let mut offset = at;
        for number in 0..run.count {
            let sample = run.next(defaults, number == 0)?;
            let taken = self.left.checked_sub(sample.size.max(1).into());
            self.left = taken.ok_or(DAMAGED)?;
            let key = self.handler == Handler::Audio || sample.flags & (NOT_SYNC | DEPENDS) == 0;
            self.table.append(Addition {
                offset,
                size: sample.size,
                duration: sample.duration,
                composition: sample.composition,
                key,
            })?;
            offset = offset.checked_add(sample.size.into()).ok_or(DAMAGED)?;
        }
        Ok(offset)
    }
}

/// A `trun` box (8.8.8).
struct Run {
    fields: u32,
    count: u32,
    offset: Option<i32>,
    first_flags: Option<u32>,
    rest: Bytes,
}

struct RunSample {
    duration: u32,
    size: u32,
    flags: u32,
    composition: i32,
}

impl Run {
    const OFFSET: u32 = 0x1;
    const FIRST_FLAGS: u32 = 0x4;
    const DURATION: u32 = 0x100;
    const SIZE: u32 = 0x200;
    const FLAGS: u32 = 0x400;
    const COMPOSITION: u32 = 0x800;

    fn read(body: &Bytes) -> Result<Self, Refusal> {
        let mut rest = body.clone();
        // Version 0 says that composition offsets are unsigned, and means signed wherever it
        // matters.
        let fields = rest.try_get_u32().map_err(|_| DAMAGED)? & 0x00ff_ffff;
        let count = rest.try_get_u32().map_err(|_| DAMAGED)?;
        let mut optional = |field: u32| -> Result<Option<u32>, Refusal> {
            match fields & field {
                0 => Ok(None),
                _ => Ok(Some(rest.try_get_u32().map_err(|_| DAMAGED)?)),
            }
        };
        let offset = optional(Self::OFFSET)?.map(|offset| offset as i32);
        let first_flags = optional(Self::FIRST_FLAGS)?;
        Ok(Self {
            fields,
            count,
            offset,
            first_flags,
            rest,
        })
    }

    /// The next sample, with what holds where the run says nothing.
    fn next(&mut self, defaults: &Defaults, is_first: bool) -> Result<RunSample, Refusal> {
        let mut field = |field: u32, default: u32| match self.fields & field {
            0 => Ok(default),
            _ => self.rest.try_get_u32().map_err(|_| DAMAGED),
        };
        let duration = field(Self::DURATION, defaults.duration)?;
        let size = field(Self::SIZE, defaults.size)?;
        let flags = field(Self::FLAGS, defaults.flags)?;
        let composition = field(Self::COMPOSITION, 0)? as i32;
        Ok(RunSample {
            duration,
            size,
            flags: self.first_flags.filter(|_| is_first).unwrap_or(flags),
            composition,
        })
    }

    /// Where the data ends of a run that starts `at`, of a track that is not sent.
    fn end(mut self, at: u64, defaults: &Defaults) -> Result<u64, Refusal> {
        if self.fields & Self::SIZE == 0 {
            let size = u64::from(self.count) * u64::from(defaults.size);
            return at.checked_add(size).ok_or(DAMAGED);
        }
        let mut end = at;
        for _ in 0..self.count {
            let sample = self.next(defaults, false)?;
            end = end.checked_add(sample.size.into()).ok_or(DAMAGED)?;
        }
        Ok(end)
    }
}

/// sample_is_non_sync_sample (8.8.3.1).
const NOT_SYNC: u32 = 0x0001_0000;
/// sample_depends_on others: some writers say only this of what is no key frame.
const DEPENDS: u32 = 0x0100_0000;

const DAMAGED: Refusal = Refusal::Damaged("a fragment");
