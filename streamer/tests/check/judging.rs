//! Each finding, provoked; and what is no finding.

use std::time::Duration;

use broadcast::Platform::{self, Custom, Facebook, Twitch, Youtube};
use streamer::{
    check::{Chroma, Facts, LIMITS, Leave, Severity, Spell, judge},
    media::VideoCodec,
};

use crate::support::{good, sound};

/// What `change` of a good video brings about: `error rule` and so on for the four platforms.
#[track_caller]
fn check(change: impl Fn(&mut Facts), wanted: [(Platform, &[&str]); 4]) {
    let mut facts = good();
    change(&mut facts);
    for (platform, wanted) in wanted {
        let found: Vec<String> = judge(&facts, platform, Leave::default())
            .iter()
            .map(|found| format!("{} {}", found.severity, found.rule))
            .collect();
        assert_eq!(found, wanted, "{platform}");
    }
}

/// The same for one platform, with the words.
#[track_caller]
fn says(platform: Platform, change: impl Fn(&mut Facts), wanted: &str) {
    let mut facts = good();
    change(&mut facts);
    let found = judge(&facts, platform, Leave::default());
    let words: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(words, [wanted]);
}

#[test]
fn a_good_video() {
    check(
        |_| {},
        [
            (Facebook, &[]),
            (Youtube, &[]),
            (Twitch, &[]),
            (Custom, &[]),
        ],
    );
}

#[test]
fn codecs() {
    for codec in [VideoCodec::Hevc, VideoCodec::Av1] {
        check(
            |facts| facts.video.codec = codec,
            [
                (Facebook, &["error video-codec"]),
                (Youtube, &[]),
                (Twitch, &["error video-codec"]),
                (Custom, &["warning video-codec"]),
            ],
        );
    }
    says(
        Facebook,
        |facts| facts.video.codec = VideoCodec::Hevc,
        "facebook: the picture is HEVC (H.264)",
    );
}

#[test]
fn colour() {
    for change in [
        |facts: &mut Facts| facts.video.coding.bit_depth = Some(10),
        |facts: &mut Facts| facts.video.coding.chroma = Some(Chroma::HalfColumns),
    ] {
        check(
            change,
            [
                (Facebook, &["error eight-bit"]),
                (Youtube, &["warning eight-bit"]),
                (Twitch, &["error eight-bit"]),
                (Custom, &["warning eight-bit"]),
            ],
        );
    }
    says(
        Custom,
        |facts| facts.video.coding.transfer = Some(16),
        "every ingest: it is HDR (PQ) in H.264: colours will look washed out (standard dynamic \
         range, or HEVC where it is taken)",
    );
}

#[test]
fn levels_and_sizes() {
    check(
        |facts| facts.video.coding.level = Some(52),
        [
            (Facebook, &["error level"]),
            (Youtube, &[]),
            (Twitch, &[]),
            (Custom, &[]),
        ],
    );
    says(
        Facebook,
        |facts| facts.video.coding.level = Some(52),
        "facebook: the picture is level 5.2, where 4.0 would do (level 4.2 at most)",
    );
    check(
        |facts| (facts.video.width, facts.video.height) = (3840, 2160),
        [
            (Facebook, &["error frame-size", "note low-bit-rate"]),
            (Youtube, &["note low-bit-rate"]),
            (Twitch, &["warning frame-size"]),
            (Custom, &[]),
        ],
    );
    // A telephone held upright has as many pixels.
    check(
        |facts| (facts.video.width, facts.video.height) = (1080, 1920),
        [
            (Facebook, &[]),
            (Youtube, &[]),
            (Twitch, &[]),
            (Custom, &[]),
        ],
    );
}

#[test]
fn fields() {
    check(
        |facts| facts.video.coding.interlaced = true,
        [
            (Facebook, &["error progressive"]),
            (Youtube, &["warning progressive"]),
            (Twitch, &["warning progressive"]),
            (Custom, &["warning progressive"]),
        ],
    );
}

#[test]
fn frame_rates() {
    check(
        |facts| facts.video.frame_rate = 120.0,
        [
            (Facebook, &["error frame-rate", "note low-bit-rate"]),
            (Youtube, &["error frame-rate", "note low-bit-rate"]),
            (Twitch, &["warning frame-rate"]),
            (Custom, &[]),
        ],
    );
    says(
        Custom,
        |facts| facts.video.frame_rate_varies = true,
        "every ingest: the frame rate varies (30.00 frames a second on average) (one frame rate \
         throughout)",
    );
    says(
        Custom,
        |facts| {
            facts.video.longest_frame = Spell {
                lasts: 7.25,
                at: 754.0,
            };
        },
        "every ingest: one frame stands 7.2 s at 0:12:34 (a frame at least every 2 s)",
    );
}

