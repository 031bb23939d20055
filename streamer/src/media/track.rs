//! What is known of the two tracks before the first packet.

use bytes::Bytes;

/// The picture: H.264 as `avc1`.
#[derive(Clone, Debug, PartialEq)]
pub struct VideoTrack {
    /// The AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1) as the file holds it.
    pub avc_config: Bytes,
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
    /// H.264 profile_idc: 66 baseline, 77 main, 100 high.
    pub profile: u8,
    /// H.264 level_idc: 41 is level 4.1.
    pub level: u8,
    /// Mean frames per second.
    pub frame_rate: f64,
    /// Mean bits per second.
    pub bit_rate: u64,
    /// Number of frames that will be sent.
    pub frames: u64,
}

/// The sound: AAC-LC.
#[derive(Clone, Debug, PartialEq)]
pub struct AudioTrack {
    /// The AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1) as the file holds it.
    pub aac_config: Bytes,
    /// Samples per second.
    pub sample_rate: u32,
    /// Number of channels.
    pub channels: u8,
    /// Mean bits per second.
    pub bit_rate: u64,
    /// Number of frames that will be sent.
    pub frames: u64,
}
