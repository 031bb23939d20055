//! A track of the file, known by its headers.

use mp4_atom::{Elst, ElstEntry, FixedPoint, Matrix, Mdhd, Mvhd, Tkhd};

use super::{
    boxes::{BoxAt, body, children, decode, find},
    built_table::BuiltTable,
    edit_list::{Edit, displaced, timeline},
    error::{Mp4Error, Refusal},
    geometry::Geometry,
    sample_description::{Entry, Handler, codec_name, read_entries},
    summary::{TrackPurpose, TrackSummary},
    track::Track,
};
use crate::source::Source;

const MOST_EDITS: usize = 256;

/// What the movie's header says that its tracks need.
#[derive(Debug)]
pub(crate) struct MovieHeader {
    time_scale: u32,
    matrix: Matrix,
}

impl From<Mvhd> for MovieHeader {
    fn from(header: Mvhd) -> Self {
        Self {
            time_scale: header.timescale,
            matrix: header.matrix,
        }
    }
}

/// A track, whether it is to be sent or not.
#[derive(Debug)]
pub(crate) enum Listed {
    /// A picture or a sound, which might be sent.
    Candidate(Box<Candidate>),
    /// Something else, with the name of its coding.
    Other(String),
}

/// A track that might be sent.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) handler: Handler,
    pub(crate) track_id: u32,
    pub(crate) enabled: bool,
    pub(crate) geometry: Geometry,
    /// Which of its kind, from one.
    pub(crate) number: u32,
    pub(crate) stbl: Vec<BoxAt>,
    time_scale: u32,
    edits: Vec<Edit>,
    entries: Vec<([u8; 4], Entry)>,
}

impl Listed {
    /// Reads a track's headers; `None` for one without media.
    pub(crate) async fn read(
        source: &Source,
        trak: &BoxAt,
        movie: &MovieHeader,
    ) -> Result<Option<Self>, Mp4Error> {
        let boxes = children(source, trak).await?;
        let Some(mdia) = find(&boxes, b"mdia") else {
            return Ok(None);
        };
        let mdia = children(source, mdia).await?;
        let Some(hdlr) = find(&mdia, b"hdlr") else {
            return Ok(None);
        };
        let stbl = match find(&mdia, b"minf") {
            Some(minf) => find(&children(source, minf).await?, b"stbl").cloned(),
            None => None,
        };
        let stbl = match stbl {
            Some(stbl) => Some(children(source, &stbl).await?),
            None => None,
        };
        // Read by hand: the name that follows is in any encoding that a writer was set to.
        let hdlr = body(source, hdlr).await?;
        let handler = match hdlr.get(8..12) {
            Some(b"vide") => Handler::Video,
            Some(b"soun") => Handler::Audio,
            // What it is made of is of interest, and no matter if it cannot be read.
            _ => return Ok(Some(Self::Other(other_codec(source, stbl).await))),
        };
        let mdhd = find(&mdia, b"mdhd").ok_or(Refusal::Damaged("no media header"))?;
        let mdhd: Mdhd = decode(source, mdhd, "a media header").await?;
        if mdhd.timescale == 0 {
            return Err(Refusal::Damaged("a time scale of zero").into());
        }
        let tkhd = find(&boxes, b"tkhd").ok_or(Refusal::Damaged("no track header"))?;
        let tkhd: Tkhd = decode(source, tkhd, "a track header").await?;
        let stbl = stbl.ok_or(Refusal::Damaged("a sample table is missing"))?;
        let stsd = find(&stbl, b"stsd").ok_or(Refusal::Damaged("no sample description"))?;
        let entries = read_entries(&body(source, stsd).await?, handler)?;
        Ok(Some(Self::Candidate(Box::new(Candidate {
            handler,
            track_id: tkhd.track_id,
            enabled: tkhd.enabled,
            geometry: Geometry::new(&movie.matrix, &tkhd),
            number: 0,
            time_scale: mdhd.timescale,
            edits: read_edits(source, &boxes, movie.time_scale, mdhd.timescale).await?,
            stbl,
            entries,
        }))))
    }
}

impl Candidate {
    pub(crate) fn is_sendable(&self) -> bool {
        self.entries
            .iter()
            .any(|(_, entry)| !matches!(entry, Entry::Refused(_)))
    }

