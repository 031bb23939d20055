//! Finding and understanding the index (`moov`).

use mp4_atom::{Elst, Mdhd, Mvhd, Tkhd};

use super::{
    boxes::{BoxAt, body, box_at, children, decode, find},
    edit_list::{Edit, timeline},
    error::{Mp4Error, Refusal},
    sample_description::{AacDescription, AvcDescription, Entry, Handler, read_entries},
    table_builder::{BuiltTable, build},
    track::Track,
};
use crate::source::Source;

const MOST_TOP_LEVEL_BOXES: usize = 10_000;
const MOST_EDITS: usize = 256;

/// The tracks that are sent.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) video: Track<AvcDescription>,
    pub(crate) audio: Option<Track<AacDescription>>,
    /// Whether the file asks players to turn the picture.
    pub(crate) rotated: bool,
}

/// Reads the index of a file: its start, its end or wherever it lies, and nothing else.
pub(crate) async fn read_index(source: &Source) -> Result<Index, Mp4Error> {
    let moov = find_moov(source).await?;
    let boxes = children(source, &moov).await?;
    if find(&boxes, b"cmov").is_some() {
        return Err(Refusal::CompressedIndex.into());
    }
    if find(&boxes, b"mvex").is_some() {
        return Err(Refusal::Fragmented.into());
    }
    let movie = find(&boxes, b"mvhd").ok_or(Refusal::Damaged("no movie header"))?;
    let movie: Mvhd = decode(source, movie, "the movie header").await?;
    let mut tracks = Vec::new();
    for trak in boxes.iter().filter(|at| &at.kind == b"trak") {
        tracks.extend(Candidate::read(source, trak, movie.timescale).await?);
    }
    let video = choose(&tracks, Handler::Video)?.ok_or(Refusal::NoVideo)?;
    let audio = choose(&tracks, Handler::Audio)?;

    let (video_table, audio_table) = tokio::try_join!(build(source, &video.stbl), async {
        match audio {
            Some(audio) => Ok(Some(build(source, &audio.stbl).await?)),
            None => Ok(None),
        }
    })?;
    let audio_table = audio_table.filter(|table| table.samples.count() > 0);
    let described = video_table
        .end
        .max(audio_table.as_ref().map_or(0, |table| table.end));
    let length = source.length();
    if described > length {
        return Err(Refusal::Truncated { described, length }.into());
    }
    let audio = match audio.zip(audio_table) {
        Some((audio, table)) => Some(audio.track(table, |entry| match entry {
            Entry::Aac(description) => Ok(description.clone()),
            other => Err(refusal(other)),
        })?),
        None => None,
    };
    Ok(Index {
        rotated: video.rotated,
        video: video.track(video_table, |entry| match entry {
            Entry::Avc(description) => Ok(description.clone()),
            other => Err(refusal(other)),
        })?,
        audio,
    })
}

/// Walks the boxes of the file to its index.
async fn find_moov(source: &Source) -> Result<BoxAt, Mp4Error> {
    let length = source.length();
    let mut at = 0;
    for number in 0..MOST_TOP_LEVEL_BOXES {
        let found = match box_at(source, at, length).await {
            // Junk after the last box, or no boxes at all.
            Err(Mp4Error::Refused(_)) => None,
            found => found?,
        };
        let known = found
            .as_ref()
            .is_some_and(|at| TOP_LEVEL.contains(&&at.kind));
        if number == 0 && !known {
            return Err(sniff(source).await?.into());
        }
        let Some(found) = found else { break };
        match &found.kind {
            b"moov" if found.body.end <= length => return Ok(found),
            b"moof" => return Err(Refusal::Fragmented.into()),
            _ => at = found.body.end,
        }
        if at >= length {
            break;
        }
    }
    Err(Refusal::NoIndex.into())
}

/// What MP4 and MOV files start with.
const TOP_LEVEL: &[&[u8; 4]] = &[
    b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"uuid", b"styp", b"moof",
    b"sidx", b"pdin", b"meta", b"PICT", b"junk",
];

/// What a file is that is none of ours.
async fn sniff(source: &Source) -> Result<Refusal, Mp4Error> {
    let start = source.read(0, source.length().min(200) as usize).await?;
    let name = match &start[..] {
        [0x1a, 0x45, 0xdf, 0xa3, ..] => "Matroska or WebM",
        [b'F', b'L', b'V', ..] => "FLV",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', ..] => "AVI",
        [b'R', b'I', b'F', b'F', ..] => "a RIFF file",
        [b'O', b'g', b'g', b'S', ..] => "Ogg",
        [b'I', b'D', b'3', ..] => "MP3",
        [0x30, 0x26, 0xb2, 0x75, ..] => "Windows Media",
        [0x00, 0x00, 0x01, 0xba, ..] => "an MPEG program stream",
        [0x06, 0x0e, 0x2b, 0x34, ..] => "MXF",
        bytes if bytes.first() == Some(&0x47) && bytes.get(188) == Some(&0x47) => {
            "an MPEG transport stream"
        }
        _ => return Ok(Refusal::NotAVideo),
    };
    Ok(Refusal::OtherContainer(name))
}

/// A track that might be sent.
#[derive(Debug)]
struct Candidate {
    handler: Handler,
    enabled: bool,
    rotated: bool,
    time_scale: u32,
    edits: Vec<Edit>,
    stbl: Vec<BoxAt>,
    entries: Vec<Entry>,
}

