//! What is shown where and when.

use std::time::Duration;

use broadcast::{Backup, Ingest, MediaTime, OnDrop, Platform, StreamKey, Timestamps};
use chrono::{DateTime, Utc};

use crate::{
    ingest::DialPolicy,
    media::{Programme, VideoCodec},
};

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
    /// The ingest that is used when the first does not come back.
    pub backup: Option<Backup>,
    /// The key to publish with, the same at both.
    pub key: StreamKey,
    /// What becomes of the time stamps when a connection was lost and is made again.
    pub timestamps: Timestamps,
    /// Which codecs it takes beside H.264, whether its ingest says so or not.
    pub codecs: Codecs,
    /// This destination's own checkpoint, where it is not the show's.
    pub start_at: Option<MediaTime>,
    /// When the first of the show was sent to it, if that was in an earlier attempt.
    pub on_air_at: Option<DateTime<Utc>>,
}

/// The codecs beside H.264 that an ingest takes, by Enhanced RTMP
/// (<https://veovera.org/docs/enhanced/enhanced-rtmp-v2>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Codecs {
    /// H.265.
    pub hevc: bool,
    /// AV1.
    pub av1: bool,
}

impl Codecs {
    /// What a platform says that it takes; `enhanced` is what the owner of a custom ingest says.
    ///
    /// YouTube takes HEVC and AV1 (<https://support.google.com/youtube/answer/2853702>). Facebook
    /// takes H.264 only (<https://developers.facebook.com/docs/live-video-api/reference>), and so
    /// does Twitch of those that have not joined its Enhanced Broadcasting
    /// (<https://help.twitch.tv/s/article/multiple-encodes>).
    pub fn of(platform: Platform, enhanced: bool) -> Self {
        let both = match platform {
            Platform::Youtube => true,
            Platform::Facebook | Platform::Twitch => false,
            Platform::Custom => enhanced,
        };
        Self {
            hevc: both,
            av1: both,
        }
    }

    /// Whether a codec is among them; H.264 always is.
    pub fn take(self, codec: VideoCodec) -> bool {
        match codec {
            VideoCodec::Avc => true,
            VideoCodec::Hevc => self.hevc,
            VideoCodec::Av1 => self.av1,
        }
    }
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
            dial: dial.anew(),
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
            backup: None,
            key,
            timestamps: Timestamps::default(),
            codecs: Codecs::default(),
            start_at: None,
            on_air_at: None,
        }
    }
}
