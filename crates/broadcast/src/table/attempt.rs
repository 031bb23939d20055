//! The record of one attempt.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Failure, MediaTime};

/// One attempt at a broadcast.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its number; the first is 1.
    pub number: u32,
    /// The ARN of the execution that opened it.
    pub execution: String,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// How far the show was when it was opened.
    pub started_from: MediaTime,
    /// When its end was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
    /// How it failed; none while it goes on, and none when it brought the show to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}