#[test]
fn key_frames() {
    let lasting = |lasts: f64| {
        move |facts: &mut Facts| {
            facts.video.key_frames.longest = Spell { lasts, at: 20.0 };
            facts.video.key_frames.typical = lasts;
        }
    };
    check(
        lasting(10.5),
        [
            (Facebook, &["error key-frames"]),
            (Youtube, &["error key-frames"]),
            (Twitch, &["warning key-frames"]),
            (Custom, &["warning key-frames"]),
        ],
    );
    check(
        lasting(4.0),
        [
            (Facebook, &["note key-frames"]),
            (Youtube, &["note key-frames"]),
            (Twitch, &["warning key-frames"]),
            (Custom, &[]),
        ],
    );
    // 250 frames at 29.97 are no 2 s, but 60 frames are.
    check(
        lasting(2.002),
        [
            (Facebook, &[]),
            (Youtube, &[]),
            (Twitch, &[]),
            (Custom, &[]),
        ],
    );
    says(
        Facebook,
        lasting(10.0),
        "facebook: key frames are 10.0 s apart at 0:00:20, typically 10.0 s (a key frame at least \
         every 4 s)",
    );
    says(
        Youtube,
        |facts| facts.video.key_frames.not_idr = 4,
        "youtube: 4 of 5 key frames that were looked at are not IDR pictures: after a lost \
         connection the picture is damaged for a moment (key frames are IDR pictures)",
    );
}

#[test]
fn bit_rates() {
    check(
        |facts| {
            facts.video.frame_rate = 60.0;
            facts.video.bit_rate = 12_700_000;
            facts.video.peak_bit_rate = 19_000_000;
        },
        [
            (Facebook, &["warning bit-rate", "warning peaks"]),
            (Youtube, &["warning bit-rate"]),
            (Twitch, &["error bit-rate", "warning peaks"]),
            (Custom, &[]),
        ],
    );
    check(
        |facts| {
            facts.video.bit_rate = 300_000;
            facts.video.peak_bit_rate = 600_000;
        },
        [
            (Facebook, &["note low-bit-rate"]),
            (Youtube, &["note low-bit-rate"]),
            (Twitch, &["note constant-bit-rate"]),
            (Custom, &[]),
        ],
    );
    says(
        Twitch,
        |facts| {
            facts.video.bit_rate = 8_000_000;
            facts.video.peak_bit_rate = 8_500_000;
        },
        "twitch: the picture has 8 Mbit/s (6 Mbit/s at most)",
    );
    says(
        Facebook,
        |facts| facts.video.bit_rate = 6_400_000,
        "facebook: the picture has 6.4 Mbit/s (6 Mbit/s at most for 1080p30)",
    );
}

#[test]
fn shapes() {
    says(
        Custom,
        |facts| facts.video.rotation = 90,
        "every ingest: the file asks players to turn the picture by 90 degrees, which a live \
         stream cannot say: it will be shown as it was recorded (the picture as it is to be shown)",
    );
    says(
        Custom,
        |facts| facts.video.mirrored = true,
        "every ingest: the file asks players to mirror the picture, which a live stream cannot \
         say: it will be shown as it was recorded (the picture as it is to be shown)",
    );
    says(
        Custom,
        |facts| {
            facts.video.width = 1440;
            facts.video.display_aspect = Some((16, 9));
        },
        "every ingest: 1440x1080 pixels are to be shown as 16:9, which a live stream may not say \
         (square pixels)",
    );
    says(
        Custom,
        |facts| facts.video.before_cut = 1.2,
        "every ingest: the file was cut between key frames: the live stream starts 1.2 s before \
         the cut (a cut at a key frame)",
    );
}

#[test]
fn no_sound() {
    let mute = |facts: &mut Facts| {
        facts.audio = None;
        facts.audio_tracks = 0;
    };
    check(
        mute,
        [
            (Facebook, &["error sound"]),
            (Youtube, &["warning sound"]),
            (Twitch, &["warning sound"]),
            (Custom, &["warning sound"]),
        ],
    );
    let mut facts = good();
    mute(&mut facts);
    let silence = Leave {
        silence: true,
        ..Leave::default()
    };
    assert_eq!(judge(&facts, Facebook, silence), []);
}

