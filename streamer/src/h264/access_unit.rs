//! The NAL units of an access unit, as MP4 and FLV carry them: each after its length.

use bytes::{BufMut, Bytes, BytesMut};

/// Types of NAL units (table 7-1).
pub(super) mod kind {
    pub(crate) const SLICE: u8 = 1;
    pub(crate) const IDR_SLICE: u8 = 5;
    pub(crate) const SEI: u8 = 6;
    pub(crate) const SEQUENCE_PARAMETER_SET: u8 = 7;
    pub(crate) const PICTURE_PARAMETER_SET: u8 = 8;
    pub(crate) const DELIMITER: u8 = 9;
    pub(crate) const FILLER: u8 = 12;
}

/// The NAL units, without their lengths. One that is cut off ends them.
pub(crate) fn nal_units(unit: &[u8], length_size: usize) -> impl Iterator<Item = &[u8]> {
    let mut rest = unit;
    std::iter::from_fn(move || {
        let (length, after) = rest.split_at_checked(length_size)?;
        let length = length
            .iter()
            .fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
        let (nal, after) = after.split_at_checked(length)?;
        rest = after;
        Some(nal)
    })
    .filter(|nal| !nal.is_empty())
}

/// The type of a NAL unit.
pub(super) fn kind_of(nal: &[u8]) -> u8 {
    nal.first().map_or(0, |header| header & 0x1f)
}

/// Appends a NAL unit with its length before it.
pub(super) fn put_nal(unit: &mut BytesMut, nal: &[u8], length_size: usize) {
    let length = (nal.len() as u64).to_be_bytes();
    unit.put_slice(&length[8 - length_size..]);
    unit.put_slice(nal);
}

/// An access unit for sending again: without captions, which would be shown again, and without
/// filler.
pub(crate) fn to_repeat(unit: &Bytes, length_size: usize) -> Bytes {
    let is_left_out = |nal: &[u8]| match kind_of(nal) {
        kind::FILLER => true,
        kind::SEI => has_captions(nal),
        _ => false,
    };
    if !nal_units(unit, length_size).any(is_left_out) {
        return unit.clone();
    }
    let mut kept = BytesMut::with_capacity(unit.len());
    for nal in nal_units(unit, length_size).filter(|nal| !is_left_out(nal)) {
        put_nal(&mut kept, nal, length_size);
    }
    kept.freeze()
}

/// Whether an SEI NAL unit has a message of user data by Rec. ITU-T T.35 (7.3.2.3.1).
fn has_captions(nal: &[u8]) -> bool {
    const USER_DATA_REGISTERED: usize = 4;
    let payload: Vec<u8> = match h264_reader::rbsp::decode_nal(nal) {
        Ok(payload) => payload.into_owned(),
        Err(_) => return false,
    };
    let mut rest = &payload[..];
    // The last byte is the stop bit.
    while rest.len() > 2 {
        let Some(kind) = message_number(&mut rest) else {
            return false;
        };
        if kind == USER_DATA_REGISTERED {
            return true;
        }
        let Some(size) = message_number(&mut rest) else {
            return false;
        };
        let Some(after) = rest.get(size..) else {
            return false;
        };
        rest = after;
    }
    false
}

fn message_number(rest: &mut &[u8]) -> Option<usize> {
    let mut number = 0_usize;
    loop {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        number += usize::from(*byte);
        if *byte != 0xff {
            return Some(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPTIONS: &[u8] = &[6, 4, 3, 0xb5, 0, 0x31, 0x80];
    const COLOUR: &[u8] = &[6, 137, 1, 7, 0x80];
    const BOTH: &[u8] = &[6, 137, 1, 7, 4, 1, 0xb5, 0x80];
    const FILLER: &[u8] = &[12, 0xff, 0x80];
    const IDR: &[u8] = &[0x65, 1, 2, 3];

    fn unit(nals: &[&[u8]], length_size: usize) -> Bytes {
        let mut unit = BytesMut::new();
        for nal in nals {
            put_nal(&mut unit, nal, length_size);
        }
        unit.freeze()
    }

    #[track_caller]
    fn check(given: &[&[u8]], wanted: &[&[u8]]) {
        for length_size in [1, 2, 4] {
            assert_eq!(
                to_repeat(&unit(given, length_size), length_size),
                unit(wanted, length_size)
            );
        }
    }

    #[test]
    fn what_is_sent_again_has_no_captions_and_no_filler() {
        check(&[COLOUR, IDR], &[COLOUR, IDR]);
        check(&[CAPTIONS, COLOUR, IDR, FILLER], &[COLOUR, IDR]);
        check(&[BOTH, IDR], &[IDR]);
    }

    #[test]
    fn a_nal_unit_that_is_cut_off_ends_them() {
        let whole = unit(&[COLOUR, IDR], 4);
        for length in 0..whole.len() {
            let count = nal_units(&whole[..length], 4).count();
            assert_eq!(count, usize::from(length >= 4 + COLOUR.len()));
        }
        assert_eq!(nal_units(&[0xff; 9], 4).count(), 0);
    }
}
