//! What the platforms publish, in one table. docs/preflight.md shows it; a test keeps both alike.

use broadcast::Platform;

use super::{
    finding::Severity::{self, Error, Note, Warning},
    rule::{Rule, Tier},
};
use crate::media::VideoCodec::{Av1, Avc, Hevc};

/// A rule, who says so and where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// Whose rule it is; none: every ingest's, unless a platform has its own figure.
    pub platform: Option<Platform>,
    /// How bad it is to break it.
    pub severity: Severity,
    /// The rule.
    pub rule: Rule,
    /// Where it is written.
    pub source: Source,
}

/// A page, and when it was last compared with this table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its address.
    pub url: &'static str,
    /// The month.
    pub read: &'static str,
}

/// The limits that a video has to keep for `platform`: its own, and of those of every ingest the
/// ones for which it has none.
pub fn limits_of(platform: Platform) -> impl Iterator<Item = &'static Limit> {
    let own = move |limit: &&Limit| limit.platform == Some(platform);
    let has = move |rule: &Rule| {
        LIMITS
            .iter()
            .filter(own)
            .any(|it| it.rule.name() == rule.name())
    };
    LIMITS
        .iter()
        .filter(move |limit| own(limit) || limit.platform.is_none() && !has(&limit.rule))
}

/// All limits; of one platform's that are about the same, the one that is worse to break first.
pub const LIMITS: &[Limit] = &[
    // What FLV and RTMP cannot say, and what decoders at the far end commonly lack.
    // An ingest may say that it takes more, and is asked then.
    every(Warning, Rule::VideoCodec(&[Avc]), ENHANCED_RTMP),
    every(Warning, Rule::EightBit, FLV),
    every(Warning, Rule::Progressive, FLV),
    every(Warning, Rule::SteadyFrameRate, FLV),
    every(Warning, Rule::LongestFrame(2), FLV),
    every(Warning, Rule::KeyFrames(10), FLV),
    every(Warning, Rule::ClosedGroups, FLV),
    every(Warning, Rule::StandardRange, ENHANCED_RTMP),
    every(Warning, Rule::Upright, FLV),
    every(Warning, Rule::SquarePixels, FLV),
    every(Warning, Rule::CutAtKeyFrame, FLV),
    every(Warning, Rule::Sound, FLV),
    every(Warning, Rule::StartTogether(500), FLV),
    every(Warning, Rule::EndTogether(1_000), FLV),
    every(Note, Rule::OneSound, FLV),
    // Facebook: "live video must … utilize recommended settings".
    facebook(Error, Rule::VideoCodec(&[Avc])),
    facebook(Error, Rule::EightBit),
    facebook(Error, Rule::Level(42)),
    facebook(Error, Rule::Progressive),
    facebook(Error, Rule::FrameSize(1920, 1080)),
    facebook(Error, Rule::FrameRate(60)),
    facebook(Error, Rule::KeyFrames(4)),
    facebook(Note, Rule::KeyFrames(2)),
    facebook(Warning, Rule::BitRate(FACEBOOK_RATES)),
    facebook(Note, Rule::LowBitRate(FACEBOOK_RATES)),
    facebook(Warning, Rule::Peaks(FACEBOOK_RATES)),
    facebook(Error, Rule::Sound),
    facebook(Warning, Rule::LowComplexity),
    facebook(Error, Rule::SampleRate(&[44_100, 48_000])),
    facebook(Warning, Rule::Channels(2)),
    facebook(Error, Rule::SoundBitRate(256)),
    facebook(Error, Rule::Hours(8)),
    // YouTube: what its control room calls an error or a warning.
    youtube(Error, Rule::VideoCodec(&[Avc, Hevc, Av1]), YOUTUBE_SETTINGS),
    youtube(Warning, Rule::EightBit, YOUTUBE_SETTINGS),
    youtube(Warning, Rule::Progressive, YOUTUBE_HEALTH),
    youtube(Error, Rule::FrameSize(3840, 2160), YOUTUBE_SETTINGS),
    youtube(Error, Rule::FrameRate(60), YOUTUBE_SETTINGS),
    youtube(Error, Rule::KeyFrames(4), YOUTUBE_HEALTH),
    youtube(Note, Rule::KeyFrames(2), YOUTUBE_SETTINGS),
    youtube(Warning, Rule::ClosedGroups, YOUTUBE_HEALTH),
    youtube(Warning, Rule::BitRate(YOUTUBE_RATES), YOUTUBE_SETTINGS),
    youtube(Note, Rule::LowBitRate(YOUTUBE_RATES), YOUTUBE_SETTINGS),
    youtube(Warning, Rule::Sound, YOUTUBE_HEALTH),
    youtube(Warning, Rule::SampleRate(&[44_100, 48_000]), YOUTUBE_HEALTH),
    youtube(Warning, Rule::Channels(6), YOUTUBE_SETTINGS),
    youtube(Note, Rule::Hours(12), YOUTUBE_ARCHIVE),
    // Twitch.
    twitch(Error, Rule::VideoCodec(&[Avc]), TWITCH_GUIDELINES),
    twitch(Error, Rule::EightBit, TWITCH_RECOMMENDATIONS),
    twitch(Warning, Rule::FrameSize(1920, 1080), TWITCH_GUIDELINES),
    twitch(Warning, Rule::FrameRate(60), TWITCH_GUIDELINES),
    twitch(Warning, Rule::KeyFrames(2), TWITCH_GUIDELINES),
    twitch(Error, Rule::BitRate(TWITCH_RATES), TWITCH_GUIDELINES),
    twitch(Warning, Rule::Peaks(TWITCH_RATES), TWITCH_GUIDELINES),
    twitch(Note, Rule::ConstantBitRate, TWITCH_RECOMMENDATIONS),
    twitch(Warning, Rule::LowComplexity, TWITCH_RECOMMENDATIONS),
    twitch(
        Warning,
        Rule::SampleRate(&[44_100, 48_000]),
        TWITCH_RECOMMENDATIONS,
    ),
    twitch(Warning, Rule::Channels(2), TWITCH_RECOMMENDATIONS),
    twitch(Warning, Rule::SoundBitRate(320), TWITCH_RECOMMENDATIONS),
    twitch(Error, Rule::Hours(48), TWITCH_RECOMMENDATIONS),
];

