//! How a stream counts its time.

use serde::{Deserialize, Serialize};

/// What the timestamps of a stream do after a connection was made again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timestamps {
    /// They go on where they were: what most ingests need to put both halves together.
    #[default]
    Continue,
    /// They begin at zero with each connection, for ingests that take each one for a new stream.
    RestartAtZero,
}
