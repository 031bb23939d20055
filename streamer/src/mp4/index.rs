//! Finding and understanding the index (`moov`).

use std::iter::once;

use futures_util::future::try_join_all;
use mp4_atom::{Mvhd, Trex};

use super::{
    audio_entry::AacDescription,
    boxes::{BoxAt, box_at, children, decode, find},
    built_table::BuiltTable,
    candidate::{Candidate, Listed, MovieHeader},
    error::{Mp4Error, Refusal},
    fragment::{FragmentedTrack, read_fragment},
    fragments,
    geometry::Geometry,
    other::{TOP_LEVEL, sniff},
    sample_description::{Entry, Handler},
    summary::{TrackPurpose, TrackSummary},
    table_builder::build,
    track::Track,
    video_entry::VideoDescription,
};
use crate::source::Source;

const MOST_TOP_LEVEL_BOXES: usize = 10_000;
const MOST_TRACKS: usize = 256;

/// The tracks that are sent.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) video: Track<VideoDescription>,
    pub(crate) audio: Option<Track<AacDescription>>,
    /// Which of the file's sound tracks that is, from one.
    pub(crate) audio_number: u32,
    /// How players are asked to show the picture.
    pub(crate) geometry: Geometry,
    /// All tracks of the file.
    pub(crate) tracks: Vec<TrackSummary>,
}

/// Reads the index of a file: its start, its end or wherever it lies, and nothing else.
///
/// `audio_track` is the number of a sound track, from one.
pub(crate) async fn read_index(
    source: &Source,
    audio_track: Option<u32>,
) -> Result<Index, Mp4Error> {
    let Found { moov, fragments } = find_moov(source).await?;
    let boxes = children(source, &moov).await?;
    if find(&boxes, b"cmov").is_some() {
        return Err(Refusal::CompressedIndex.into());
    }
    let movie = find(&boxes, b"mvhd").ok_or(Refusal::Damaged("no movie header"))?;
    let movie: Mvhd = decode(source, movie, "the movie header").await?;
    let tracks = list(source, &boxes, &movie.into()).await?;
    let video = choose(&tracks, Handler::Video)?.ok_or(Refusal::NoVideo)?;
    let audio = match audio_track {
        Some(number) => Some(choose_audio(&tracks, number)?),
        None => choose(&tracks, Handler::Audio)?,
    };

    let chosen: Vec<&Candidate> = once(video).chain(audio).collect();
    let mut tables = try_join_all(chosen.iter().map(|track| build(source, &track.stbl))).await?;
    let extends = find(&boxes, b"mvex");
    if let Some(extends) = extends {
        tables = add_fragments(source, extends, fragments, &chosen, tables).await?;
    }
    for table in &mut tables {
        table.finish();
    }
    let described = tables.iter().map(|table| table.end).max().unwrap_or(0);
    let length = source.length();
    if described > length {
        return Err(Refusal::Truncated { described, length }.into());
    }
    let mut tables = tables.into_iter();
    let video_table = tables.next().ok_or(Refusal::NoVideo)?;
    let audio_table = tables.next().filter(|table| table.samples.count() > 0);
    let audio = audio.zip(audio_table);
    Ok(Index {
        geometry: video.geometry,
        audio_number: audio.as_ref().map_or(0, |(audio, _)| audio.number),
        tracks: summaries(
            &tracks,
            &[Some(video), audio.as_ref().map(|(audio, _)| *audio)],
        ),
        video: video.track(video_table, extends.is_some(), |entry| match entry {
            Entry::Video(description) => Ok(description.clone()),
            other => Err(refusal(other)),
        })?,
        audio: match audio {
            Some((audio, table)) => {
                Some(audio.track(table, extends.is_some(), |entry| match entry {
                    Entry::Aac(description) => Ok(description.clone()),
                    other => Err(refusal(other)),
                })?)
            }
            None => None,
        },
    })
}

/// Adds the samples of the fragments to those of the index.
async fn add_fragments(
    source: &Source,
    extends: &BoxAt,
    from: u64,
    chosen: &[&Candidate],
    tables: Vec<BuiltTable>,
) -> Result<Vec<BuiltTable>, Mp4Error> {
    let mut defaults = Vec::new();
    for at in children(source, extends).await? {
        if &at.kind == b"trex" {
            let trex: Trex = decode(source, &at, "the defaults of fragments").await?;
            defaults.push(trex);
        }
    }
    let mut tracks: Vec<FragmentedTrack> = chosen
        .iter()
        .zip(tables)
        .map(|(track, table)| FragmentedTrack {
            track_id: track.track_id,
            handler: track.handler,
            table,
            left: source.length(),
        })
        .collect();
    fragments::for_each(source, from, |fragment| {
        read_fragment(fragment, &defaults, &mut tracks)
    })
    .await?;
    Ok(tracks.into_iter().map(|track| track.table).collect())
}