impl Candidate {
    /// Reads a track's headers; `None` for what is neither picture nor sound.
    async fn read(
        source: &Source,
        trak: &BoxAt,
        movie_time_scale: u32,
    ) -> Result<Option<Self>, Mp4Error> {
        let boxes = children(source, trak).await?;
        let Some(mdia) = find(&boxes, b"mdia") else {
            return Ok(None);
        };
        let mdia = children(source, mdia).await?;
        let Some(hdlr) = find(&mdia, b"hdlr") else {
            return Ok(None);
        };
        // Read by hand: the name that follows is in any encoding that a writer was set to.
        let hdlr = body(source, hdlr).await?;
        let handler = match hdlr.get(8..12) {
            Some(b"vide") => Handler::Video,
            Some(b"soun") => Handler::Audio,
            _ => return Ok(None),
        };
        let mdhd = find(&mdia, b"mdhd").ok_or(Refusal::Damaged("no media header"))?;
        let mdhd: Mdhd = decode(source, mdhd, "a media header").await?;
        if mdhd.timescale == 0 {
            return Err(Refusal::Damaged("a time scale of zero").into());
        }
        let tkhd = find(&boxes, b"tkhd").ok_or(Refusal::Damaged("no track header"))?;
        let tkhd: Tkhd = decode(source, tkhd, "a track header").await?;
        let stbl = match find(&mdia, b"minf") {
            Some(minf) => find(&children(source, minf).await?, b"stbl").cloned(),
            None => None,
        };
        let stbl = stbl.ok_or(Refusal::Damaged("a sample table is missing"))?;
        let stbl = children(source, &stbl).await?;
        let stsd = find(&stbl, b"stsd").ok_or(Refusal::Damaged("no sample description"))?;
        let entries = read_entries(&body(source, stsd).await?, handler)?;
        Ok(Some(Self {
            handler,
            enabled: tkhd.enabled,
            rotated: is_rotated(&tkhd),
            time_scale: mdhd.timescale,
            edits: read_edits(source, &boxes, movie_time_scale, mdhd.timescale).await?,
            stbl,
            entries,
        }))
    }

    fn is_sendable(&self) -> bool {
        self.entries
            .iter()
            .any(|entry| !matches!(entry, Entry::Refused(_)))
    }

    fn channels(&self) -> u8 {
        self.entries
            .iter()
            .map(|entry| match entry {
                Entry::Aac(description) => description.channels,
                _ => 0,
            })
            .max()
            .unwrap_or(0)
    }

    fn track<D>(
        &self,
        table: BuiltTable,
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
                .ok_or(Refusal::Damaged("samples without a description"))
        });
        let entry = used.next().ok_or(Refusal::EmptyTrack(name))??;
        for other in used {
            if other? != entry {
                return Err(Refusal::FormatChanges(name));
            }
        }
        let has_key = table
            .samples
            .last_before(i64::MAX, true, |_| true)
            .is_some();
        if !has_key {
            return Err(Refusal::Damaged("no key frame"));
        }
        Ok(Track {
            description: describe(entry)?,
            time_scale: self.time_scale,
            timeline: timeline(
                &table.samples,
                table.has_compositions,
                self.handler,
                self.time_scale,
                &self.edits,
            )?,
            samples: table.samples,
        })
    }
}

/// The track of a kind that is sent: one that can be, enabled, with the most channels, first.
///
/// # Errors
/// Why none of those that are there can be sent.
fn choose(tracks: &[Candidate], handler: Handler) -> Result<Option<&Candidate>, Refusal> {
    let of_kind = || tracks.iter().filter(|track| track.handler == handler);
    let best = of_kind()
        .filter(|track| track.is_sendable())
        // Of equals, `max_by_key` takes the last.
        .rev()
        .max_by_key(|track| (track.enabled, track.channels()));
    match (best, of_kind().next()) {
        (Some(best), _) => Ok(Some(best)),
        (None, Some(refused)) => Err(refused.entries.first().map_or(Refusal::NoVideo, refusal)),
        (None, None) => Ok(None),
    }
}

fn refusal(entry: &Entry) -> Refusal {
    match entry {
        Entry::Refused(refusal) => refusal.clone(),
        Entry::Avc(_) | Entry::Aac(_) => Refusal::Damaged("a track of mixed kinds"),
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
    let scaled = |duration: u64| -> Option<i64> {
        let ticks = u128::from(duration) * u128::from(time_scale);
        let scale = u128::from(movie_time_scale.max(1));
        // Durations that overflow what follows are no durations.
        i64::try_from((ticks + scale / 2) / scale)
            .ok()
            .filter(|ticks| *ticks < i64::MAX / 4)
    };
    let edits = elst.entries.iter().map(|entry| {
        let media_time = match entry.media_time {
            Some(time) => Some(
                i64::try_from(time)
                    .ok()
                    .filter(|time| *time < i64::MAX / 4)?,
            ),
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

/// Whether the matrix does more than scale and move.
fn is_rotated(tkhd: &Tkhd) -> bool {
    tkhd.matrix.b != 0 || tkhd.matrix.c != 0 || tkhd.matrix.a < 0 || tkhd.matrix.d < 0
}