#[test]
fn an_ingest_of_ones_own_that_takes_more() {
    let mut facts = good();
    facts.video.codec = VideoCodec::Av1;
    let enhanced = Leave {
        enhanced: true,
        ..Leave::default()
    };
    assert_eq!(judge(&facts, Custom, enhanced), []);
    assert_eq!(judge(&facts, Facebook, enhanced).len(), 1);
}

#[test]
fn sounds() {
    check(
        |facts| {
            sound(facts).sample_rate = 22_050;
            sound(facts).channels = 1;
        },
        [
            (Facebook, &["error sample-rate"]),
            (Youtube, &["warning sample-rate"]),
            (Twitch, &["warning sample-rate"]),
            (Custom, &[]),
        ],
    );
    check(
        |facts| {
            sound(facts).channels = 6;
            sound(facts).bit_rate = 384_000;
        },
        [
            (Facebook, &["error sound-bit-rate", "warning channels"]),
            (Youtube, &[]),
            (Twitch, &["warning channels", "warning sound-bit-rate"]),
            (Custom, &[]),
        ],
    );
    check(
        |facts| sound(facts).object_type = 5,
        [
            (Facebook, &["warning low-complexity"]),
            (Youtube, &[]),
            (Twitch, &["warning low-complexity"]),
            (Custom, &[]),
        ],
    );
    says(
        Twitch,
        |facts| sound(facts).object_type = 29,
        "twitch: the sound is HE-AAC v2 (AAC-LC)",
    );
    says(
        Custom,
        |facts| facts.audio_tracks = 3,
        "every ingest: there are 3 sound tracks, of which number 1 is sent; --audio N takes \
         another (one sound track)",
    );
}

#[test]
fn picture_and_sound_apart() {
    says(
        Custom,
        |facts| sound(facts).starts = 0.75,
        "every ingest: the sound starts 0.8 s after the picture (picture and sound start within \
         0.5 s)",
    );
    says(
        Custom,
        |facts| facts.video.starts = 3.0,
        "every ingest: the picture starts 3.0 s after the sound (picture and sound start within \
         0.5 s)",
    );
    says(
        Custom,
        |facts| sound(facts).ends = 3_540.0,
        "every ingest: the sound ends at 0:59:00, 60.0 s before the picture (picture and sound end \
         within 1 s)",
    );
    says(
        Custom,
        |facts| sound(facts).ends = 3_602.0,
        "every ingest: the sound goes on for 2.0 s after the picture (picture and sound end within \
         1 s)",
    );
}

#[test]
fn long_videos() {
    let hours = |hours: f64| {
        move |facts: &mut Facts| {
            facts.duration = hours * 3_600.0;
            facts.video.ends = facts.duration;
            sound(facts).ends = facts.duration;
        }
    };
    check(
        hours(9.0),
        [
            (Facebook, &["error hours"]),
            (Youtube, &[]),
            (Twitch, &[]),
            (Custom, &[]),
        ],
    );
    check(
        hours(50.0),
        [
            (Facebook, &["error hours"]),
            (Youtube, &["note hours"]),
            (Twitch, &["error hours"]),
            (Custom, &[]),
        ],
    );
}

#[test]
fn the_worst_comes_first_and_the_table_is_in_that_order() {
    let mut facts = good();
    facts.audio = None;
    facts.video.rotation = 90;
    facts.video.key_frames.longest.lasts = 3.0;
    let found = judge(&facts, Facebook, Leave::default());
    let severities: Vec<Severity> = found.iter().map(|found| found.severity).collect();
    assert_eq!(
        severities,
        [Severity::Error, Severity::Warning, Severity::Note]
    );
    for (number, limit) in LIMITS.iter().enumerate() {
        let worse = LIMITS[number..].iter().filter(|later| {
            (later.platform, later.rule.name()) == (limit.platform, limit.rule.name())
        });
        for later in worse {
            assert!(later.severity >= limit.severity, "{later:?}");
        }
        assert!(limit.source.url.starts_with("https://"));
    }
}

#[test]
fn head_and_tail_count() {
    let mut facts = good();
    facts.duration = 7.0 * 3_600.0 + 3_590.0;
    for (around, wanted) in [(10, None), (11, Some("it lasts 8:00:01"))] {
        let leave = Leave {
            around: Duration::from_secs(around),
            ..Leave::default()
        };
        let found = judge(&facts, Facebook, leave);
        let what = found.first().map(|found| &*found.what);
        assert_eq!(what.is_some(), wanted.is_some(), "{found:?}");
        assert!(what.unwrap_or("").starts_with(wanted.unwrap_or("")));
    }
}
