//! P pictures in which every macroblock is skipped.

use bytes::{Bytes, BytesMut};

use super::{
    access_unit::{kind, put_nal},
    cabac,
    format::{Format, Order},
    picture::Picture,
};
use crate::bits::BitWriter;

/// A run of pictures that all show what one picture shows.
///
/// Each of them is a reference picture, and a copy of the one before it.
#[derive(Clone, Debug)]
pub(crate) struct SkippedPictures {
    format: Format,
    start: Start,
    bottom: i32,
    has_delimiter: bool,
    length_size: usize,
    /// The data of the slice where it is arithmetically coded: it is always the same.
    data: Vec<u8>,
}

/// Where a run goes on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Start {
    /// `frame_num` of the last reference picture before it.
    pub(crate) number: u32,
    /// The place in the order of the last picture that is shown before it.
    pub(crate) order: i64,
    /// How many numbers before the first picture of the run the one is that it copies.
    pub(crate) back: u32,
}

impl SkippedPictures {
    /// Those that follow an IDR picture and copy it.
    pub(crate) fn after_idr(picture: &Picture, length_size: usize) -> Self {
        let start = Start {
            number: picture.number,
            order: i64::from(picture.order),
            back: 1,
        };
        Self::new(picture, start, length_size)
    }

    /// Those that go on from `start`, coded as `like` is.
    pub(super) fn new(like: &Picture, start: Start, length_size: usize) -> Self {
        let format = like.format.clone();
        let data = match format.is_cabac {
            true => cabac::all_skipped(format.macroblocks, format.has_pairs),
            false => Vec::new(),
        };
        Self {
            format,
            start,
            bottom: like.bottom,
            has_delimiter: like.has_delimiter,
            length_size,
            data,
        }
    }

    #[cfg(test)]
    pub(super) fn start(&self) -> Start {
        self.start
    }

    /// The access unit of the picture with a number in the run, from 1.
    pub(crate) fn picture(&self, number: u64) -> Bytes {
        /// An access unit delimiter for I and P pictures (7.3.2.4).
        const DELIMITER: [u8; 2] = [kind::DELIMITER, 0x30];
        let mut unit = BytesMut::new();
        if self.has_delimiter {
            put_nal(&mut unit, &DELIMITER, self.length_size);
        }
        put_nal(&mut unit, &self.slice(number), self.length_size);
        unit.freeze()
    }

    fn slice(&self, number: u64) -> Vec<u8> {
        let format = &self.format;
        let mut bits = BitWriter::default();
        // first_mb_in_slice; slice_type: this and all others of the picture are P slices.
        bits.put_unsigned(0);
        bits.put_unsigned(5);
        bits.put_unsigned(format.picture_set.into());
        bits.put(
            format.number_after(self.start.number, number).into(),
            format.number_bits,
        );
        if format.has_fields {
            bits.put_bit(false);
        }
        match format.order {
            Order::Bits(count) => {
                let order = self.start.order.wrapping_add_unsigned(2 * number);
                bits.put(order as u64, count);
                if format.tells_bottom {
                    bits.put_signed(self.bottom);
                }
            }
            Order::Cycle {
                tells_difference: true,
            } => {
                bits.put_signed(0);
                if format.tells_bottom {
                    bits.put_signed(0);
                }
            }
            Order::Cycle { .. } | Order::Decoding => {}
        }
        if format.tells_redundancy {
            bits.put_unsigned(0);
        }
        // One reference picture.
        bits.put_bit(true);
        bits.put_unsigned(0);
        // By itself it is the last reference picture.
        let back = if number == 1 { self.start.back } else { 1 };
        bits.put_bit(back != 1);
        if back != 1 {
            bits.put_unsigned(0);
            bits.put_unsigned(back - 1);
            bits.put_unsigned(3);
        }
        if format.is_weighted {
            // Denominators of one, and no weight of its own.
            bits.put_unsigned(0);
            if format.has_chroma {
                bits.put_unsigned(0);
            }
            bits.put_bit(false);
            if format.has_chroma {
                bits.put_bit(false);
            }
        }
        // The oldest reference picture makes place.
        bits.put_bit(false);
        if format.is_cabac {
            bits.put_unsigned(0);
        }
        bits.put_signed(cabac::QUANTISER - 26 - format.initial_qp);
        if format.controls_deblocking {
            bits.put_unsigned(1);
        }
        if format.is_cabac {
            bits.align(true);
            protected(&[&bits.finish(), &self.data[..]].concat())
        } else {
            bits.put_unsigned(format.macroblocks);
            bits.put_bit(true);
            protected(&bits.finish())
        }
    }
}

