//! The packets of a movie, interleaved.

use broadcast::Failure;

use crate::media::{Movie, Packet};

/// A cursor over the packets of a [`Movie`], in rising order of decoding time.
#[derive(Debug)]
pub struct Packets {
    movie: Movie,
}

impl Packets {
    /// The next packet, or `None` after the last.
    ///
    /// # Errors
    /// `SourceUnreadable` when the source fails or changes under way, with the position.
    pub async fn next(&mut self) -> Result<Option<Packet>, Failure> {
        let _ = &self.movie;
        Ok(None)
    }

    pub(crate) fn new(movie: Movie) -> Self {
        Self { movie }
    }
}
