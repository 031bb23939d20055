//! What the parameter sets say of the coding of a picture.

use h264_reader::{
    avcc::AvcDecoderConfigurationRecord,
    nal::{
        Nal, RefNal,
        sps::{FrameMbsFlags, Level, SeqParameterSet},
    },
};

use super::facts::{Chroma, Coding};
use crate::media::{VideoCodec, VideoTrack};

/// Reads the decoder configuration record of a picture.
pub(super) fn coding(video: &VideoTrack) -> Coding {
    match video.codec {
        VideoCodec::Avc => avc(video),
        VideoCodec::Hevc => hevc(video),
        VideoCodec::Av1 => av1(video),
    }
}

/// ITU-T H.264, 7.3.2.1.1. Where the parameter set cannot be read, the record around it is all
/// that is known.
fn avc(video: &VideoTrack) -> Coding {
    let Some(sps) = sequence_parameter_set(&video.config) else {
        return Coding {
            profile: avc_profile(video.profile),
            level: Some(video.level),
            ..Coding::default()
        };
    };
    let transfer = sps
        .vui_parameters
        .as_ref()
        .and_then(|vui| vui.video_signal_type.as_ref())
        .and_then(|signal| signal.colour_description.as_ref())
        .map(|colour| colour.transfer_characteristics);
    Coding {
        profile: avc_profile(sps.profile().profile_idc()),
        level: Some(sps.level_idc),
        fitting_level: fitting_level(&sps, video.frame_rate, video.bit_rate),
        interlaced: matches!(sps.frame_mbs_flags, FrameMbsFlags::Fields { .. }),
        chroma: chroma(sps.chroma_info.chroma_format.to_u32()),
        bit_depth: 8_u8.checked_add(sps.chroma_info.bit_depth_luma_minus8),
        transfer,
    }
}

fn sequence_parameter_set(config: &[u8]) -> Option<SeqParameterSet> {
    let record = AvcDecoderConfigurationRecord::try_from(config).ok()?;
    let unit = record.sequence_parameter_sets().next()?.ok()?;
    let unit = RefNal::new(unit, &[], true);
    SeqParameterSet::from_bits(unit.rbsp_bits()).ok()
}

/// The lowest level whose limits the stream keeps, by its size, its rates and the pictures that it
/// refers to (ITU-T H.264, table A-1).
fn fitting_level(sps: &SeqParameterSet, frame_rate: f64, bit_rate: u64) -> Option<u8> {
    const LEVELS: [Level; 8] = [
        Level::L3,
        Level::L3_1,
        Level::L3_2,
        Level::L4,
        Level::L4_1,
        Level::L4_2,
        Level::L5,
        Level::L5_1,
    ];
    let fields = match sps.frame_mbs_flags {
        FrameMbsFlags::Frames => 1,
        FrameMbsFlags::Fields { .. } => 2,
    };
    let blocks = sps
        .pic_width_in_mbs_minus1
        .checked_add(1)?
        .checked_mul(sps.pic_height_in_map_units_minus1.checked_add(1)?)?
        .checked_mul(fields)?;
    // The decoder holds the pictures that are referred to and those that wait to be shown.
    let held = sps
        .vui_parameters
        .as_ref()
        .and_then(|vui| vui.bitstream_restrictions.as_ref())
        .map_or(sps.max_num_ref_frames, |it| it.max_dec_frame_buffering)
        .max(sps.max_num_ref_frames);
    let fits = LEVELS.into_iter().find(|level| {
        level.limits().is_some_and(|most| {
            blocks <= most.max_fs
                && f64::from(blocks) * frame_rate <= f64::from(most.max_mbps)
                && held.saturating_mul(blocks) <= most.max_dpb_mbs
                // High profile has a quarter more; peaks have to fit, too.
                && bit_rate * 2 <= u64::from(most.max_br) * 1_000
        })
    });
    fits.map(|level| level.level_idc())
}

fn avc_profile(profile: u8) -> Option<&'static str> {
    Some(match profile {
        66 => "Baseline",
        77 => "Main",
        88 => "Extended",
        100 => "High",
        110 => "High 10",
        122 => "High 4:2:2",
        244 => "High 4:4:4 Predictive",
        44 => "CAVLC 4:4:4 Intra",
        _ => return None,
    })
}

/// ISO/IEC 14496-15, 8.3.3.1: the record repeats what counts of the parameter sets.
fn hevc(video: &VideoTrack) -> Coding {
    let byte = |at: usize| video.config.get(at).copied();
    Coding {
        profile: match video.profile {
            1 => Some("Main"),
            2 => Some("Main 10"),
            3 => Some("Main Still Picture"),
            4 => Some("Range Extensions"),
            _ => None,
        },
        level: Some(video.level / 3),
        chroma: byte(16).and_then(|bits| chroma(u32::from(bits & 3))),
        bit_depth: byte(17).map(|bits| 8 + (bits & 7)),
        ..Coding::default()
    }
}

/// AV1 Codec ISO Media File Format Binding, 2.3.3.
fn av1(video: &VideoTrack) -> Coding {
    let bits = video.config.get(2).copied().unwrap_or_default();
    let bit = |number: u8| bits >> number & 1 == 1;
    Coding {
        profile: match video.profile {
            0 => Some("Main"),
            1 => Some("High"),
            2 => Some("Professional"),
            _ => None,
        },
        level: Some((2 + video.level / 4) * 10 + video.level % 4),
        bit_depth: Some(match (bit(6), bit(5)) {
            (true, true) => 12,
            (true, false) => 10,
            (false, _) => 8,
        }),
        chroma: Some(match (bit(4), bit(3), bit(2)) {
            (true, ..) => Chroma::Monochrome,
            (_, true, true) => Chroma::Half,
            (_, true, false) => Chroma::HalfColumns,
            (_, false, _) => Chroma::Full,
        }),
        ..Coding::default()
    }
}

/// `chroma_format_idc`, the same in H.264 and HEVC.
fn chroma(number: u32) -> Option<Chroma> {
    Some(match number {
        0 => Chroma::Monochrome,
        1 => Chroma::Half,
        2 => Chroma::HalfColumns,
        3 => Chroma::Full,
        _ => return None,
    })
}
