//! What the slice header of a picture says of its place among the others (7.3.3).

use h264_reader::{
    nal::{Nal, RefNal, pps::PicParamSetId},
    rbsp::{BitRead, BitReaderError},
};

use super::{
    access_unit::{kind, kind_of, nal_units},
    error::Unsuited,
    format::{Format, Order},
    parameter_sets::ParameterSets,
};

/// A coded picture: a frame, or both of its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) format: Format,
    /// Whether decoding starts anew with it.
    pub(crate) is_idr: bool,
    pub(super) is_reference: bool,
    /// `frame_num`.
    pub(super) number: u32,
    /// `pic_order_cnt_lsb`, where there is one.
    pub(super) order: u32,
    /// How far its bottom field is from the top one.
    pub(super) bottom: i32,
    pub(super) marking: Marking,
    /// Whether its access unit starts with a delimiter.
    pub(super) has_delimiter: bool,
}

/// What becomes of the reference pictures when a picture has been decoded (8.2.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Marking {
    /// The oldest makes place.
    Sliding,
    /// All are dropped but this one.
    All,
    /// Those are dropped that are so many numbers before it.
    Dropping(Vec<u32>),
}

impl Picture {
    /// Reads the first slice of each field of an access unit.
    pub(crate) fn read(unit: &[u8], sets: &ParameterSets) -> Result<Self, Unsuited> {
        const NO_PICTURE: Unsuited = Unsuited::Unreadable("one of its pictures");
        let mut first: Option<(Picture, Field)> = None;
        for nal in nal_units(unit, sets.length_size) {
            if !matches!(kind_of(nal), kind::SLICE | kind::IDR_SLICE) {
                continue;
            }
            let (picture, field) = read_slice(nal, sets)?;
            match (&first, field) {
                (_, Field::Both) => {
                    first = Some((picture, field));
                    break;
                }
                (None, _) => first = Some((picture, field)),
                (Some((_, before)), _) if field == *before => {}
                (Some((before, _)), _) => {
                    let is_sliding = matches!(before.marking, Marking::Sliding | Marking::All);
                    if !is_sliding || picture.marking != Marking::Sliding {
                        return Err(Unsuited::Management);
                    }
                    if before.is_reference != picture.is_reference {
                        return Err(Unsuited::Management);
                    }
                    let later = before.order.max(picture.order);
                    let mut frame = before.clone();
                    frame.order = later;
                    first = Some((frame, Field::Both));
                    break;
                }
            }
        }
        let (mut picture, field) = first.ok_or(NO_PICTURE)?;
        if field != Field::Both {
            return Err(Unsuited::SingleField);
        }
        picture.has_delimiter = nal_units(unit, sets.length_size)
            .next()
            .is_some_and(|nal| kind_of(nal) == kind::DELIMITER);
        Ok(picture)
    }
}

/// Which fields a slice is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Both,
    Top,
    Bottom,
}

const SLICE_HEADER: Unsuited = Unsuited::Unreadable("a slice header");

impl From<BitReaderError> for Unsuited {
    fn from(_: BitReaderError) -> Self {
        SLICE_HEADER
    }
}

