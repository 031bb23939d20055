//! What is made beside what the file holds.

use std::time::Duration;

/// What a programme has beside its movie. The default is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrangement {
    /// How long the first picture is shown in silence before the movie begins.
    pub head: Duration,
    /// How long the last picture is held in silence after the movie has ended.
    pub tail: Duration,
    /// Whether a movie without sound gets a silent sound track. One that has sound keeps its own.
    pub silence: bool,
}

impl Arrangement {
    /// Whether it adds nothing to any movie.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}
