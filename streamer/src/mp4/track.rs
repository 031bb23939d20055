//! A track that can be sent: what it is, where its samples lie, when they are due.

use super::{edit_list::Timeline, sample_table::SampleTable};

/// A track that can be sent.
#[derive(Debug)]
pub(crate) struct Track<D> {
    pub(crate) description: D,
    /// Ticks per second.
    pub(crate) time_scale: u32,
    pub(crate) samples: SampleTable,
    pub(crate) timeline: Timeline,
}
