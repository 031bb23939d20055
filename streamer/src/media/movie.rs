//! An opened and validated video.

use std::sync::Arc;

use broadcast::{Failure, MediaTime};

use crate::{
    media::{AudioTrack, Packets, VideoTrack, cursor::Placed, warnings::warnings},
    mp4::{
        AacDescription, Index, Mp4Error, Refusal, Track, TrackSummary, VideoDescription,
        display_aspect, read_index,
    },
    source::Source,
};

/// A video that was opened, understood and found fit to be sent.
///
/// Times count from the first packet's decoding time: they are those that
/// `ffmpeg -c copy -f flv` would write. A picture at the start of the presentation is therefore
/// shown a few frames after zero if pictures are reordered, and sound keeps step with it.
///
/// A clone is cheap and shares the index and the blocks in memory.
#[derive(Clone, Debug)]
pub struct Movie {
    /// The picture.
    pub video: VideoTrack,
    /// The sound, if there is any.
    pub audio: Option<AudioTrack>,
    /// The end of the last packet.
    pub duration: MediaTime,
    /// What can be sent but may be refused, or look wrong, at the far end: in words.
    pub warnings: Vec<String>,
    /// All tracks of the file in its order, those that are not sent included.
    pub tracks: Vec<TrackSummary>,
    pub(crate) content: Arc<Content>,
}

/// What is wanted of a file.
#[derive(Clone, Debug, Default)]
pub struct MovieOptions {
    /// Which sound track is sent: 1 is the first of the file's sound tracks. Without a number it is
    /// the first that can be sent and is enabled, or else the first that can be sent.
    pub audio_track: Option<u32>,
}

/// What the cursors go through.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) source: Source,
    pub(crate) video: Placed<VideoDescription>,
    pub(crate) audio: Option<Placed<AacDescription>>,
    /// Whether the file asks players to mirror the picture.
    pub(crate) mirrored: bool,
}

impl Movie {
    /// Opens and validates: nothing is published for a file that fails here.
    ///
    /// # Errors
    /// `UnsupportedMedia` with the reason and, where there is one, the command that would mend the
    /// file; `BadRequest` with a list of the sound tracks if the one that is wanted is not there;
    /// `SourceMissing` and `SourceUnreadable`.
    pub async fn open(source: Source, options: &MovieOptions) -> Result<Self, Failure> {
        let opened = Self::try_open(source.clone(), options).await;
        opened.map_err(|error| error.into_failure(&source))
    }

    /// The same, with an error that tells what the file is refused for.
    pub(crate) async fn try_open(source: Source, options: &MovieOptions) -> Result<Self, Mp4Error> {
        let index = read_index(&source, options.audio_track).await?;
        Ok(Self::new(source, index))
    }

    /// A cursor that starts at the last video key frame at or before `from`.
    ///
    /// Each destination has one of its own; cursors that are near one another share what they
    /// read.
    pub fn packets(&self, from: MediaTime) -> Packets {
        Packets::new(Arc::clone(&self.content), from)
    }

    /// Where [`Movie::packets`] would start for `at`: the decoding time of that key frame.
    pub fn key_frame_at_or_before(&self, at: MediaTime) -> MediaTime {
        let video = &self.content.video;
        let mut cursor = video.at_key_frame(at);
        cursor.peek(video).map_or(MediaTime::ZERO, |due| due.dts)
    }

    /// Bytes of memory that the index takes: where each packet lies and when it is due.
    pub fn index_size(&self) -> usize {
        let content = &self.content;
        let audio = content.audio.as_ref();
        content.video.track.samples.memory() + audio.map_or(0, |audio| audio.track.samples.memory())
    }

    /// The failure for an ingest that does not take the coding of the picture: what it is, and the
    /// command that makes a file for this ingest.
    pub fn not_taken(&self) -> Failure {
        let refusal = Refusal::NotTaken(self.video.codec.name());
        Mp4Error::from(refusal).into_failure(&self.content.source)
    }

    fn new(source: Source, index: Index) -> Self {
        let (video, audio) = place(index.video, index.audio);
        let end = audio.as_ref().map_or(MediaTime::ZERO, Placed::end);
        let picture = &video.track.description;
        let mut movie = Self {
            duration: video.end().max(end),
            video: VideoTrack {
                codec: picture.codec,
                config: picture.config.clone(),
                width: picture.width,
                height: picture.height,
                rotation: index.geometry.rotation,
                display_aspect: display_aspect(
                    (picture.width, picture.height),
                    picture.pixel,
                    index.geometry.shown,
                ),
                profile: picture.profile,
                level: picture.level,
                frame_rate: video.rate(),
                bit_rate: video.bit_rate(),
                frames: video.count(),
            },
            audio: audio.as_ref().map(|audio| AudioTrack {
                aac_config: audio.track.description.config.clone(),
                object_type: audio.track.description.object_type,
                number: index.audio_number,
                sample_rate: audio.track.description.sample_rate,
                channels: audio.track.description.channels,
                bit_rate: audio.bit_rate(),
                frames: audio.count(),
            }),
            warnings: Vec::new(),
            tracks: index.tracks,
            content: Arc::new(Content {
                source,
                video,
                audio,
                mirrored: index.geometry.mirrored,
            }),
        };
        movie.warnings = warnings(&movie);
        movie
    }
}

/// Lays both tracks on one time line that starts with the earlier of them and has no decoding
/// time below zero.
fn place(
    video: Track<VideoDescription>,
    audio: Option<Track<AacDescription>>,
) -> (Placed<VideoDescription>, Option<Placed<AacDescription>>) {
    let mut start = start_of(&video);
    if let Some(audio) = &audio {
        start = start.min(start_of(audio));
    }
    let origin = MediaTime::ZERO - start;
    let mut first = first_dts(&video, origin);
    if let Some(audio) = &audio {
        first = first.min(first_dts(audio, origin));
    }
    // In whole milliseconds, as the muxer does it: then its rounding is ours.
    let shift = MediaTime::from_millis((-first.as_millis()).max(0));
    let origin = origin + shift;
    (
        Placed::new(video, origin),
        audio.map(|track| Placed::new(track, origin)),
    )
}

fn start_of<D>(track: &Track<D>) -> MediaTime {
    MediaTime::from_ticks(track.timeline.start, track.time_scale)
}

/// The first decoding time, which may be below zero.
fn first_dts<D>(track: &Track<D>, origin: MediaTime) -> MediaTime {
    let Some(segment) = track.timeline.segments.first() else {
        return MediaTime::ZERO;
    };
    let mut cursor = track.samples.cursor(segment.samples.start);
    let first = cursor.next(&track.samples).map_or(0, |first| first.dts);
    let first = first.saturating_add(segment.displacement);
    MediaTime::from_ticks(first, track.time_scale) + origin
}
