//! A movie with what stands around it.

use broadcast::{Failure, FailureKind, MediaTime};

use super::{Arrangement, ProgrammePackets};
use crate::media::{AudioTrack, Movie, VideoTrack};

/// What is shown. Its time line is the one that checkpoints count on: zero is the first picture
/// of the head, or of the movie if there is no head.
///
/// A clone is cheap and shares what is in memory.
#[derive(Clone, Debug)]
pub struct Programme {
    movie: Movie,
}

impl Programme {
    /// The movie and nothing else.
    pub fn plain(movie: Movie) -> Self {
        Self { movie }
    }

    /// The movie as it is arranged.
    ///
    /// # Errors
    /// `UnsupportedMedia` if the movie is of a kind to which this cannot be added;
    /// `SourceUnreadable` if its first picture cannot be read.
    pub async fn new(movie: Movie, arrangement: Arrangement) -> Result<Self, Failure> {
        if !arrangement.is_plain() {
            return Err(Failure::new(
                FailureKind::UnsupportedMedia,
                "nothing can be added to this video",
            ));
        }
        Ok(Self::plain(movie))
    }

    /// The picture.
    pub fn video(&self) -> &VideoTrack {
        &self.movie.video
    }

    /// The sound, be it the movie's or added silence.
    pub fn audio(&self) -> Option<&AudioTrack> {
        self.movie.audio.as_ref()
    }

    /// The end of the last packet.
    pub fn duration(&self) -> MediaTime {
        self.movie.duration
    }

    /// What can be sent but may be refused, or look wrong, at the far end: in words.
    pub fn warnings(&self) -> &[String] {
        &self.movie.warnings
    }

    /// The failure for an ingest that does not take the coding of the picture.
    pub fn not_taken(&self) -> Failure {
        self.movie.not_taken()
    }

    /// A cursor that starts at the last key frame at or before `from`.
    pub fn packets(&self, from: MediaTime) -> ProgrammePackets {
        ProgrammePackets::new(self.movie.packets(from))
    }

    /// Where [`Programme::packets`] would start for `at`: the decoding time of that key frame.
    pub fn key_frame_at_or_before(&self, at: MediaTime) -> MediaTime {
        self.movie.key_frame_at_or_before(at)
    }
}

impl From<Movie> for Programme {
    fn from(movie: Movie) -> Self {
        Self::plain(movie)
    }
}
