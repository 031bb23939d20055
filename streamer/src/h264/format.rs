//! How slices are written under a pair of parameter sets.

use h264_reader::nal::{
    pps::PicParameterSet,
    sps::{FrameMbsFlags, PicOrderCntType, SeqParameterSet},
};

use super::error::Unsuited;

/// What the header and data of a slice depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    pub(super) picture_set: u8,
    /// Bits of `frame_num`.
    pub(super) number_bits: u32,
    pub(super) order: Order,
    /// Whether a picture may be a field, so that a slice says that it is none.
    pub(super) has_fields: bool,
    /// Whether macroblocks go in pairs, either of frames or of fields.
    pub(super) has_pairs: bool,
    /// Whether a frame says how far its bottom field is from the top one.
    pub(super) tells_bottom: bool,
    pub(super) tells_redundancy: bool,
    pub(super) is_weighted: bool,
    pub(super) has_chroma: bool,
    pub(super) is_cabac: bool,
    /// `pic_init_qp_minus26`.
    pub(super) initial_qp: i32,
    pub(super) controls_deblocking: bool,
    /// Macroblocks of a frame.
    pub(super) macroblocks: u32,
    /// `max_num_ref_frames`.
    pub(super) most_references: u32,
}

/// How a slice tells when its picture is shown (8.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Type 0: the last bits of its place.
    Bits(u32),
    /// Type 1: by a cycle, from which it may differ.
    Cycle { tells_difference: bool },
    /// Type 2: pictures are shown as they are decoded.
    Decoding,
}

impl Format {
    pub(super) fn new(
        sequence: &SeqParameterSet,
        picture: &PicParameterSet,
    ) -> Result<Self, Unsuited> {
        /// `MaxFS` of level 6.2 (table A-1).
        const MOST_MACROBLOCKS: u64 = 139_264;
        if picture.slice_groups.is_some() {
            return Err(Unsuited::SliceGroups);
        }
        if sequence.chroma_info.separate_colour_plane_flag {
            return Err(Unsuited::SeparatePlanes);
        }
        if sequence.max_num_ref_frames == 0 {
            return Err(Unsuited::NoReferences);
        }
        let (has_fields, has_pairs) = match sequence.frame_mbs_flags {
            FrameMbsFlags::Frames => (false, false),
            FrameMbsFlags::Fields {
                mb_adaptive_frame_field_flag,
            } => (true, mb_adaptive_frame_field_flag),
        };
        let width = u64::from(sequence.pic_width_in_mbs_minus1) + 1;
        let height = u64::from(sequence.pic_height_in_map_units_minus1) + 1;
        let macroblocks = width
            .checked_mul(height * if has_fields { 2 } else { 1 })
            .filter(|count| *count <= MOST_MACROBLOCKS)
            .ok_or(Unsuited::TooLarge)?;
        Ok(Self {
            picture_set: picture.pic_parameter_set_id.id(),
            number_bits: sequence.log2_max_frame_num().into(),
            order: match sequence.pic_order_cnt {
                PicOrderCntType::TypeZero {
                    log2_max_pic_order_cnt_lsb_minus4,
                } => Order::Bits(u32::from(log2_max_pic_order_cnt_lsb_minus4) + 4),
                PicOrderCntType::TypeOne {
                    delta_pic_order_always_zero_flag,
                    ..
                } => Order::Cycle {
                    tells_difference: !delta_pic_order_always_zero_flag,
                },
                PicOrderCntType::TypeTwo => Order::Decoding,
            },
            has_fields,
            has_pairs,
            tells_bottom: picture.bottom_field_pic_order_in_frame_present_flag,
            tells_redundancy: picture.redundant_pic_cnt_present_flag,
            is_weighted: picture.weighted_pred_flag,
            has_chroma: sequence.chroma_info.chroma_array_type() != 0,
            is_cabac: picture.entropy_coding_mode_flag,
            initial_qp: picture.pic_init_qp_minus26,
            controls_deblocking: picture.deblocking_filter_control_present_flag,
            macroblocks: macroblocks as u32,
            most_references: sequence.max_num_ref_frames,
        })
    }

    /// `frame_num` of the picture `after` places after the one that has `number`.
    pub(super) fn number_after(&self, number: u32, after: u64) -> u32 {
        ((u64::from(number) + after) & ((1 << self.number_bits) - 1)) as u32
    }

    /// How many places `number` comes after `earlier`.
    pub(super) fn distance(&self, earlier: u32, number: u32) -> u32 {
        number.wrapping_sub(earlier) & ((1 << self.number_bits) - 1)
    }
}
