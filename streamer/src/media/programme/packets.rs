//! The packets of a programme, interleaved.

use broadcast::Failure;

use crate::media::{Packet, Packets};

/// A cursor over the packets of a [`Programme`](super::Programme), in rising order of decoding
/// time; of two that are due at once the picture goes first.
#[derive(Debug)]
pub struct ProgrammePackets {
    movie: Packets,
}

impl ProgrammePackets {
    pub(super) fn new(movie: Packets) -> Self {
        Self { movie }
    }

    /// The next packet, or `None` after the last.
    ///
    /// A future that is dropped has taken nothing: the next call answers the same packet.
    ///
    /// # Errors
    /// `SourceUnreadable` when the source fails or changes on the way, with the position.
    pub async fn next(&mut self) -> Result<Option<Packet>, Failure> {
        self.movie.next().await
    }
}