/// Reads as far as the marking of reference pictures.
fn read_slice(nal: &[u8], sets: &ParameterSets) -> Result<(Picture, Field), Unsuited> {
    let is_idr = kind_of(nal) == kind::IDR_SLICE;
    let is_reference = nal.first().is_some_and(|header| header & 0x60 != 0);
    let mut bits = RefNal::new(nal, &[], true).rbsp_bits();
    bits.read_ue("first_mb_in_slice")?;
    let slice_type = bits.read_ue("slice_type")? % 5;
    let id =
        PicParamSetId::from_u32(bits.read_ue("pic_parameter_set_id")?).map_err(|_| SLICE_HEADER)?;
    let set = sets.context.pps_by_id(id).ok_or(SLICE_HEADER)?;
    let sequence = sets
        .context
        .sps_by_id(set.seq_parameter_set_id)
        .ok_or(SLICE_HEADER)?;
    let format = Format::new(sequence, set)?;
    let number = bits.read_var(format.number_bits, "frame_num")?;
    let mut field = Field::Both;
    if format.has_fields && bits.read_bit("field_pic_flag")? {
        field = match bits.read_bit("bottom_field_flag")? {
            false => Field::Top,
            true => Field::Bottom,
        };
    }
    if is_idr {
        bits.read_ue("idr_pic_id")?;
    }
    let (mut order, mut bottom) = (0, 0);
    match format.order {
        Order::Bits(count) => {
            order = bits.read_var(count, "pic_order_cnt_lsb")?;
            if format.tells_bottom && field == Field::Both {
                bottom = bits.read_se("delta_pic_order_cnt_bottom")?;
            }
        }
        Order::Cycle {
            tells_difference: true,
        } => {
            bits.read_se("delta_pic_order_cnt[0]")?;
            if format.tells_bottom && field == Field::Both {
                bits.read_se("delta_pic_order_cnt[1]")?;
            }
        }
        Order::Cycle { .. } | Order::Decoding => {}
    }
    if format.tells_redundancy {
        bits.read_ue("redundant_pic_cnt")?;
    }
    let marking = match (is_reference, is_idr) {
        (false, _) => Marking::Sliding,
        (true, true) => {
            bits.read_bit("no_output_of_prior_pics_flag")?;
            if bits.read_bit("long_term_reference_flag")? {
                return Err(Unsuited::LongTerm);
            }
            Marking::All
        }
        (true, false) => {
            let lists = Lists {
                slice_type,
                active: [
                    set.num_ref_idx_l0_default_active_minus1,
                    set.num_ref_idx_l1_default_active_minus1,
                ],
                is_weighted: match slice_type {
                    P | SP => set.weighted_pred_flag,
                    B => set.weighted_bipred_idc == 1,
                    _ => false,
                },
            };
            lists.skip(&mut bits, &format)?;
            read_marking(&mut bits)?
        }
    };
    let picture = Picture {
        format,
        is_idr,
        is_reference,
        number,
        order,
        bottom,
        marking,
        has_delimiter: false,
    };
    Ok((picture, field))
}

/// Values of `slice_type` (table 7-6), modulo 5.
const P: u32 = 0;
const B: u32 = 1;
const SP: u32 = 3;

/// The part of the header about the lists of reference pictures, which is of no interest.
struct Lists {
    slice_type: u32,
    active: [u32; 2],
    is_weighted: bool,
}

impl Lists {
    fn skip(mut self, bits: &mut impl BitRead, format: &Format) -> Result<(), Unsuited> {
        let lists = match self.slice_type {
            P | SP => 1,
            B => 2,
            _ => 0,
        };
        if self.slice_type == B {
            bits.read_bit("direct_spatial_mv_pred_flag")?;
        }
        if lists > 0 && bits.read_bit("num_ref_idx_active_override_flag")? {
            for active in self.active.iter_mut().take(lists) {
                *active = bits.read_ue("num_ref_idx_active_minus1")?;
            }
        }
        for _ in 0..lists {
            if bits.read_bit("ref_pic_list_modification_flag")? {
                while bits.read_ue("modification_of_pic_nums_idc")? != 3 {
                    bits.read_ue("abs_diff_pic_num_minus1")?;
                }
            }
        }
        if !self.is_weighted {
            return Ok(());
        }
        bits.read_ue("luma_log2_weight_denom")?;
        if format.has_chroma {
            bits.read_ue("chroma_log2_weight_denom")?;
        }
        for active in self.active.into_iter().take(lists) {
            // At most 32 of them, and each takes a bit.
            for _ in 0..=active {
                if bits.read_bit("luma_weight_flag")? {
                    bits.read_se("luma_weight")?;
                    bits.read_se("luma_offset")?;
                }
                if format.has_chroma && bits.read_bit("chroma_weight_flag")? {
                    for _ in 0..4 {
                        bits.read_se("chroma_weight")?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// `dec_ref_pic_marking` of a picture that is not an IDR picture (7.3.3.3).
fn read_marking(bits: &mut impl BitRead) -> Result<Marking, Unsuited> {
    if !bits.read_bit("adaptive_ref_pic_marking_mode_flag")? {
        return Ok(Marking::Sliding);
    }
    // There are at most 16 reference frames.
    const MOST: usize = 16;
    let mut dropped = Vec::new();
    while dropped.len() <= MOST {
        match bits.read_ue("memory_management_control_operation")? {
            0 => return Ok(Marking::Dropping(dropped)),
            1 => {
                let difference = bits.read_ue("difference_of_pic_nums_minus1")?;
                dropped.push(difference.saturating_add(1));
            }
            // That there are no long-term pictures.
            4 if bits.read_ue("max_long_term_frame_idx_plus1")? == 0 => {}
            2..=4 | 6 => return Err(Unsuited::LongTerm),
            _ => return Err(Unsuited::Management),
        }
    }
    Err(Unsuited::Management)
}
