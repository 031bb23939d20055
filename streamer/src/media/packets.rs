//! The packets of a movie, interleaved.

use std::sync::Arc;

use broadcast::{Failure, MediaTime};

use crate::{
    media::{
        Packet, TrackKind,
        cursor::{Due, TrackCursor},
        movie::Content,
    },
    source::Reader,
};

/// A cursor over the packets of a [`Movie`](crate::media::Movie), in rising order of decoding
/// time; of two that are due at once the picture goes first.
#[derive(Debug)]
pub struct Packets {
    content: Arc<Content>,
    reader: Reader,
    video: TrackCursor,
    audio: Option<TrackCursor>,
}

impl Packets {
    pub(crate) fn new(content: Arc<Content>, from: MediaTime) -> Self {
        let mut video = content.video.at_key_frame(from);
        let mut first = content.video.start();
        first.peek(&content.video);
        let start = video.peek(&content.video);
        let from_start = video.is_where(&first);
        let audio = content.audio.as_ref().map(|audio| match start {
            // Sound may start before the first picture.
            Some(start) if !from_start => audio.at_or_after(start.dts),
            _ => audio.start(),
        });
        Self {
            reader: content.source.reader(),
            content,
            video,
            audio,
        }
    }

    /// The next packet, or `None` after the last.
    ///
    /// A future that is dropped has taken nothing: the next call answers the same packet.
    ///
    /// # Errors
    /// `SourceUnreadable` when the source fails or changes on the way, with the position.
    pub async fn next(&mut self) -> Result<Option<Packet>, Failure> {
        let Some((track, due)) = self.peek() else {
            return Ok(None);
        };
        let sample = due.sample;
        let data = self
            .reader
            .read(sample.offset, sample.size as usize)
            .await
            .map_err(|error| {
                let mut failure = error.into_failure(self.content.source.label());
                // A show ends with where to go on from, which is some packets before.
                failure.message = format!("{}, at {} of the video", failure.message, due.dts);
                failure.at(due.dts)
            })?;
        self.pass(track);
        Ok(Some(Packet {
            track,
            dts: due.dts,
            pts: due.pts,
            key_frame: sample.key,
            data,
        }))
    }

    /// Goes past the next packet of a track without reading it.
    pub(crate) fn pass(&mut self, track: TrackKind) {
        match (track, &mut self.audio) {
            (TrackKind::Audio, Some(audio)) => audio.advance(),
            _ => self.video.advance(),
        }
    }

    /// What comes next, without reading it.
    pub(crate) fn peek(&mut self) -> Option<(TrackKind, Due)> {
        let video = self.video.peek(&self.content.video);
        let audio = match (&mut self.audio, &self.content.audio) {
            (Some(cursor), Some(audio)) => cursor.peek(audio),
            _ => None,
        };
        match (video, audio) {
            (Some(video), Some(audio)) if audio.dts < video.dts => Some((TrackKind::Audio, audio)),
            (Some(video), _) => Some((TrackKind::Video, video)),
            (None, Some(audio)) => Some((TrackKind::Audio, audio)),
            (None, None) => None,
        }
    }
}
