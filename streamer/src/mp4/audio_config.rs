//! AudioSpecificConfig: ISO/IEC 14496-3, 1.6.2.1.

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
}

const SBR: u8 = 5;
const PARAMETRIC_STEREO: u8 = 29;

impl AudioSpecificConfig {
    /// Reads the fields; `None` if they are cut off or of a reserved value.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut bits = Bits { bytes, at: 0 };
        let object_type = object_type(&mut bits)?;
        let sample_rate = sample_rate(&mut bits)?;
        let configuration = bits.take(4)? as u8;
        let mut config = Self {
            core: object_type,
            object_type,
            sample_rate,
            channels: match configuration {
                0..=6 => configuration,
                7 | 12 | 14 => 8,
                11 => 7,
                13 => 24,
                _ => return None,
            },
        };
        if matches!(object_type, SBR | PARAMETRIC_STEREO) {
            config.sample_rate = self::sample_rate(&mut bits)?;
            config.core = self::object_type(&mut bits)?;
        }
        if config.core == 2 {
            // What may follow is an extension that old decoders do not see.
            config.read_general(&mut bits, configuration);
        }
        if config.object_type == PARAMETRIC_STEREO && config.channels == 1 {
            config.channels = 2;
        }
        Some(config)
    }

    /// `GASpecificConfig` (4.4.1), then the backward compatible signalling of the extensions.
    fn read_general(&mut self, bits: &mut Bits<'_>, configuration: u8) -> Option<()> {
        // The length of a frame.
        bits.take(1)?;
        if bits.take(1)? == 1 {
            // The delay of a core coder.
            bits.take(14)?;
        }
        bits.take(1)?;
        if configuration == 0 {
            self.channels = program_channels(bits)?;
        }
        if self.object_type == 2 && bits.take(11)? == 0x2b7 && object_type(bits)? == SBR {
            if bits.take(1)? == 1 {
                self.object_type = SBR;
                self.sample_rate = sample_rate(bits)?;
            }
            if bits.take(11)? == 0x548 && bits.take(1)? == 1 {
                self.object_type = PARAMETRIC_STEREO;
            }
        }
        Some(())
    }
}

fn object_type(bits: &mut Bits<'_>) -> Option<u8> {
    Some(match bits.take(5)? {
        31 => 32 + bits.take(6)? as u8,
        object_type => object_type as u8,
    })
}

fn sample_rate(bits: &mut Bits<'_>) -> Option<u32> {
    match bits.take(4)? {
        15 => bits.take(24),
        index => SAMPLE_RATES.get(index as usize).copied(),
    }
}

/// The channels of a `program_config_element` (4.4.1.1), which is left read to its end.
fn program_channels(bits: &mut Bits<'_>) -> Option<u8> {
    // Tag, object type, sampling frequency.
    bits.take(10)?;
    let [front, side, back] = [bits.take(4)?, bits.take(4)?, bits.take(4)?];
    let low = bits.take(2)?;
    let associated = bits.take(3)?;
    let coupled = bits.take(4)?;
    for mixdown in [4, 4, 3] {
        if bits.take(1)? == 1 {
            bits.take(mixdown)?;
        }
    }
    let mut channels = low;
    for _ in 0..front + side + back {
        channels += 1 + bits.take(1)?;
        bits.take(4)?;
    }
    for _ in 0..low + associated {
        bits.take(4)?;
    }
    for _ in 0..coupled {
        bits.take(5)?;
    }
    bits.align();
    for _ in 0..bits.take(8)? {
        bits.take(8)?;
    }
    Some(channels as u8)
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }

    fn align(&mut self) {
        self.at = self.at.next_multiple_of(8);
    }
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
        let wanted = AudioSpecificConfig {
            core,
            object_type,
            sample_rate,
            channels,
        };
        assert_eq!(AudioSpecificConfig::read(config), Some(wanted));
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
    fn other_kinds() {
        check(&[0x0a, 0x10], 1, 1, 44_100, 2);
        check(&[0xf9, 0x46, 0x40], 42, 42, 48_000, 2);
    }
}
