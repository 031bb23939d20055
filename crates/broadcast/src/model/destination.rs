//! Where a broadcast goes.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{Backup, Ingest, Timestamps, is_default};

/// One destination of a broadcast.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// Its name within the broadcast, as in `facebook` or `youtube-2`.
    pub name: String,
    /// Whose ingest it is.
    pub platform: Platform,
    /// The ingest, without the key.
    pub ingest: Ingest,
    /// The name of the parameter in the key store that holds the stream key.
    pub key_parameter: String,
    /// How the key is tried before the show.
    pub probe: Probe,
    /// The ingest to use while the first cannot be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<Backup>,
    /// What the timestamps do after a connection was made again.
    #[serde(default, skip_serializing_if = "is_default")]
    pub timestamps: Timestamps,
    /// Whether an ingest that is not a platform's is known to take HEVC and AV1 (Enhanced RTMP)
    /// although it may not announce it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub enhanced: bool,
}

/// Whose ingest it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// Facebook Live.
    Facebook,
    /// YouTube Live.
    Youtube,
    /// Twitch.
    Twitch,
    /// Any other RTMP(S) ingest.
    Custom,
}

/// How far a key is tried before the show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Probe {
    /// Up to the ingest's answer to `publish`, without any media: the only thing that tells a good
    /// key from a bad one.
    #[default]
    Publish,
    /// Up to the ingest's answer to `connect`: tells that it is there.
    Connect,
    /// Not at all.
    None,
}

impl Platform {
    /// Every platform that is known by name.
    pub const NAMED: [Self; 3] = [Self::Facebook, Self::Youtube, Self::Twitch];

    /// The name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Facebook => "facebook",
            Self::Youtube => "youtube",
            Self::Twitch => "twitch",
            Self::Custom => "custom",
        }
    }

    /// The platform's public ingest; none for [`Platform::Custom`].
    ///
    /// <https://developers.facebook.com/docs/live-video-api>,
    /// <https://support.google.com/youtube/answer/10364924>,
    /// <https://dev.twitch.tv/docs/video-broadcast/>
    pub fn ingest(self) -> Option<Ingest> {
        let address = match self {
            Self::Facebook => "rtmps://live-api-s.facebook.com:443/rtmp",
            Self::Youtube => "rtmps://a.rtmps.youtube.com/live2",
            Self::Twitch => "rtmps://live.twitch.tv/app",
            Self::Custom => return None,
        };
        address.parse().ok()
    }

    /// What the timestamps of a stream do after a connection was made again, unless its owner says
    /// otherwise. This is the one place where platforms may differ.
    ///
    /// All of them go on: a live encoder that lost its connection goes on with its clock, so that is
    /// what every platform expects, and it is what tells the viewers' players how long the gap was.
    pub const fn timestamps(self) -> Timestamps {
        match self {
            Self::Facebook | Self::Youtube | Self::Twitch | Self::Custom => Timestamps::Continue,
        }
    }

    /// The platform's public backup ingest, if it has one: an ingest of its own that takes the same
    /// key.
    ///
    /// <https://developers.google.com/youtube/v3/live/docs/liveStreams> (`rtmpsBackupIngestionAddress`)
    pub fn backup_ingest(self) -> Option<Ingest> {
        match self {
            Self::Youtube => "rtmps://b.rtmps.youtube.com/live2?backup=1".parse().ok(),
            Self::Facebook | Self::Twitch | Self::Custom => None,
        }
    }

    /// Whose ingest an address is, by its host.
    pub fn of(ingest: &Ingest) -> Self {
        let host = ingest.host().to_ascii_lowercase();
        let within = |domain: &str| {
            host == domain
                || host
                    .strip_suffix(domain)
                    .is_some_and(|rest| rest.ends_with('.'))
        };
        if within("facebook.com") || within("fbcdn.net") {
            Self::Facebook
        } else if within("youtube.com") {
            Self::Youtube
        } else if within("twitch.tv") || within("live-video.net") {
            Self::Twitch
        } else {
            Self::Custom
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Platform {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::NAMED
            .into_iter()
            .chain([Self::Custom])
            .find(|platform| platform.name() == name)
            .ok_or_else(|| format!("{name:?} is no platform; known are facebook, youtube, twitch"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an earlier version wrote is read, and what it does not know has its default.
    #[test]
    fn a_destination_of_old_is_read() {
        let old = serde_json::json!({
            "name": "facebook", "platform": "facebook", "probe": "publish",
            "ingest": "rtmps://live-api-s.facebook.com:443/rtmp",
            "key_parameter": "/matinee/20261201-1930-abcd/facebook",
        });
        let read: Destination = serde_json::from_value(old).unwrap();
        assert_eq!(
            (read.backup, read.timestamps, read.enhanced),
            (None, Timestamps::Continue, false)
        );
        let backup: Backup =
            serde_json::from_value(serde_json::json!({ "ingest": "rtmp://h/live" })).unwrap();
        assert_eq!(backup.after().as_secs(), 10);
    }

    #[test]
    fn a_platform_is_known_by_its_ingest() {
        for platform in Platform::NAMED {
            assert_eq!(Platform::of(&platform.ingest().unwrap()), platform);
            if let Some(backup) = platform.backup_ingest() {
                assert_eq!(Platform::of(&backup), platform);
            }
        }
        let foreign = "rtmp://notfacebook.com/live".parse().unwrap();
        assert_eq!(Platform::of(&foreign), Platform::Custom);
    }
}
