//! Ranged reads of a video, wherever it lies.

mod handle;

pub use handle::Source;
