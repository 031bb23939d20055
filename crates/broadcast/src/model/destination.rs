//! Where a broadcast goes.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::Ingest;

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

    #[test]
    fn a_platform_is_known_by_its_ingest() {
        for platform in Platform::NAMED {
            assert_eq!(Platform::of(&platform.ingest().unwrap()), platform);
        }
        let foreign = "rtmp://notfacebook.com/live".parse().unwrap();
        assert_eq!(Platform::of(&foreign), Platform::Custom);
    }
}
