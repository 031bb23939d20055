//! What is known of the two tracks before the first packet.

use bytes::Bytes;

use crate::mp4::VideoCodec;

/// The picture.
#[derive(Clone, Debug, PartialEq)]
pub struct VideoTrack {
    /// How it is coded.
    pub codec: VideoCodec,
    /// The decoder configuration record as the file holds it: the body of `avcC` (ISO/IEC
    /// 14496-15, 5.3.3.1), `hvcC` (8.3.3.1) or `av1C` (AV1 in ISOBMFF, 2.3.3).
    pub config: Bytes,
    /// Width in pixels, before it is turned.
    pub width: u16,
    /// Height in pixels, before it is turned.
    pub height: u16,
    /// How far the file asks players to turn the picture, in degrees clockwise: 0, 90, 180 or 270.
    /// A live stream cannot say it.
    pub rotation: u16,
    /// The aspect that the file asks players to show the picture in, in least numbers and before
    /// it is turned, if it is not `width` to `height`. A live stream says only what the coded
    /// picture itself says.
    pub display_aspect: Option<(u32, u32)>,
    /// H.264 profile_idc (66 baseline, 77 main, 100 high), HEVC general_profile_idc (1 main,
    /// 2 main 10) or AV1 seq_profile (0 main).
    pub profile: u8,
    /// H.264 level_idc (41 is level 4.1), HEVC general_level_idc (123 is level 4.1) or AV1
    /// seq_level_idx (9 is level 4.1).
    pub level: u8,
    /// Mean frames per second.
    pub frame_rate: f64,
    /// Mean bits per second.
    pub bit_rate: u64,
    /// Number of frames that will be sent.
    pub frames: u64,
}

/// The sound: AAC.
#[derive(Clone, Debug, PartialEq)]
pub struct AudioTrack {
    /// The AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1) as the file holds it.
    pub aac_config: Bytes,
    /// The MPEG-4 audio object type that the configuration names: 2 is AAC-LC, 5 HE-AAC, 29 HE-AAC
    /// v2. HE-AAC that does not say so is taken for LC, as old decoders do.
    pub object_type: u8,
    /// Which of the file's sound tracks it is, from 1.
    pub number: u32,
    /// Samples per second that are heard: for HE-AAC twice those that are coded.
    pub sample_rate: u32,
    /// Number of channels.
    pub channels: u8,
    /// Mean bits per second.
    pub bit_rate: u64,
    /// Number of frames that will be sent.
    pub frames: u64,
}
