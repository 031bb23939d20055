//! Sequence and picture parameter sets, from the decoder configuration and from the stream.

use h264_reader::{
    Context,
    nal::{Nal, RefNal, pps::PicParameterSet, sps::SeqParameterSet},
};

use super::{
    access_unit::{kind, kind_of, nal_units},
    error::Unsuited,
};

/// The parameter sets that are in force.
pub(crate) struct ParameterSets {
    pub(super) context: Context,
    /// Bytes of the length before each NAL unit.
    pub(crate) length_size: usize,
}

impl ParameterSets {
    /// From an `AVCDecoderConfigurationRecord` (ISO/IEC 14496-15, 5.3.3.1).
    pub(crate) fn read(config: &[u8]) -> Result<Self, Unsuited> {
        let mut sets = Self {
            context: Context::new(),
            length_size: 4,
        };
        let mut rest = config;
        let header = take(&mut rest, 5)?;
        sets.length_size = usize::from(header[4] & 3) + 1;
        for mask in [0x1f, 0xff] {
            let count = take(&mut rest, 1)?[0] & mask;
            for _ in 0..count {
                let length = take(&mut rest, 2)?;
                let length = usize::from(length[0]) << 8 | usize::from(length[1]);
                sets.put(take(&mut rest, length)?)?;
            }
        }
        Ok(sets)
    }

    /// Takes in what an access unit brings along.
    pub(crate) fn observe(&mut self, unit: &[u8]) -> Result<(), Unsuited> {
        nal_units(unit, self.length_size).try_for_each(|nal| self.put(nal))
    }

    fn put(&mut self, nal: &[u8]) -> Result<(), Unsuited> {
        let bits = || RefNal::new(nal, &[], true).rbsp_bits();
        match kind_of(nal) {
            kind::SEQUENCE_PARAMETER_SET => {
                let set = SeqParameterSet::from_bits(bits())
                    .map_err(|_| Unsuited::Unreadable("its sequence parameter set"))?;
                self.context.put_seq_param_set(set);
            }
            kind::PICTURE_PARAMETER_SET => {
                let set = PicParameterSet::from_bits(&self.context, bits())
                    .map_err(|_| Unsuited::Unreadable("its picture parameter set"))?;
                self.context.put_pic_param_set(set);
            }
            _ => {}
        }
        Ok(())
    }
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], Unsuited> {
    let (taken, after) = rest
        .split_at_checked(count)
        .ok_or(Unsuited::Unreadable("its decoder configuration"))?;
    *rest = after;
    Ok(taken)
}
