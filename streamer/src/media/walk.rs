//! Going through a track without reading it.

use std::iter;

use super::{
    Movie, TrackKind,
    cursor::{Due, Placed},
};

/// When each sample of a track is due and where it lies, in the order in which they are sent.
pub(crate) fn walk(movie: &Movie, track: TrackKind) -> Box<dyn Iterator<Item = Due> + '_> {
    match (track, &movie.content.audio) {
        (TrackKind::Video, _) => Box::new(through(&movie.content.video)),
        (TrackKind::Audio, Some(audio)) => Box::new(through(audio)),
        (TrackKind::Audio, None) => Box::new(iter::empty()),
    }
}

fn through<D>(placed: &Placed<D>) -> impl Iterator<Item = Due> + '_ {
    let mut cursor = placed.start();
    iter::from_fn(move || {
        let due = cursor.peek(placed)?;
        cursor.advance();
        Some(due)
    })
}
