//! AudioSpecificConfig: ISO/IEC 14496-3, 1.6.2.1.

use crate::bits::BitReader;

/// What the configuration of an AAC decoder says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AudioSpecificConfig {
    /// The object type of the coded sound itself: 2 is AAC-LC.
    pub(crate) core: u8,
    /// That of the whole: 5 with spectral band replication, 29 with parametric stereo too.
    pub(crate) object_type: u8,
    /// What is heard, in Hz.
    pub(crate) sample_rate: u32,
    /// What is heard; zero where the stream itself says how many.
    pub(crate) channels: u8,
    /// How the channels are laid out (table 1.19); zero where the stream itself says it.
    pub(crate) layout: u8,
    /// Samples of each channel in a frame of AAC-LC.
    pub(crate) frame: u32,
}

const SBR: u8 = 5;
const PARAMETRIC_STEREO: u8 = 29;

impl AudioSpecificConfig {
    /// Reads the fields; `None` if they are cut off or of a reserved value.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut bits = BitReader { bytes, at: 0 };
        let object_type = object_type(&mut bits)?;
        let sample_rate = sample_rate(&mut bits)?;
        let layout = bits.read(4)? as u8;
        let mut config = Self {
            core: object_type,
            object_type,
            sample_rate,
            channels: match layout {
                0..=6 => layout,
                7 | 12 | 14 => 8,
                11 => 7,
                13 => 24,
                _ => return None,
            },
            layout,
            frame: 1024,
        };
        if matches!(object_type, SBR | PARAMETRIC_STEREO) {
            config.sample_rate = self::sample_rate(&mut bits)?;
            config.core = self::object_type(&mut bits)?;
        }
        if config.core == 2 {
            // What may follow is an extension that old decoders do not see.
            config.read_general(&mut bits);
        }
        if config.object_type == PARAMETRIC_STEREO && config.channels == 1 {
            config.channels = 2;
        }
        Some(config)
    }

    /// `GASpecificConfig` (4.4.1), then the backward compatible signalling of the extensions.
    fn read_general(&mut self, bits: &mut BitReader<'_>) -> Option<()> {
        if bits.read(1)? == 1 {
            self.frame = 960;
        }
        if bits.read(1)? == 1 {
            // The delay of a core coder.
            bits.read(14)?;
        }
        bits.read(1)?;
        if self.layout == 0 {
            self.channels = program_channels(bits)?;
        }
        if self.object_type == 2 && bits.read(11)? == 0x2b7 && object_type(bits)? == SBR {
            if bits.read(1)? == 1 {
                self.object_type = SBR;
                self.sample_rate = sample_rate(bits)?;
            }
            if bits.read(11)? == 0x548 && bits.read(1)? == 1 {
                self.object_type = PARAMETRIC_STEREO;
            }
        }
        Some(())
    }
}

fn object_type(bits: &mut BitReader<'_>) -> Option<u8> {
    Some(match bits.read(5)? {
        31 => 32 + bits.read(6)? as u8,
        object_type => object_type as u8,
    })
}

fn sample_rate(bits: &mut BitReader<'_>) -> Option<u32> {
    match bits.read(4)? {
        15 => bits.read(24),
        index => SAMPLE_RATES.get(index as usize).copied(),
    }
}

/// The channels of a `program_config_element` (4.4.1.1), which is left read to its end.
fn program_channels(bits: &mut BitReader<'_>) -> Option<u8> {
    // Tag, object type, sampling frequency.
    bits.read(10)?;
    let [front, side, back] = [bits.read(4)?, bits.read(4)?, bits.read(4)?];
    let low = bits.read(2)?;
    let associated = bits.read(3)?;
    let coupled = bits.read(4)?;
    for mixdown in [4, 4, 3] {
        if bits.read(1)? == 1 {
            bits.read(mixdown)?;
        }
    }
    let mut channels = low;
    for _ in 0..front + side + back {
        channels += 1 + bits.read(1)?;
        bits.read(4)?;
    }
    for _ in 0..low + associated {
        bits.read(4)?;
    }
    for _ in 0..coupled {
        bits.read(5)?;
    }
    bits.align();
    for _ in 0..bits.read(8)? {
        bits.read(8)?;
    }
    Some(channels as u8)
}

const SAMPLE_RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(config: &[u8], core: u8, object_type: u8, sample_rate: u32, channels: u8) {
        let read = AudioSpecificConfig::read(config).unwrap();
        assert_eq!(
            (read.core, read.object_type, read.sample_rate, read.channels),
            (core, object_type, sample_rate, channels)
        );
    }

    #[test]
    fn low_complexity() {
        check(&[0x12, 0x10], 2, 2, 44_100, 2);
        check(&[0x11, 0x90], 2, 2, 48_000, 2);
        // 5.1 and 7.1.
        check(&[0x11, 0xb0], 2, 2, 48_000, 6);
        check(&[0x11, 0xb8], 2, 2, 48_000, 8);
        // An explicit rate.
        check(&[0x17, 0x80, 0x5d, 0xc0, 0x10], 2, 2, 48_000, 2);
        assert_eq!(AudioSpecificConfig::read(&[0x12]), None);
    }

    #[test]
    fn high_efficiency() {
        // Hierarchical: the type comes first. 24 kHz doubled.
        check(&[0x2b, 0x11, 0x88, 0x00], 2, 5, 48_000, 2);
        check(&[0xeb, 0x09, 0x88, 0x00], 2, 29, 48_000, 2);
        // Backward compatible: it follows, for those who look for it.
        check(&[0x13, 0x10, 0x56, 0xe5, 0x98], 2, 5, 48_000, 2);
        check(
            &[0x13, 0x08, 0x56, 0xe5, 0x9d, 0x48, 0x80],
            2,
            29,
            48_000,
            2,
        );
        // As ffmpeg says of plain AAC-LC: there is none.
        check(&[0x11, 0x90, 0x56, 0xe5, 0x00], 2, 2, 48_000, 2);
    }

    #[test]
    fn channels_of_its_own() {
        // One pair of front channels in a program_config_element.
        check(
            &[0x11, 0x80, 0x04, 0xc4, 0x00, 0x00, 0x20, 0x00],
            2,
            2,
            48_000,
            2,
        );
    }

    #[test]
    fn layouts_and_lengths() {
        let layout = |config: &[u8]| {
            let read = AudioSpecificConfig::read(config).unwrap();
            (read.layout, read.frame)
        };
        assert_eq!(layout(&[0x11, 0x90]), (2, 1024));
        assert_eq!(layout(&[0x11, 0x94]), (2, 960));
        assert_eq!(layout(&[0x11, 0xb8]), (7, 1024));
        assert_eq!(layout(&[0x11, 0x80]), (0, 1024));
        // 22.2, and one that means nothing.
        assert_eq!(layout(&[0x11, 0xe8]), (13, 1024));
        assert_eq!(AudioSpecificConfig::read(&[0x11, 0xf8]), None);
    }

    #[test]
    fn other_kinds() {
        check(&[0x0a, 0x10], 1, 1, 44_100, 2);
        check(&[0xf9, 0x46, 0x40], 42, 42, 48_000, 2);
    }
}