/// The bit rates of <https://developers.facebook.com/docs/live-video-api/reference>.
const FACEBOOK_RATES: &[Tier] = &[
    up_to(360, 30, 400, 1_000),
    up_to(480, 30, 600, 2_000),
    up_to(720, 30, 1_500, 4_000),
    up_to(720, 60, 2_250, 6_000),
    up_to(1080, 30, 3_000, 6_000),
    up_to(1080, 60, 4_500, 9_000),
];

/// The bit rates of <https://support.google.com/youtube/answer/2853702>, of H.264 the recommended
/// ones where they are above those of the other codecs.
const YOUTUBE_RATES: &[Tier] = &[
    up_to(720, 30, 3_000, 8_000),
    up_to(720, 60, 3_000, 8_000),
    up_to(1080, 30, 3_000, 10_000),
    up_to(1080, 60, 4_000, 12_000),
    up_to(1440, 30, 5_000, 25_000),
    up_to(1440, 60, 6_000, 30_000),
    up_to(2160, 30, 8_000, 35_000),
    up_to(2160, 60, 10_000, 40_000),
];

/// The one cap of Twitch.
const TWITCH_RATES: &[Tier] = &[up_to(1080, 60, 0, 6_000)];

const FLV: Source = Source {
    url: "https://veovera.org/docs/legacy/video-file-format-v10-1-spec.pdf",
    read: "2026-11",
};
const ENHANCED_RTMP: Source = Source {
    url: "https://veovera.org/docs/enhanced/enhanced-rtmp-v2",
    read: "2026-11",
};
const FACEBOOK: Source = Source {
    url: "https://developers.facebook.com/docs/live-video-api/reference",
    read: "2026-11",
};
const YOUTUBE_SETTINGS: Source = Source {
    url: "https://support.google.com/youtube/answer/2853702",
    read: "2026-11",
};
const YOUTUBE_HEALTH: Source = Source {
    url: "https://developers.google.com/youtube/v3/live/docs/liveStreams/health_status_messages",
    read: "2026-11",
};
const YOUTUBE_ARCHIVE: Source = Source {
    url: "https://support.google.com/youtube/answer/6247592",
    read: "2026-11",
};
const TWITCH_GUIDELINES: Source = Source {
    url: "https://help.twitch.tv/s/article/broadcasting-guidelines",
    read: "2026-11",
};
const TWITCH_RECOMMENDATIONS: Source = Source {
    url: "https://www.twitch.tv/creatorcamp/en/paths/going-live/broadcast-recommendations/",
    read: "2026-11",
};

const fn every(severity: Severity, rule: Rule, source: Source) -> Limit {
    limit(None, severity, rule, source)
}

const fn facebook(severity: Severity, rule: Rule) -> Limit {
    limit(Some(Platform::Facebook), severity, rule, FACEBOOK)
}

const fn youtube(severity: Severity, rule: Rule, source: Source) -> Limit {
    limit(Some(Platform::Youtube), severity, rule, source)
}

const fn twitch(severity: Severity, rule: Rule, source: Source) -> Limit {
    limit(Some(Platform::Twitch), severity, rule, source)
}

const fn limit(
    platform: Option<Platform>,
    severity: Severity,
    rule: Rule,
    source: Source,
) -> Limit {
    Limit {
        platform,
        severity,
        rule,
        source,
    }
}

const fn up_to(lines: u32, frame_rate: u32, least: u32, most: u32) -> Tier {
    Tier {
        lines,
        frame_rate,
        least,
        most,
    }
}
