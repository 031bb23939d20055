//! How a broadcast went.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{DestinationProgress, Failure};

/// How a broadcast went, written when it is settled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// When it was settled.
    pub settled_at: DateTime<Utc>,
    /// Attempts that were opened.
    pub attempts: u32,
    /// First media message against the air time, in milliseconds, late positive; of the
    /// destination that was on air first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_air_error_ms: Option<f64>,
    /// How far each destination came.
    pub destinations: Vec<DestinationProgress>,
    /// Why the broadcast was given up, called off or missed; none when it aired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}
