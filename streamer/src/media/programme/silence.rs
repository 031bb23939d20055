//! Silent AAC.

use broadcast::MediaTime;
use bytes::Bytes;
use thiserror::Error;

use crate::{bits::BitWriter, media::AudioTrack, mp4::AudioSpecificConfig};

/// Why there is no silence for a sound track.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(super) enum Unsilenced {
    #[error("its sound is HE-AAC, of which silence cannot be made without an encoder")]
    HighEfficiency,
    #[error("the channels of its sound are laid out in a way of their own")]
    Channels,
    #[error("the configuration of its sound cannot be read")]
    Configuration,
}

/// One silent frame, and how long it lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SilentFrame {
    pub(super) data: Bytes,
    /// Samples for each channel.
    pub(super) samples: u32,
    /// Samples per second.
    pub(super) rate: u32,
}

impl SilentFrame {
    /// What `--silence` adds to a video without sound: AAC-LC, 48 kHz, two channels.
    pub(super) fn standard() -> (Self, AudioTrack) {
        const RATE: u32 = 48_000;
        // AAC-LC, 48 kHz, two channels, 1024 samples (ISO/IEC 14496-3, 1.6.2.1).
        const CONFIG: &[u8] = &[0x11, 0x90];
        let frame = Self {
            data: raw_data_block(&[Element::Pair]),
            samples: 1024,
            rate: RATE,
        };
        let track = AudioTrack {
            aac_config: Bytes::from_static(CONFIG),
            object_type: 2,
            number: 0,
            sample_rate: RATE,
            channels: 2,
            bit_rate: frame.bit_rate(),
            frames: 0,
        };
        (frame, track)
    }

    /// A frame that a decoder of the track takes without being set up anew.
    pub(super) fn like(track: &AudioTrack) -> Result<Self, Unsilenced> {
        if track.object_type != 2 {
            return Err(Unsilenced::HighEfficiency);
        }
        let config = AudioSpecificConfig::read(&track.aac_config)
            .filter(|config| config.core == 2)
            .ok_or(Unsilenced::Configuration)?;
        let elements = elements(config.layout).ok_or(Unsilenced::Channels)?;
        Ok(Self {
            data: raw_data_block(elements),
            samples: config.frame,
            rate: track.sample_rate.max(1),
        })
    }

    /// How long so many frames last.
    pub(super) fn last(&self, frames: i64) -> MediaTime {
        MediaTime::from_ticks(frames * i64::from(self.samples), self.rate)
    }

    fn bit_rate(&self) -> u64 {
        self.data.len() as u64 * 8 * u64::from(self.rate) / u64::from(self.samples)
    }
}

/// An element of a frame (ISO/IEC 14496-3, 4.4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    Single,
    Pair,
    LowFrequency,
}

/// The elements of a layout of channels (table 1.19).
fn elements(layout: u8) -> Option<&'static [Element]> {
    use Element::{LowFrequency, Pair, Single};
    Some(match layout {
        1 => &[Single],
        2 => &[Pair],
        3 => &[Single, Pair],
        4 => &[Single, Pair, Single],
        5 => &[Single, Pair, Pair],
        6 => &[Single, Pair, Pair, LowFrequency],
        7 => &[Single, Pair, Pair, Pair, LowFrequency],
        _ => return None,
    })
}

/// A frame in which no channel has a spectrum.
fn raw_data_block(elements: &[Element]) -> Bytes {
    const END: u64 = 7;
    let mut bits = BitWriter::default();
    let mut numbers = [0_u64; 4];
    for element in elements {
        let kind = match element {
            Element::Single => 0,
            Element::Pair => 1,
            Element::LowFrequency => 3,
        };
        bits.put(kind, 3);
        // Elements of one kind are told apart by their number.
        bits.put(numbers[kind as usize], 4);
        numbers[kind as usize] += 1;
        if *element == Element::Pair {
            // No common window.
            bits.put_bit(false);
            silent_channel(&mut bits);
        }
        silent_channel(&mut bits);
    }
    bits.put(END, 3);
    bits.finish().into()
}

/// `individual_channel_stream` (table 4.50) with a long window of the sine shape, which is what a
/// decoder starts with: what comes after is decoded as if it came first.
fn silent_channel(bits: &mut BitWriter) {
    // global_gain.
    bits.put(0, 8);
    // ics_reserved_bit, window_sequence, window_shape, max_sfb, predictor_data_present.
    bits.put(0, 1 + 2 + 1 + 6 + 1);
    // pulse_data_present, tns_data_present, gain_control_data_present.
    bits.put(0, 3);
}

/// Silent frames one after the other.
#[derive(Clone, Debug)]
pub(super) struct Silence {
    frame: SilentFrame,
    /// Where the frame with number `before` would stand.
    anchor: MediaTime,
    before: i64,
    pub(super) count: u64,
}

impl Silence {
    /// All whole frames before a time, from zero on.
    pub(super) fn until(frame: SilentFrame, anchor: MediaTime) -> Self {
        let room = anchor.as_micros().max(0);
        let mut before = frames_in(&frame, room);
        while before > 0 && frame.last(before) > anchor {
            before -= 1;
        }
        Self {
            frame,
            anchor,
            before,
            count: before as u64,
        }
    }

    /// All frames that begin within a span.
    pub(super) fn within(frame: SilentFrame, anchor: MediaTime, end: MediaTime) -> Self {
        let span = end - anchor;
        let mut count = frames_in(&frame, span.as_micros().max(0)) + 1;
        while count > 0 && frame.last(count - 1) >= span {
            count -= 1;
        }
        Self {
            frame,
            anchor,
            before: 0,
            count: count as u64,
        }
    }