/// A NAL unit of a reference slice, without what looks like a start code (7.4.1).
fn protected(payload: &[u8]) -> Vec<u8> {
    const REFERENCE: u8 = 2 << 5;
    let mut nal = Vec::with_capacity(payload.len() + 8);
    nal.push(REFERENCE | kind::SLICE);
    let mut zeros = 0;
    for &byte in payload {
        if zeros == 2 && byte <= 3 {
            nal.push(3);
            zeros = 0;
        }
        nal.push(byte);
        zeros = if byte == 0 { zeros + 1 } else { 0 };
    }
    nal
}

#[cfg(test)]
pub(super) mod tests {
    use h264_reader::{
        Context,
        nal::{
            Nal, RefNal,
            pps::PicParameterSet,
            slice::{DecRefPicMarking, PicOrderCountLsb, SliceFamily, SliceHeader},
            sps::SeqParameterSet,
        },
    };

    use super::*;

    /// 1080p, high profile, by x264: B-frames, weighted prediction.
    pub(in crate::h264) const SEQUENCE: &[u8] = &[
        0x67, 0x64, 0x00, 0x28, 0xac, 0xd9, 0x40, 0x78, 0x02, 0x27, 0xe5, 0xc0, 0x44, 0x00, 0x00,
        0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0xc8, 0x3c, 0x60, 0xc6, 0x58,
    ];
    pub(in crate::h264) const PICTURE: &[u8] = &[0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0];

    fn context() -> Context {
        let mut context = Context::new();
        let sequence = RefNal::new(SEQUENCE, &[], true);
        context.put_seq_param_set(SeqParameterSet::from_bits(sequence.rbsp_bits()).unwrap());
        let picture = RefNal::new(PICTURE, &[], true);
        let picture = PicParameterSet::from_bits(&context, picture.rbsp_bits()).unwrap();
        context.put_pic_param_set(picture);
        context
    }

    fn pictures(start: Start) -> SkippedPictures {
        let context = context();
        let set = context.pps().next().unwrap();
        let sequence = context.sps().next().unwrap();
        let format = Format::new(sequence, set).unwrap();
        assert!(format.is_cabac && format.is_weighted);
        assert_eq!(format.macroblocks, 120 * 68);
        let like = Picture {
            format,
            is_idr: false,
            is_reference: true,
            number: 0,
            order: 0,
            bottom: 0,
            marking: crate::h264::picture::Marking::Sliding,
            has_delimiter: true,
        };
        SkippedPictures::new(&like, start, 4)
    }

    #[test]
    fn a_foreign_reader_reads_the_headers() {
        let start = Start {
            number: 14,
            order: 61,
            back: 3,
        };
        let (pictures, context) = (pictures(start), context());
        for number in 1..200 {
            let unit = pictures.picture(number);
            assert_eq!(unit[..6], [0, 0, 0, 2, 9, 0x30]);
            let nal = RefNal::new(&unit[10..], &[], true);
            let mut bits = nal.rbsp_bits();
            let header = nal.header().unwrap();
            let (slice, ..) = SliceHeader::from_bits(&context, &mut bits, header, None).unwrap();
            assert_eq!(slice.slice_type.family, SliceFamily::P);
            assert_eq!(u64::from(slice.frame_num), (14 + number) % 16);
            let low = (61 + 2 * number) % 64;
            assert_eq!(
                slice.pic_order_cnt_lsb,
                Some(PicOrderCountLsb::Frame(low as u32))
            );
            assert!(matches!(
                slice.dec_ref_pic_marking,
                Some(DecRefPicMarking::SlidingWindow)
            ));
            let order = format!("{:?}", slice.ref_pic_list_modification);
            assert_eq!(order.contains("Subtract(2)"), number == 1, "{order}");
            assert!(unit.len() < 100);
        }
    }

    #[test]
    fn nothing_looks_like_a_start_code() {
        let nal = protected(&[0, 0, 1, 0, 0, 0, 0, 3, 0, 0, 4]);
        assert_eq!(nal[1..], [0, 0, 3, 1, 0, 0, 3, 0, 0, 3, 3, 0, 0, 4]);
    }
}