/// Where the index lies, and where fragments may begin.
struct Found {
    moov: BoxAt,
    fragments: u64,
}

/// Walks the boxes of the file to its index.
async fn find_moov(source: &Source) -> Result<Found, Mp4Error> {
    let length = source.length();
    let mut at = 0;
    let mut first_fragment = None;
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
            b"moov" if found.body.end <= length => {
                return Ok(Found {
                    fragments: first_fragment.unwrap_or(found.body.end),
                    moov: found,
                });
            }
            b"moof" => {
                first_fragment.get_or_insert(at);
            }
            _ => {}
        }
        at = found.body.end;
        if at >= length {
            break;
        }
    }
    Err(Refusal::NoIndex.into())
}

/// All tracks of the file, numbered.
async fn list(
    source: &Source,
    boxes: &[BoxAt],
    movie: &MovieHeader,
) -> Result<Vec<Listed>, Mp4Error> {
    let mut listed = Vec::new();
    let (mut videos, mut audios) = (0, 0);
    for trak in boxes.iter().filter(|at| &at.kind == b"trak") {
        if listed.len() == MOST_TRACKS {
            return Err(Refusal::TooLarge("tracks").into());
        }
        let Some(mut track) = Listed::read(source, trak, movie).await? else {
            continue;
        };
        if let Listed::Candidate(candidate) = &mut track {
            let number = match candidate.handler {
                Handler::Video => &mut videos,
                Handler::Audio => &mut audios,
            };
            *number += 1;
            candidate.number = *number;
        }
        listed.push(track);
    }
    Ok(listed)
}

/// The tracks of one kind.
fn candidates(tracks: &[Listed], handler: Handler) -> impl Iterator<Item = &Candidate> {
    tracks.iter().filter_map(move |track| match track {
        Listed::Candidate(candidate) if candidate.handler == handler => Some(&**candidate),
        _ => None,
    })
}

/// The track of a kind that is sent: the first that can be and is enabled, or else the first that
/// can be.
///
/// # Errors
/// Why none of those that are there can be sent.
fn choose(tracks: &[Listed], handler: Handler) -> Result<Option<&Candidate>, Refusal> {
    let sendable = || candidates(tracks, handler).filter(|track| track.is_sendable());
    let best = sendable()
        .find(|track| track.enabled)
        .or_else(|| sendable().next());
    match (best, candidates(tracks, handler).next()) {
        (None, Some(refused)) => Err(refused.refusal().unwrap_or(Refusal::NoVideo)),
        (best, _) => Ok(best),
    }
}

/// The sound track of this number.
///
/// # Errors
/// There is none, or why it cannot be sent.
fn choose_audio(tracks: &[Listed], number: u32) -> Result<&Candidate, Refusal> {
    let mut audios = candidates(tracks, Handler::Audio);
    let Some(chosen) = audios.find(|track| track.number == number) else {
        let there: Vec<String> = candidates(tracks, Handler::Audio)
            .map(|track| track.summary(false).to_string())
            .collect();
        return Err(Refusal::NoSuchAudio {
            wanted: number,
            there: match there.is_empty() {
                true => "it has none".to_owned(),
                false => format!("it has {}", there.join("; ")),
            },
        });
    };
    match chosen.refusal() {
        Some(refusal) => Err(refusal),
        None => Ok(chosen),
    }
}

/// What the file holds, for those who ask.
fn summaries(tracks: &[Listed], sent: &[Option<&Candidate>]) -> Vec<TrackSummary> {
    let mut others = 0;
    let summary = |track: &Listed| match track {
        Listed::Candidate(candidate) => {
            let mut sent = sent.iter().flatten();
            candidate.summary(sent.any(|sent| std::ptr::eq(*sent, &raw const **candidate)))
        }
        Listed::Other(codec) => {
            others += 1;
            TrackSummary {
                purpose: TrackPurpose::Other,
                number: others,
                codec: codec.clone(),
                enabled: true,
                size: None,
                sample_rate: None,
                channels: None,
                sent: false,
                refusal: None,
            }
        }
    };
    tracks.iter().map(summary).collect()
}

fn refusal(entry: &Entry) -> Refusal {
    match entry {
        Entry::Refused(refusal) => refusal.clone(),
        Entry::Video(_) | Entry::Aac(_) => Refusal::Damaged("a track of mixed kinds"),
    }
}