    /// When a frame is heard. It is counted, so that nothing adds up.
    pub(super) fn dts(&self, index: u64) -> MediaTime {
        self.anchor + self.frame.last(index as i64 - self.before)
    }

    /// The first frame that is not before a time.
    pub(super) fn at_or_after(&self, at: MediaTime) -> u64 {
        let mut index = (self.before + frames_in(&self.frame, (at - self.anchor).as_micros()) - 1)
            .clamp(0, self.count as i64) as u64;
        while index < self.count && self.dts(index) < at {
            index += 1;
        }
        index
    }

    pub(super) fn data(&self) -> Bytes {
        self.frame.data.clone()
    }

    /// The end of the last frame.
    pub(super) fn end(&self) -> MediaTime {
        self.dts(self.count)
    }
}

/// Whole frames in a span, which may be below zero.
fn frames_in(frame: &SilentFrame, micros: i64) -> i64 {
    let samples = i128::from(micros) * i128::from(frame.rate);
    samples.div_euclid(1_000_000 * i128::from(frame.samples)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::BitReader;

    fn track(config: &[u8], sample_rate: u32) -> AudioTrack {
        AudioTrack {
            aac_config: Bytes::copy_from_slice(config),
            object_type: 2,
            sample_rate,
            ..SilentFrame::standard().1
        }
    }

    /// Reads a frame back (ISO/IEC 14496-3, 4.4.2): the kinds of its elements.
    fn read(frame: &[u8]) -> Vec<(u32, u32)> {
        let mut fields = BitReader {
            bytes: frame,
            at: 0,
        };
        let mut elements = Vec::new();
        loop {
            let kind = fields.read(3).unwrap();
            if kind == 7 {
                assert!(frame.len() * 8 - fields.at < 8);
                return elements;
            }
            elements.push((kind, fields.read(4).unwrap()));
            let channels = match kind {
                1 => 2,
                _ => 1,
            };
            if kind == 1 {
                assert_eq!(fields.read(1), Some(0), "common_window");
            }
            for _ in 0..channels {
                fields.read(8).unwrap();
                assert_eq!(fields.read(1), Some(0), "ics_reserved_bit");
                assert_eq!(fields.read(2), Some(0), "a long window");
                assert_eq!(fields.read(1), Some(0), "of the sine shape");
                assert_eq!(fields.read(6), Some(0), "max_sfb");
                assert_eq!(
                    fields.read(4),
                    Some(0),
                    "no prediction, pulses, TNS, gain control"
                );
            }
        }
    }

    #[track_caller]
    fn check(config: &[u8], samples: u32, elements: &[(u32, u32)]) {
        let frame = SilentFrame::like(&track(config, 48_000)).unwrap();
        assert_eq!(frame.samples, samples);
        assert_eq!(read(&frame.data), elements);
    }

    #[test]
    fn each_channel_configuration() {
        check(&[0x11, 0x88], 1024, &[(0, 0)]);
        check(&[0x11, 0x90], 1024, &[(1, 0)]);
        check(&[0x11, 0x98], 1024, &[(0, 0), (1, 0)]);
        check(&[0x11, 0xa0], 1024, &[(0, 0), (1, 0), (0, 1)]);
        check(&[0x11, 0xa8], 1024, &[(0, 0), (1, 0), (1, 1)]);
        check(&[0x11, 0xb0], 1024, &[(0, 0), (1, 0), (1, 1), (3, 0)]);
        check(
            &[0x11, 0xb8],
            1024,
            &[(0, 0), (1, 0), (1, 1), (1, 2), (3, 0)],
        );
        // Frames of 960 samples; a rate that is spelled out.
        check(&[0x11, 0x94], 960, &[(1, 0)]);
        check(&[0x17, 0x80, 0x5d, 0xc0, 0x10], 1024, &[(1, 0)]);
    }

    #[test]
    fn what_has_no_silence() {
        let like = |config: &[u8]| SilentFrame::like(&track(config, 48_000)).unwrap_err();
        assert_eq!(like(&[0x11, 0x80]), Unsilenced::Channels);
        assert_eq!(like(&[0x11, 0xe8]), Unsilenced::Channels);
        assert_eq!(like(&[0x11, 0xf8]), Unsilenced::Configuration);
        assert_eq!(like(&[0x11]), Unsilenced::Configuration);
        assert_eq!(like(&[0x29, 0x90]), Unsilenced::Configuration);
    }

    #[test]
    fn eight_hours_do_not_drift() {
        const SECONDS: i64 = 8 * 3_600;
        for rate in [44_100, 48_000, 7_350] {
            let frame = SilentFrame::like(&track(&[0x11, 0x90], rate)).unwrap();
            let end = MediaTime::from_millis(SECONDS * 1_000);
            let silence = Silence::within(frame.clone(), MediaTime::ZERO, end);
            let frames = (SECONDS as u64 * u64::from(rate)).div_ceil(1024);
            assert_eq!(silence.count, frames);
            for index in (0..silence.count).step_by(1_000).chain([silence.count - 1]) {
                let exact = index as f64 * 1024.0 / f64::from(rate) * 1e6;
                assert!((silence.dts(index).as_micros() as f64 - exact).abs() <= 0.5);
                assert_eq!(silence.at_or_after(silence.dts(index)), index);
            }
            let before = Silence::until(frame, end);
            assert!(before.dts(0).as_micros() < 1024 * 1_000_000 / i64::from(rate));
            assert_eq!(before.end(), end);
        }
    }
}
