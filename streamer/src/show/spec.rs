//! What is shown where and when.

use std::time::Duration;

use broadcast::{Ingest, MediaTime, OnDrop, StreamKey};
use chrono::{DateTime, Utc};

use crate::{ingest::DialPolicy, media::Programme};

/// What is shown where and when.
#[derive(Clone, Debug)]
pub struct Show {
    /// What is shown.
    pub programme: Programme,
    /// Where; at least one.
    pub destinations: Vec<ShowDestination>,
    /// When the first media message leaves. If it is past, the show begins at once.
    pub air_time: DateTime<Utc>,
    /// Whether the air time was promised before it came. Then it is told how late the show is even
    /// when it begins after the air time; else, as for one that is to air as soon as possible, only
    /// when it began before.
    pub is_announced: bool,
    /// Where to begin: an earlier attempt's checkpoint, or zero. It begins with the last key frame
    /// at or before it.
    pub start_at: MediaTime,
    /// What happens to the media of the time in which a connection was lost.
    pub on_drop: OnDrop,
    /// How the ingests are connected to.
    pub dial: DialPolicy,
    /// How long before the air time the ingests are connected to. Short, because ingests drop
    /// publishers that send nothing.
    pub connect_ahead: Duration,
    /// How long after the air time a destination may be without a working connection before it is
    /// given up.
    pub patience: Duration,
    /// The same for one that alone keeps the show from its end: another destination has had all of
    /// it, and no other is being sent to.
    pub patience_alone: Duration,
    /// Whether a destination that is not among these has had all of the show.
    pub has_aired: bool,
}

/// One destination of a show.
#[derive(Clone, Debug)]
pub struct ShowDestination {
    /// Its name within the show.
    pub name: String,
    /// The ingest.
    pub ingest: Ingest,
    /// The key to publish with.
    pub key: StreamKey,
    /// This destination's own checkpoint, where it is not the show's.
    pub start_at: Option<MediaTime>,
    /// Whether some of the show was sent to it by an earlier attempt.
    pub was_on_air: bool,
}

impl Show {
    /// A show from the beginning that loses nothing.
    pub fn new(
        programme: impl Into<Programme>,
        destinations: Vec<ShowDestination>,
        air_time: DateTime<Utc>,
        dial: DialPolicy,
    ) -> Self {
        Self {
            programme: programme.into(),
            destinations,
            air_time,
            is_announced: false,
            start_at: MediaTime::ZERO,
            on_drop: OnDrop::Resume,
            dial,
            connect_ahead: Duration::from_secs(8),
            patience: Duration::from_secs(600),
            patience_alone: Duration::from_secs(120),
            has_aired: false,
        }
    }

    /// Bits per second of all that is sent.
    pub(super) fn bit_rate(&self) -> u64 {
        let audio = self.programme.audio().map_or(0, |audio| audio.bit_rate);
        self.programme.video().bit_rate.saturating_add(audio)
    }
}

impl ShowDestination {
    /// A destination that begins where the show does.
    pub fn new(name: impl Into<String>, ingest: Ingest, key: StreamKey) -> Self {
        Self {
            name: name.into(),
            ingest,
            key,
            start_at: None,
            was_on_air: false,
        }
    }
}
