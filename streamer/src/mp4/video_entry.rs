//! The sample description of a picture.

use bytes::Bytes;
use mp4_atom::{Atom, Av1c, Avcc, Decode, Hvcc, Pasp, Visual};

use super::{
    boxes::child_boxes,
    codec::VideoCodec,
    error::Refusal,
    sample_description::{DAMAGED, codec_name},
};

/// A picture that can be sent, with its parameter sets.
#[derive(Clone, Debug)]
pub(crate) struct VideoDescription {
    pub(crate) codec: VideoCodec,
    /// The body of `avcC`, `hvcC` or `av1C`.
    pub(crate) config: Bytes,
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) profile: u8,
    pub(crate) level: u8,
    /// Width and height of one pixel, if the entry says so.
    pub(crate) pixel: Option<(u32, u32)>,
    /// The transfer characteristics of ITU-T H.273, if the entry says so.
    pub(crate) transfer: Option<u16>,
}

impl VideoDescription {
    /// Whether a decoder that was set up for one can go on with the other.
    pub(crate) fn is_same_format(&self, other: &Self) -> bool {
        self.codec == other.codec
            && (self.width, self.height) == (other.width, other.height)
            && (self.config == other.config || self.has_same_parameter_sets(other))
    }

    /// Two `avcC` may differ in bits that mean nothing, such as those at their end.
    fn has_same_parameter_sets(&self, other: &Self) -> bool {
        let read = |mut config: &[u8]| Avcc::decode_body(&mut config).ok();
        match (self.codec, read(&self.config), read(&other.config)) {
            (VideoCodec::Avc, Some(a), Some(b)) => {
                a.length_size == b.length_size
                    && a.sequence_parameter_sets == b.sequence_parameter_sets
                    && a.picture_parameter_sets == b.picture_parameter_sets
            }
            _ => false,
        }
    }
}

pub(crate) fn video_entry(kind: &[u8; 4], body: &Bytes) -> Result<VideoDescription, Refusal> {
    match kind {
        b"avc1" | b"avc3" => avc(body),
        b"hvc1" | b"hev1" => hevc(body),
        b"av01" => av1(body),
        b"avc2" | b"avc4" => Err(Refusal::ParameterSetsInStream("H.264")),
        b"encv" | b"drmi" => Err(Refusal::Encrypted("video")),
        _ => Err(Refusal::VideoCodec(codec_name(kind))),
    }
}

fn avc(body: &Bytes) -> Result<VideoDescription, Refusal> {
    const ELSEWHERE: Refusal = Refusal::ParameterSetsInStream("H.264");
    let entry = Boxes::read(body)?;
    let config = entry.find(b"avcC").ok_or(ELSEWHERE)?;
    let avcc = Avcc::decode_body(&mut &config[..]).map_err(|_| BAD_CONFIG)?;
    if avcc.sequence_parameter_sets.is_empty() || avcc.picture_parameter_sets.is_empty() {
        return Err(ELSEWHERE);
    }
    let (profile, level) = (avcc.avc_profile_indication, avcc.avc_level_indication);
    Ok(entry.describe(VideoCodec::Avc, config, profile, level))
}

/// ISO/IEC 14496-15, 8.3.3.1.
fn hevc(body: &Bytes) -> Result<VideoDescription, Refusal> {
    const PARAMETER_SETS: [u8; 3] = [32, 33, 34];
    const ELSEWHERE: Refusal = Refusal::ParameterSetsInStream("HEVC");
    let entry = Boxes::read(body)?;
    let config = entry.find(b"hvcC").ok_or(ELSEWHERE)?;
    let hvcc = Hvcc::decode_body(&mut &config[..]).map_err(|_| BAD_CONFIG)?;
    let has = |kind: u8| {
        let mut arrays = hvcc.arrays.iter();
        arrays.any(|array| array.nal_unit_type == kind && !array.nalus.is_empty())
    };
    if !PARAMETER_SETS.into_iter().all(has) {
        return Err(ELSEWHERE);
    }
    let (profile, level) = (hvcc.general_profile_idc, hvcc.general_level_idc);
    Ok(entry.describe(VideoCodec::Hevc, config, profile, level))
}

/// AV1 Codec ISO Media File Format Binding, 2.3.3.
fn av1(body: &Bytes) -> Result<VideoDescription, Refusal> {
    let entry = Boxes::read(body)?;
    let config = entry.find(b"av1C").ok_or(BAD_CONFIG)?;
    let av1c = Av1c::decode_body(&mut &config[..]).map_err(|_| BAD_CONFIG)?;
    Ok(entry.describe(
        VideoCodec::Av1,
        config,
        av1c.seq_profile,
        av1c.seq_level_idx_0,
    ))
}

/// The fields that all entries of pictures share, and the boxes that follow them.
struct Boxes {
    visual: Visual,
    boxes: Vec<([u8; 4], Bytes)>,
}

impl Boxes {
    fn read(body: &Bytes) -> Result<Self, Refusal> {
        let mut rest: &[u8] = body;
        let visual = Visual::decode(&mut rest).map_err(|_| DAMAGED)?;
        Ok(Self {
            visual,
            boxes: child_boxes(body, rest).collect(),
        })
    }

    fn find(&self, kind: &[u8; 4]) -> Option<Bytes> {
        let found = self.boxes.iter().find(|(it, _)| it == kind);
        found.map(|(_, body)| body.clone())
    }

    fn describe(
        &self,
        codec: VideoCodec,
        config: Bytes,
        profile: u8,
        level: u8,
    ) -> VideoDescription {
        let pixel = self
            .find(b"pasp")
            .and_then(|body| Pasp::decode_body(&mut &body[..]).ok())
            .map(|pasp| (pasp.h_spacing, pasp.v_spacing))
            .filter(|&(width, height)| width > 0 && height > 0);
        // ISO/IEC 14496-12, 12.1.5; QuickTime calls the same fields `nclc`.
        let transfer = self.boxes.iter().find_map(|(kind, body)| match &body[..] {
            [b'n', b'c', b'l', b'x' | b'c', _, _, high, low, ..] if kind == b"colr" => {
                Some(u16::from_be_bytes([*high, *low]))
            }
            _ => None,
        });
        VideoDescription {
            codec,
            config,
            width: self.visual.width,
            height: self.visual.height,
            profile,
            level,
            pixel,
            transfer,
        }
    }
}

const BAD_CONFIG: Refusal = Refusal::Damaged("the decoder configuration of the video");
