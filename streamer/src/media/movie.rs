//! An opened and validated video.

use broadcast::{Failure, FailureKind, MediaTime};

use crate::{
    media::{AudioTrack, Packets, VideoTrack},
    source::Source,
};

/// A video that was opened, understood and found fit to be sent.
///
/// A clone is cheap and shares the index and the block cache.
#[derive(Clone, Debug)]
pub struct Movie {
    /// The picture.
    pub video: VideoTrack,
    /// The sound, if there is any.
    pub audio: Option<AudioTrack>,
    /// The end of the last packet.
    pub duration: MediaTime,
    /// What is sent but may be refused or look wrong at the far end, in words.
    pub warnings: Vec<String>,
}

impl Movie {
    /// Opens and validates: nothing is published for a file that fails here.
    ///
    /// # Errors
    /// `UnsupportedMedia` with the reason in words, `SourceMissing`, `SourceUnreadable`.
    pub async fn open(source: Source) -> Result<Self, Failure> {
        let _ = source;
        Err(Failure::new(FailureKind::UnsupportedMedia, "not yet"))
    }

    /// A cursor that starts at the last video key frame at or before `from`.
    ///
    /// Each destination has one of its own; cursors that read near one another share the blocks
    /// they read.
    pub fn packets(&self, from: MediaTime) -> Packets {
        let _ = from;
        Packets::new(self.clone())
    }

    /// Where [`Movie::packets`] would start for `at`: the decoding time of that key frame.
    pub fn key_frame_at_or_before(&self, at: MediaTime) -> MediaTime {
        at
    }
}
