//! What is known of a video, from its index and a few samples.

use serde::{Serialize, Serializer};

use crate::media::VideoCodec;

/// What is known of a video that can be sent. Times are in seconds, rates in bits per second.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Facts {
    /// From the first packet to the end of the last.
    pub duration: f64,
    /// The size of the file in bytes.
    pub bytes: u64,
    /// The picture.
    pub video: VideoFacts,
    /// The sound that is sent, if there is any.
    pub audio: Option<AudioFacts>,
    /// Sound tracks in the file, those that are not sent included.
    pub audio_tracks: u32,
}

/// What is known of the picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VideoFacts {
    /// How it is coded.
    #[serde(serialize_with = "codec_name")]
    pub codec: VideoCodec,
    /// What the parameter sets say of the coding.
    pub coding: Coding,
    /// Pixels in a line.
    pub width: u32,
    /// Lines.
    pub height: u32,
    /// By how many degrees clockwise the file asks players to turn it.
    pub rotation: u16,
    /// Whether the file asks players to mirror it.
    pub mirrored: bool,
    /// The shape it is to be shown in, where that is not the shape of its pixels.
    pub display_aspect: Option<(u32, u32)>,
    /// Mean frames per second.
    pub frame_rate: f64,
    /// Whether the time from frame to frame varies by more than its rounding.
    pub frame_rate_varies: bool,
    /// The longest time for which one frame stands, and when that is.
    pub longest_frame: Spell,
    /// Frames that are sent.
    pub frames: u64,
    /// Whether frames are shown in another order than they are decoded in.
    pub reordered: bool,
    /// The key frames.
    pub key_frames: KeyFrames,
    /// Mean bits per second.
    pub bit_rate: u64,
    /// Bits per second of the two seconds that have the most.
    pub peak_bit_rate: u64,
    /// When these begin.
    pub peak_at: f64,
    /// When the first frame is shown.
    pub starts: f64,
    /// When the last frame ends.
    pub ends: f64,
    /// How long before its cut the video starts, because it was cut between key frames.
    pub before_cut: f64,
}

/// What the parameter sets say of the coding of a picture. What is not known is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coding {
    /// The name of the profile.
    pub profile: Option<&'static str>,
    /// Ten times the level: 41 is level 4.1.
    pub level: Option<u8>,
    /// Ten times the lowest level of H.264 that would be as true.
    pub fitting_level: Option<u8>,
    /// Whether it may hold fields instead of frames.
    pub interlaced: bool,
    /// How colour is sampled.
    pub chroma: Option<Chroma>,
    /// Bits of each sample.
    pub bit_depth: Option<u8>,
    /// The transfer characteristics, as numbered by ITU-T H.273.
    pub transfer: Option<u8>,
}

/// How colour is sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Chroma {
    /// None at all.
    #[serde(rename = "4:0:0")]
    Monochrome,
    /// Half of the columns and lines.
    #[serde(rename = "4:2:0")]
    Half,
    /// Half of the columns.
    #[serde(rename = "4:2:2")]
    HalfColumns,
    /// All.
    #[serde(rename = "4:4:4")]
    Full,
}

/// The key frames of a video.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KeyFrames {
    /// How many the index names.
    pub count: u64,
    /// The median time from one to the next.
    pub typical: f64,
    /// The longest time from one to the next or to the end, and when that is.
    pub longest: Spell,
    /// How many of them were looked at.
    pub examined: u32,
    /// How many of these the stream does not begin anew at, whatever the index says: they are not
    /// IDR pictures.
    pub not_idr: u32,
}

/// A time that lasts, and when it begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spell {
    /// How long it lasts.
    pub lasts: f64,
    /// When it begins.
    pub at: f64,
}

/// What is known of the sound.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AudioFacts {
    /// Which of the file's sound tracks it is, from one.
    pub number: u32,
    /// The MPEG-4 audio object type: 2 is AAC-LC, 5 HE-AAC, 29 HE-AAC v2.
    pub object_type: u8,
    /// Samples per second.
    pub sample_rate: u32,
    /// Channels.
    pub channels: u8,
    /// Mean bits per second.
    pub bit_rate: u64,
    /// When it starts.
    pub starts: f64,
    /// When it ends.
    pub ends: f64,
}

impl VideoFacts {
    /// The longer and the shorter side: a picture that stands upright has as many pixels.
    pub(crate) fn sides(&self) -> (u32, u32) {
        (self.width.max(self.height), self.width.min(self.height))
    }

    /// The name of its high dynamic range, if it has that.
    pub(crate) fn high_dynamic_range(&self) -> Option<&'static str> {
        match self.coding.transfer {
            Some(16) => Some("PQ"),
            Some(18) => Some("HLG"),
            _ => None,
        }
    }
}

impl AudioFacts {
    /// The name of the coding.
    pub fn codec(&self) -> &'static str {
        match self.object_type {
            5 => "HE-AAC",
            29 => "HE-AAC v2",
            _ => "AAC-LC",
        }
    }
}

impl Chroma {
    /// As in `4:2:0`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Monochrome => "4:0:0",
            Self::Half => "4:2:0",
            Self::HalfColumns => "4:2:2",
            Self::Full => "4:4:4",
        }
    }
}

fn codec_name<S: Serializer>(codec: &VideoCodec, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(codec.name())
}
