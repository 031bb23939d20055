//! Opening a video, looking at it, judging it.

use std::{iter, time::Duration};

use broadcast::{Failure, FailureKind, Platform};
use chrono::{DateTime, Utc};

use super::{
    coding::coding,
    expiry::expiry,
    facts::{AudioFacts, Facts, KeyFrames, VideoFacts},
    finding::{Finding, Severity},
    judge::{Leave, judge},
    remedy,
    report::Report,
    samples::{Seen, look},
    survey::{Survey, survey},
};
use crate::{
    media::{Arrangement, Movie, MovieOptions, Programme, TrackKind, TrackPurpose},
    mp4::{Mp4Error, Refusal, command_with},
    source::Source,
};

/// How a video is checked.
#[derive(Clone, Debug, Default)]
pub struct CheckOptions {
    /// Which sound track is sent, from one.
    pub audio_track: Option<u32>,
    /// What is added to the video: head, tail, silence.
    pub arrangement: Arrangement,
    /// Ingests of one's own take HEVC and AV1.
    pub enhanced: bool,
    /// The file's name in the command that mends it; without one the last part of its address.
    pub name: Option<String>,
    /// When the show begins, if that is known: a signed address must last until it has ended.
    pub begins: Option<DateTime<Utc>>,
}

/// Checks a video for these platforms; [`Platform::Custom`] stands for what every ingest needs,
/// and none at all for everything that is known.
///
/// Reads the index and the beginnings of a few key frames, nothing else.
///
/// # Errors
/// The video cannot be read: `SourceMissing`, `SourceUnreadable`; `BadRequest` for a sound track
/// that it does not have. One that can be read and not be sent is a finding, not an error.
pub async fn check(
    source: Source,
    options: &CheckOptions,
    platforms: &[Platform],
) -> Result<Report, Failure> {
    let movie_options = MovieOptions {
        audio_track: options.audio_track,
    };
    match Movie::try_open(source.clone(), &movie_options).await {
        Ok(movie) => check_movie(&movie, options, platforms).await,
        Err(Mp4Error::Refused(refusal)) if !matches!(refusal, Refusal::NoSuchAudio { .. }) => {
            Ok(refused(&source, &refusal, options, platforms))
        }
        Err(error) => Err(error.into_failure(&source)),
    }
}

/// Checks a video that is open.
///
/// # Errors
/// `SourceUnreadable`.
pub async fn check_movie(
    movie: &Movie,
    options: &CheckOptions,
    platforms: &[Platform],
) -> Result<Report, Failure> {
    let source = &movie.content.source;
    // Hours of samples are gone through: not where others wait.
    let surveys = {
        let movie = movie.clone();
        tokio::task::spawn_blocking(move || {
            let audio = movie.audio.is_some();
            let audio = audio.then(|| survey(&movie, TrackKind::Audio));
            (survey(&movie, TrackKind::Video), audio)
        })
    };
    let (video, audio) = surveys.await.map_err(|error| {
        Failure::new(
            FailureKind::Internal,
            format!("going through the index broke off: {error}"),
        )
    })?;
    let seen = look(source, &movie.video, &video.picked)
        .await
        .map_err(|error| error.into_failure(source.label()))?;
    let added = added(movie, options.arrangement).await?;
    let facts = facts(movie, &video, audio.as_ref(), seen);
    let platforms = all_if_none(platforms);
    let around = options.arrangement.head + options.arrangement.tail;
    let leave = Leave {
        silence: options.arrangement.silence,
        enhanced: options.enhanced,
        around,
    };
    let lasts = Duration::try_from_secs_f64(facts.duration)
        .unwrap_or_default()
        .saturating_add(around);
    let expiry = expiry(source.expires_at(), options.begins, lasts);
    let judged = platforms
        .iter()
        .map(|platform| judge(&facts, *platform, leave));
    let own = added.into_iter().chain(expiry).collect();
    let findings = together(iter::once(own).chain(judged));
    let command = remedy::command(&facts, &findings, &platforms, name(source, options));
    Ok(Report {
        findings,
        command,
        facts: Some(facts),
        ..read(source, platforms)
    })
}

