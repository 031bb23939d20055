//! A broadcast.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{
    BroadcastId, Destination, Failure, IllegalTransition, Outcome, Progress, RetryBudget,
    SourceUrl, Status, is_default,
};

/// How long before the air time the execution starts. Fargate needs 20–60 s (110 s at worst), the
/// scheduler is precise to a minute.
pub const DEFAULT_LEAD: Duration = Duration::from_secs(240);
/// The longest lead: a task that waits costs money.
pub const MAX_LEAD: Duration = Duration::from_secs(3_600);
/// The longest head or tail, in seconds: a viewer who looks at a still for longer leaves.
pub const MAX_HEAD_OR_TAIL: u64 = 600;

/// A recorded video that goes live at an air time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Broadcast {
    /// Its name.
    pub id: BroadcastId,
    /// What people call it.
    pub title: String,
    /// The video.
    pub source: SourceUrl,
    /// Where it goes; at least one.
    pub destinations: Vec<Destination>,
    /// When it is on air.
    pub air_time: DateTime<Utc>,
    /// The zone in which its owner thinks of the air time.
    pub time_zone: Tz,
    /// How long before the air time the execution starts, in seconds.
    pub lead_seconds: u64,
    /// What happens to the media of the time in which a connection was lost.
    #[serde(default)]
    pub on_drop: OnDrop,
    /// Whether the first attempt may run on spare capacity, which costs less and can be taken away.
    #[serde(default)]
    pub spot: bool,
    /// Which sound track of the video is sent, from 1 in the order of the file; the first that is
    /// enabled and can be sent unless its owner says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio_track: Option<u32>,
    /// Whether a video without sound is sent with silence.
    #[serde(default, skip_serializing_if = "is_default")]
    pub silence: bool,
    /// For how many seconds the first picture is held, in silence, before the video begins. The
    /// air time is when the head begins.
    #[serde(default, skip_serializing_if = "is_default")]
    pub head_seconds: u64,
    /// For how many seconds the last picture is held, in silence, after the video.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tail_seconds: u64,
    /// Where it stands.
    pub status: Status,
    /// Attempts opened so far; the latest attempt has this number and all others are fenced off.
    pub attempts: u32,
    /// Why keys were refused when they were last tried, by destination.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub key_failures: BTreeMap<String, Failure>,
    /// What was wrong with backup ingests when they were last tried, by destination. It keeps
    /// nothing from going on air.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub backup_failures: BTreeMap<String, Failure>,
    /// What is left of the automatic retries.
    #[serde(default)]
    pub retry_budget: RetryBudget,
    /// What the streamer last said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// How it went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// When it was scheduled.
    pub created_at: DateTime<Utc>,
}

/// What happens to the media of the time in which a connection was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDrop {
    /// Nothing is lost; the show ends later.
    #[default]
    Resume,
    /// The show keeps to the clock; what fell into the gap is lost.
    Skip,
}

impl Broadcast {
    /// When the execution starts.
    pub fn start_time(&self) -> DateTime<Utc> {
        chrono::Duration::try_seconds(i64::try_from(self.lead_seconds).unwrap_or(i64::MAX))
            .and_then(|lead| self.air_time.checked_sub_signed(lead))
            .unwrap_or(self.air_time)
    }

    /// Goes to another state, or says why not.
    pub fn become_status(&mut self, to: Status) -> Result<(), IllegalTransition> {
        self.status = self.status.to(to)?;
        Ok(())
    }
}
