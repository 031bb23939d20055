//! From JSON to a [`Definition`](super::Definition).

mod machine;
mod state;
mod task;

pub(super) use machine::definition;
