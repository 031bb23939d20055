//! Following a broadcast until it is over.

mod follow;
mod verdict;

pub(crate) use follow::{watch, watch_again};