/// What is to be said of a head and a tail.
async fn added(movie: &Movie, arrangement: Arrangement) -> Result<Vec<Finding>, Failure> {
    if arrangement.head.is_zero() && arrangement.tail.is_zero() {
        return Ok(Vec::new());
    }
    let (severity, said) = match Programme::new(movie.clone(), arrangement).await {
        // What is said of the video alone is for the rules.
        Ok(programme) => {
            let of_video = &movie.warnings;
            let said = programme.warnings().iter();
            let said = said.filter(|warning| !of_video.contains(warning));
            (Severity::Warning, said.cloned().collect())
        }
        Err(failure) if failure.kind == FailureKind::UnsupportedMedia => {
            (Severity::Error, vec![failure.message])
        }
        Err(failure) => return Err(failure),
    };
    let finding = |what| Finding {
        severity,
        rule: "head-and-tail".to_owned(),
        platform: None,
        what,
        limit: "a video whose first and last pictures can be held".to_owned(),
        source: None,
        fixable: false,
    };
    Ok(said.into_iter().map(finding).collect())
}

/// The report on a file that cannot be sent to anyone.
fn refused(
    source: &Source,
    refusal: &Refusal,
    options: &CheckOptions,
    platforms: &[Platform],
) -> Report {
    let options_of_ffmpeg = refusal.options();
    let finding = Finding {
        severity: Severity::Error,
        rule: "can-be-sent".to_owned(),
        platform: None,
        what: refusal.to_string(),
        limit: "MP4 or MOV with H.264 and AAC".to_owned(),
        source: None,
        fixable: options_of_ffmpeg.is_some(),
    };
    Report {
        findings: vec![finding],
        command: options_of_ffmpeg.map(|it| command_with(it, name(source, options))),
        ..read(source, all_if_none(platforms))
    }
}

fn read(source: &Source, platforms: Vec<Platform>) -> Report {
    Report {
        source: source.label().to_owned(),
        platforms,
        facts: None,
        findings: Vec::new(),
        command: None,
        bytes: source.length(),
        bytes_read: source.bytes_read(),
        requests: source.requests(),
    }
}

fn all_if_none(platforms: &[Platform]) -> Vec<Platform> {
    match platforms {
        [] => Platform::NAMED
            .into_iter()
            .chain([Platform::Custom])
            .collect(),
        some => some.to_vec(),
    }
}

fn name<'a>(source: &'a Source, options: &'a CheckOptions) -> &'a str {
    match (&options.name, source.file_name()) {
        (Some(name), _) => name,
        (None, "") => "video.mp4",
        (None, name) => name,
    }
}

/// The findings of several platforms in one list: what every ingest needs stands there once.
fn together(lists: impl Iterator<Item = Vec<Finding>>) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    for finding in lists.flatten() {
        if !all.contains(&finding) {
            all.push(finding);
        }
    }
    all.sort_by_key(|found| found.severity);
    all
}

fn facts(movie: &Movie, video: &Survey, audio: Option<&Survey>, seen: Seen) -> Facts {
    let track = &movie.video;
    let placed = &movie.content.video.track;
    let lead = placed.timeline.lead as f64 / f64::from(placed.time_scale.max(1));
    let mut coding = coding(track);
    // What the container says is for players, and what counts; most often both say it.
    let transfer = placed.description.transfer;
    coding.transfer = transfer
        .and_then(|transfer| u8::try_from(transfer).ok())
        .filter(|transfer| *transfer != UNSPECIFIED)
        .or(coding.transfer);
    Facts {
        duration: movie.duration.as_secs_f64(),
        bytes: movie.content.source.length(),
        video: VideoFacts {
            codec: track.codec,
            coding,
            width: track.width.into(),
            height: track.height.into(),
            rotation: track.rotation,
            mirrored: movie.content.mirrored,
            display_aspect: track.display_aspect,
            frame_rate: track.frame_rate,
            frame_rate_varies: video.varies,
            longest_frame: video.longest_frame,
            frames: video.frames,
            reordered: video.reordered,
            key_frames: KeyFrames {
                count: video.key_frames,
                typical: video.typical_interval,
                longest: video.longest_interval,
                examined: seen.examined,
                not_idr: seen.not_idr,
            },
            bit_rate: track.bit_rate,
            peak_bit_rate: video.peak_bit_rate,
            peak_at: video.peak_at,
            starts: video.starts,
            ends: video.ends,
            before_cut: lead,
        },
        audio: movie
            .audio
            .as_ref()
            .zip(audio)
            .map(|(track, survey)| AudioFacts {
                number: track.number,
                object_type: track.object_type,
                sample_rate: track.sample_rate,
                channels: track.channels,
                bit_rate: track.bit_rate,
                starts: survey.starts,
                ends: survey.ends,
            }),
        audio_tracks: movie
            .tracks
            .iter()
            .filter(|track| track.purpose == TrackPurpose::Audio)
            .count() as u32,
    }
}

/// ITU-T H.273, table 3.
const UNSPECIFIED: u8 = 2;
