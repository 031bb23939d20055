//! A movie with what stands around it.

use std::sync::Arc;

use broadcast::{Failure, FailureKind, MediaTime};

use super::{
    Arrangement, ProgrammePackets,
    head::head,
    packets::Entry,
    silence::{Silence, SilentFrame},
    stills::Stills,
    tail::{costly, tail},
};
use crate::media::{AudioTrack, Movie, VideoTrack, warnings::NO_SOUND};

/// What is shown. Its time line is the one that checkpoints count on: zero is the first picture
/// of the head, or the start of the movie if there is no head.
///
/// What is made rather than read (pictures of the head and the tail, silence) is made when its
/// turn comes. Only one key frame for each of the two is kept.
///
/// A clone is cheap and shares what is in memory.
#[derive(Clone, Debug)]
pub struct Programme {
    parts: Arc<Parts>,
}

/// What a programme is made of.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) movie: Movie,
    /// When the movie begins.
    pub(super) shift: MediaTime,
    /// Pictures before and after the movie.
    pub(super) stills: Vec<Stills>,
    /// Silence before and after the movie, or beside all of it.
    pub(super) silences: Vec<Silence>,
    video: VideoTrack,
    audio: Option<AudioTrack>,
    duration: MediaTime,
    warnings: Vec<String>,
}

impl Programme {
    /// The movie and nothing else.
    pub fn plain(movie: Movie) -> Self {
        let parts = Parts::plain(movie);
        Self {
            parts: Arc::new(parts),
        }
    }

    /// The movie as it is arranged.
    ///
    /// Reads the first picture for a head, and the pictures from the last key frame on for a tail.
    ///
    /// # Errors
    /// `UnsupportedMedia` if the movie is of a kind to which this cannot be added; those of
    /// [`ProgrammePackets::next`].
    pub async fn new(movie: Movie, arrangement: Arrangement) -> Result<Self, Failure> {
        let mut parts = Parts::plain(movie);
        // In whole milliseconds, so that it changes nothing about how time stamps are rounded.
        let head_lasts = MediaTime::from_millis(MediaTime::from(arrangement.head).as_millis());
        parts.shift = head_lasts;
        let tail_lasts = MediaTime::from(arrangement.tail);
        parts.duration = parts.duration + head_lasts + tail_lasts;
        if head_lasts > MediaTime::ZERO {
            let (stills, is_costly) = head(&parts.movie, head_lasts).await?;
            parts.stills.push(stills);
            parts.warnings.extend(is_costly.then(|| costly("head")));
        }
        if tail_lasts > MediaTime::ZERO {
            let (stills, warnings) = tail(&parts.movie, head_lasts, parts.duration).await?;
            parts.stills.extend(stills);
            parts.warnings.extend(warnings);
        }
        parts.add_silence(arrangement)?;
        let made = parts.stills.iter().map(|run| run.count).sum::<u64>();
        parts.video.frames += made;
        Ok(Self {
            parts: Arc::new(parts),
        })
    }

    /// The picture.
    pub fn video(&self) -> &VideoTrack {
        &self.parts.video
    }

    /// The sound, be it the movie's or added silence.
    pub fn audio(&self) -> Option<&AudioTrack> {
        self.parts.audio.as_ref()
    }

    /// The end of the last packet.
    pub fn duration(&self) -> MediaTime {
        self.parts.duration
    }

    /// What can be sent but may be refused, or look wrong, at the far end: in words.
    pub fn warnings(&self) -> &[String] {
        &self.parts.warnings
    }

    /// A cursor that starts at the last key frame at or before `from`.
    ///
    /// Where the tail has no key frames, that is the last one of the movie: the pictures that the
    /// tail is a copy of are sent again, and then all of the tail.
    pub fn packets(&self, from: MediaTime) -> ProgrammePackets {
        ProgrammePackets::new(Arc::clone(&self.parts), from)
    }

    /// Where [`Programme::packets`] would start for `at`: the decoding time of that key frame.
    pub fn key_frame_at_or_before(&self, at: MediaTime) -> MediaTime {
        self.parts.entry(at).dts()
    }

    /// The failure for an ingest that does not take the coding of the picture: what it is, and the
    /// command that makes a file for this ingest.
    pub fn not_taken(&self) -> Failure {
        self.parts.movie.not_taken()
    }
}

impl From<Movie> for Programme {
    fn from(movie: Movie) -> Self {
        Self::plain(movie)
    }
}

impl Parts {
    fn plain(movie: Movie) -> Self {
        Self {
            shift: MediaTime::ZERO,
            stills: Vec::new(),
            silences: Vec::new(),
            video: movie.video.clone(),
            audio: movie.audio.clone(),
            duration: movie.duration,
            warnings: movie.warnings.clone(),
            movie,
        }
    }

    fn add_silence(&mut self, arrangement: Arrangement) -> Result<(), Failure> {
        let content = &self.movie.content;
        match (&mut self.audio, &content.audio) {
            (Some(track), Some(audio)) => {
                if arrangement.head.is_zero() && arrangement.tail.is_zero() {
                    return Ok(());
                }
                let (Some(first), Some(last)) = (audio.start().peek(audio), audio.ending()) else {
                    return Ok(());
                };
                let frame = SilentFrame::like(track).map_err(|reason| {
                    Failure::new(
                        FailureKind::UnsupportedMedia,
                        format!(
                            "this video cannot have a head or a tail: {reason}; it can after \
                             ffmpeg -i IN -c:v copy -c:a aac -movflags +faststart OUT.mp4"
                        ),
                    )
                })?;
                if !arrangement.head.is_zero() {
                    let silence = Silence::until(frame.clone(), first.dts + self.shift);
                    self.silences.push(silence);
                }
                if !arrangement.tail.is_zero() {
                    let start = last.dts + frame.last(1) + self.shift;
                    self.silences
                        .push(Silence::within(frame, start, self.duration));
                }
                track.frames += self.silences.iter().map(|run| run.count).sum::<u64>();
            }
            (None, _) if arrangement.silence => {
                let (frame, mut track) = SilentFrame::standard();
                let silence = Silence::within(frame, MediaTime::ZERO, self.duration);
                track.frames = silence.count;
                self.audio = Some(track);
                self.silences.push(silence);
                self.warnings.retain(|warning| warning != NO_SOUND);
            }
            _ => {}
        }
        if let Some(last) = self.silences.last() {
            self.duration = self.duration.max(last.end());
        }
        Ok(())
    }

    /// Where a cursor for a position starts.
    pub(super) fn entry(&self, at: MediaTime) -> Entry {
        let has_head = self.shift > MediaTime::ZERO;
        let made = |run: usize| {
            let stills = self.stills.get(run)?;
            let index = stills.key_at_or_before(at)?;
            let dts = stills.dts(index);
            Some(Entry::Made { run, index, dts })
        };
        // The tail is the last run.
        if let Some(entry) = made(usize::from(has_head)) {
            return entry;
        }
        let within = self.movie.key_frame_at_or_before(at - self.shift) + self.shift;
        if has_head && within > at {
            return made(0).unwrap_or(Entry::Made {
                run: 0,
                index: 0,
                dts: MediaTime::ZERO,
            });
        }
        Entry::Movie { dts: within }
    }
}