    /// Why it cannot be sent.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        match self.entries.first() {
            Some((_, Entry::Refused(refusal))) if !self.is_sendable() => Some(refusal.clone()),
            _ => None,
        }
    }

    /// The track for those who ask what the file holds.
    pub(crate) fn summary(&self, sent: bool) -> TrackSummary {
        let mut summary = TrackSummary {
            purpose: match self.handler {
                Handler::Video => TrackPurpose::Video,
                Handler::Audio => TrackPurpose::Audio,
            },
            number: self.number,
            codec: String::new(),
            enabled: self.enabled,
            size: None,
            sample_rate: None,
            channels: None,
            sent,
            refusal: self.refusal().map(|refusal| refusal.to_string()),
        };
        let first = self.entries.iter().find(|(_, entry)| match entry {
            Entry::Refused(_) => !self.is_sendable(),
            _ => true,
        });
        match first {
            Some((_, Entry::Video(video))) => {
                summary.codec = video.codec.name().to_owned();
                summary.size = Some((video.width, video.height));
            }
            Some((_, Entry::Aac(audio))) => {
                summary.codec = audio.name().to_owned();
                summary.sample_rate = Some(audio.sample_rate);
                summary.channels = Some(audio.channels);
            }
            Some((_, Entry::Refused(Refusal::AudioCodec(name) | Refusal::VideoCodec(name)))) => {
                summary.codec.clone_from(name);
            }
            Some((kind, _)) => summary.codec = codec_name(kind),
            None => {}
        }
        summary
    }

    /// The track with its samples; `is_fragmented` if some of them may lie in fragments.
    pub(crate) fn track<D>(
        &self,
        table: BuiltTable,
        is_fragmented: bool,
        describe: impl Fn(&Entry) -> Result<D, Refusal>,
    ) -> Result<Track<D>, Refusal> {
        let name = match self.handler {
            Handler::Video => "video",
            Handler::Audio => "audio",
        };
        let mut used = table.descriptions.iter().map(|&number| {
            let index = (number as usize).wrapping_sub(1);
            self.entries
                .get(index)
                .map(|(_, entry)| entry)
                .ok_or(Refusal::Damaged("samples without a description"))
        });
        let entry = used.next().ok_or(Refusal::EmptyTrack(name))??;
        for other in used {
            if !other?.is_same_format(entry) {
                return Err(Refusal::FormatChanges(name));
            }
        }
        if table
            .samples
            .last_before(i64::MAX, true, |_| true)
            .is_none()
        {
            return Err(Refusal::Damaged("no key frame"));
        }
        let timeline = match is_fragmented {
            true => displaced(&table.samples, &self.edits)?,
            false => timeline(
                &table.samples,
                table.has_compositions,
                self.handler,
                self.time_scale,
                &self.edits,
            )?,
        };
        Ok(Track {
            description: describe(entry)?,
            time_scale: self.time_scale,
            timeline,
            samples: table.samples,
        })
    }
}

/// The name of what a track holds that is neither picture nor sound.
async fn other_codec(source: &Source, stbl: Option<Vec<BoxAt>>) -> String {
    let unknown = || "unknown".to_owned();
    let Some(stsd) = stbl.as_deref().and_then(|stbl| find(stbl, b"stsd")) else {
        return unknown();
    };
    let Ok(stsd) = body(source, stsd).await else {
        return unknown();
    };
    match stsd.get(12..16).and_then(|kind| kind.try_into().ok()) {
        Some(kind) => codec_name(kind),
        None => unknown(),
    }
}

async fn read_edits(
    source: &Source,
    trak: &[BoxAt],
    movie_time_scale: u32,
    time_scale: u32,
) -> Result<Vec<Edit>, Mp4Error> {
    let Some(edts) = find(trak, b"edts") else {
        return Ok(Vec::new());
    };
    let boxes = children(source, edts).await?;
    let Some(elst) = find(&boxes, b"elst") else {
        return Ok(Vec::new());
    };
    let elst: Elst = decode(source, elst, "the edit list").await?;
    if elst.entries.len() > MOST_EDITS {
        return Err(Refusal::TooLarge("edits").into());
    }
    check_speed(&elst.entries)?;
    let scaled = |duration: u64| -> Option<i64> {
        let ticks = u128::from(duration) * u128::from(time_scale);
        let scale = u128::from(movie_time_scale.max(1));
        i64::try_from((ticks + scale / 2) / scale).ok()
    };
    let edits = elst.entries.iter().map(|entry| {
        let media_time = match entry.media_time {
            Some(time) => Some(i64::try_from(time).ok()?),
            None => None,
        };
        Some(Edit {
            media_time,
            duration: scaled(entry.segment_duration)?,
        })
    });
    Ok(edits
        .collect::<Option<Vec<Edit>>>()
        .ok_or(Refusal::Damaged("the edit list"))?)
}

/// Only what is played as it was recorded can be sent without coding it anew.
fn check_speed(entries: &[ElstEntry]) -> Result<(), Refusal> {
    let mut played = entries.iter().filter(|entry| entry.media_time.is_some());
    let is_still = |entry: &ElstEntry| entry.media_rate == FixedPoint::new(0, 0);
    // All of a movie in one still picture: the writer just left the rate out.
    if let (Some(only), None) = (played.next(), played.next())
        && is_still(only)
    {
        return Ok(());
    }
    let mut played = entries.iter().filter(|entry| entry.media_time.is_some());
    match played.all(|entry| entry.media_rate == FixedPoint::new(1, 0)) {
        true => Ok(()),
        false => Err(Refusal::EditSpeed),
    }
}
