//! How far a broadcast is.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Failure, MediaTime, is_default};

/// What the streamer of one attempt last said of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The attempt that said it.
    pub attempt: u32,
    /// What the streamer does.
    pub phase: Phase,
    /// The length of the show.
    pub duration: MediaTime,
    /// When it was said.
    pub heartbeat: DateTime<Utc>,
    /// One entry for each destination of the broadcast.
    pub destinations: Vec<DestinationProgress>,
}

/// What a streamer does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Opens the video and reads its index.
    #[default]
    Opening,
    /// Waits for the air time.
    Standby,
    /// Sends to at least one destination.
    OnAir,
    /// Was on air, and just now no destination takes media.
    Interrupted,
    /// All destinations have ended, well or badly.
    Finished,
}

/// How far one destination is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DestinationProgress {
    /// The destination's name.
    pub name: String,
    /// Whether the ingest takes media, or would.
    pub connected: bool,
    /// Whether the connection, or the last one there was, is with the backup ingest.
    #[serde(default, skip_serializing_if = "is_default")]
    pub on_backup: bool,
    /// Whether the show was sent to its end.
    pub finished: bool,
    /// The last media that the ingest can have: the checkpoint of the next attempt.
    pub position: MediaTime,
    /// Video frames sent by all attempts together, what was repeated after a reconnect included.
    pub video_frames: u64,
    /// Audio frames sent by all attempts together.
    pub audio_frames: u64,
    /// Bytes of media sent by all attempts together, without protocol overhead.
    pub bytes: u64,
    /// Mean rate of the last seconds, in bits per second.
    pub bitrate: u64,
    /// How often the connection was made again within an attempt, all attempts together.
    pub reconnects: u32,
    /// First media message against the air time, in milliseconds, late positive; none before, and
    /// none for a broadcast that was to air as soon as possible and began after the air time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_air_error_ms: Option<f64>,
    /// When the first media message of the broadcast left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_air_at: Option<DateTime<Utc>>,
    /// Why it is given up, or what last went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

impl Progress {
    /// The furthest that any destination is.
    pub fn position(&self) -> MediaTime {
        self.destinations
            .iter()
            .map(|destination| destination.position)
            .max()
            .unwrap_or_default()
    }

    /// Whether some of the show has left for any destination.
    pub fn has_been_on_air(&self) -> bool {
        self.destinations.iter().any(|one| one.on_air_at.is_some())
    }
}
