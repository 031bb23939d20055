//! A video that nobody finds fault with.

use streamer::{
    check::{AudioFacts, Chroma, Coding, Facts, KeyFrames, Spell, VideoFacts},
    media::VideoCodec,
};

/// An hour of 1080p30 with 4 Mbit/s and stereo.
pub(crate) fn good() -> Facts {
    Facts {
        duration: 3_600.0,
        bytes: 1_860_000_000,
        video: VideoFacts {
            codec: VideoCodec::Avc,
            coding: Coding {
                profile: Some("High"),
                level: Some(40),
                fitting_level: Some(40),
                interlaced: false,
                chroma: Some(Chroma::Half),
                bit_depth: Some(8),
                transfer: Some(1),
            },
            width: 1920,
            height: 1080,
            rotation: 0,
            mirrored: false,
            display_aspect: None,
            frame_rate: 30.0,
            frame_rate_varies: false,
            longest_frame: Spell {
                lasts: 1.0 / 30.0,
                at: 0.0,
            },
            frames: 108_000,
            reordered: true,
            key_frames: KeyFrames {
                count: 1_800,
                typical: 2.0,
                longest: Spell {
                    lasts: 2.0,
                    at: 0.0,
                },
                examined: 5,
                not_idr: 0,
            },
            bit_rate: 4_000_000,
            peak_bit_rate: 5_000_000,
            peak_at: 12.0,
            starts: 0.0,
            ends: 3_600.0,
            before_cut: 0.0,
        },
        audio: Some(AudioFacts {
            number: 1,
            object_type: 2,
            sample_rate: 48_000,
            channels: 2,
            bit_rate: 128_000,
            starts: 0.0,
            ends: 3_600.0,
        }),
        audio_tracks: 1,
    }
}

/// The sound of a video that has some.
pub(crate) fn sound(facts: &mut Facts) -> &mut AudioFacts {
    facts.audio.as_mut().unwrap()
}
