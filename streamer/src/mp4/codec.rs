//! The kinds of picture that can be sent.

/// How the picture is coded.
///
/// H.264 goes to every ingest; HEVC and AV1 go, as Enhanced RTMP, to those that take them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VideoCodec {
    /// H.264, also called AVC.
    Avc,
    /// HEVC, also called H.265.
    Hevc,
    /// AV1.
    Av1,
}

impl VideoCodec {
    /// The name that people know.
    pub fn name(self) -> &'static str {
        match self {
            Self::Avc => "H.264",
            Self::Hevc => "HEVC",
            Self::Av1 => "AV1",
        }
    }

    /// The name in Enhanced RTMP, which is that of the sample entry in MP4.
    pub fn four_cc(self) -> [u8; 4] {
        match self {
            Self::Avc => *b"avc1",
            Self::Hevc => *b"hvc1",
            Self::Av1 => *b"av01",
        }
    }
}
