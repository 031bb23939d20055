//! What can be asked of a video, with the figures that make a limit of it.

use crate::media::VideoCodec;

/// What is asked of a video.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// The picture is coded as one of these.
    VideoCodec(&'static [VideoCodec]),
    /// The picture has 8 bits and 4:2:0 colour, if it is H.264.
    EightBit,
    /// Ten times the highest level of H.264.
    Level(u8),
    /// Whole frames, no fields.
    Progressive,
    /// The longer and the shorter side of the largest picture.
    FrameSize(u32, u32),
    /// Frames per second, at most.
    FrameRate(u32),
    /// The frames follow each other at one rate.
    SteadyFrameRate,
    /// A frame stands for so many seconds at most.
    LongestFrame(u32),
    /// From key frame to key frame so many seconds at most.
    KeyFrames(u32),
    /// Decoding can start at each key frame.
    ClosedGroups,
    /// The mean bit rate of the picture is at most that of its size and frame rate.
    BitRate(&'static [Tier]),
    /// It is that much at least.
    LowBitRate(&'static [Tier]),
    /// Two seconds have at most half as much again as that.
    Peaks(&'static [Tier]),
    /// Two seconds have at most half as much again as the mean.
    ConstantBitRate,
    /// No high dynamic range, if it is H.264.
    StandardRange,
    /// The file asks for no turn.
    Upright,
    /// The pixels are square.
    SquarePixels,
    /// The file starts where it was cut.
    CutAtKeyFrame,
    /// There is sound.
    Sound,
    /// The sound is AAC-LC.
    LowComplexity,
    /// Samples per second of the sound.
    SampleRate(&'static [u32]),
    /// Channels of the sound, at most.
    Channels(u8),
    /// Kilobits per second of the sound, at most.
    SoundBitRate(u32),
    /// Picture and sound start within so many milliseconds.
    StartTogether(u32),
    /// Picture and sound end within so many milliseconds.
    EndTogether(u32),
    /// One sound track.
    OneSound,
    /// Hours, at most.
    Hours(u32),
}

/// The bit rates for pictures up to a size and a frame rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tier {
    /// The longest shorter side.
    pub lines: u32,
    /// The most frames per second.
    pub frame_rate: u32,
    /// Kilobits per second at least; zero if nothing is said.
    pub least: u32,
    /// Kilobits per second at most.
    pub most: u32,
}

/// What a command has to make anew to mend something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The picture is coded anew.
    Picture,
    /// The level is written anew, the picture stays.
    Level,
    /// The sound is coded anew.
    Sound,
    /// Silence is added.
    Silence,
    /// Sound is made as long as the picture.
    SoundLength,
}

impl Rule {
    /// The name for programs, which stays.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::VideoCodec(_) => "video-codec",
            Self::EightBit => "eight-bit",
            Self::Level(_) => "level",
            Self::Progressive => "progressive",
            Self::FrameSize(..) => "frame-size",
            Self::FrameRate(_) => "frame-rate",
            Self::SteadyFrameRate => "steady-frame-rate",
            Self::LongestFrame(_) => "longest-frame",
            Self::KeyFrames(_) => "key-frames",
            Self::ClosedGroups => "closed-groups",
            Self::BitRate(_) => "bit-rate",
            Self::LowBitRate(_) => "low-bit-rate",
            Self::Peaks(_) => "peaks",
            Self::ConstantBitRate => "constant-bit-rate",
            Self::StandardRange => "standard-range",
            Self::Upright => "upright",
            Self::SquarePixels => "square-pixels",
            Self::CutAtKeyFrame => "cut-at-key-frame",
            Self::Sound => "sound",
            Self::LowComplexity => "low-complexity",
            Self::SampleRate(_) => "sample-rate",
            Self::Channels(_) => "channels",
            Self::SoundBitRate(_) => "sound-bit-rate",
            Self::StartTogether(_) => "start-together",
            Self::EndTogether(_) => "end-together",
            Self::OneSound => "one-sound",
            Self::Hours(_) => "hours",
        }
    }

    /// What would be right, in words.
    pub fn in_words(&self) -> String {
        match self {
            Self::VideoCodec(codecs) => names(codecs),
            Self::EightBit => "8 bits, 4:2:0".to_owned(),
            Self::Level(level) => format!("level {} at most", level_name(*level)),
            Self::Progressive => "progressive".to_owned(),
            Self::FrameSize(long, short) => format!("{long}x{short} at most"),
            Self::FrameRate(rate) => format!("{rate} frames a second at most"),
            Self::SteadyFrameRate => "one frame rate throughout".to_owned(),
            Self::LongestFrame(seconds) => format!("a frame at least every {seconds} s"),
            Self::KeyFrames(seconds) => format!("a key frame at least every {seconds} s"),
            Self::ClosedGroups => "key frames are IDR pictures".to_owned(),
            Self::BitRate(tiers) => within(tiers, |tier| tier.most, "at most", 1.0),
            Self::LowBitRate(tiers) => within(tiers, |tier| tier.least, "at least", 1.0),
            Self::Peaks(tiers) => within(tiers, |tier| tier.most, "over 2 s at most", PEAK),
            Self::ConstantBitRate => "constant bit rate".to_owned(),
            Self::StandardRange => "standard dynamic range, or HEVC where it is taken".to_owned(),
            Self::Upright => "the picture as it is to be shown".to_owned(),
            Self::SquarePixels => "square pixels".to_owned(),
            Self::CutAtKeyFrame => "a cut at a key frame".to_owned(),
            Self::Sound => "a sound track".to_owned(),
            Self::LowComplexity => "AAC-LC".to_owned(),
            Self::SampleRate(rates) => {
                let rates: Vec<String> = rates.iter().map(|rate| kilohertz(*rate)).collect();
                rates.join(" or ")
            }
            Self::Channels(2) => "stereo".to_owned(),
            Self::Channels(most) => format!("{most} channels at most"),
            Self::SoundBitRate(most) => format!("{most} kbit/s at most"),
            Self::StartTogether(apart) => {
                format!("picture and sound start within {} s", seconds(*apart))
            }
            Self::EndTogether(apart) => {
                format!("picture and sound end within {} s", seconds(*apart))
            }
            Self::OneSound => "one sound track".to_owned(),
            Self::Hours(most) => format!("{most} h at most"),
        }
    }

    /// The same for a picture of so many lines and frames per second.
    pub(crate) fn in_words_for(&self, lines: u32, frame_rate: f64) -> String {
        let one = |tiers: &'static [Tier]| match tier(tiers, lines, frame_rate) {
            Some(tier) if tiers.len() > 1 => Some(tier),
            _ => None,
        };
        let words = |tier: &Tier, kilobits: f64, words: &str| {
            let rate = megabits((kilobits * 1_000.0) as u64);
            format!("{rate} {words} for {}p{}", tier.lines, tier.frame_rate)
        };
        let found = match self {
            Self::BitRate(tiers) => one(tiers).map(|it| words(it, it.most.into(), "at most")),
            Self::LowBitRate(tiers) => one(tiers).map(|it| words(it, it.least.into(), "at least")),
            Self::Peaks(tiers) => {
                one(tiers).map(|it| words(it, f64::from(it.most) * PEAK, "at most over 2 s"))
            }
            _ => None,
        };
        found.unwrap_or_else(|| self.in_words())
    }

    /// What has to be made anew to mend it; none if no command does.
    pub(crate) const fn part(&self) -> Option<Part> {
        match self {
            Self::VideoCodec(_)
            | Self::EightBit
            | Self::Progressive
            | Self::FrameSize(..)
            | Self::FrameRate(_)
            | Self::SteadyFrameRate
            | Self::LongestFrame(_)
            | Self::KeyFrames(_)
            | Self::ClosedGroups
            | Self::BitRate(_)
            | Self::Peaks(_)
            | Self::StandardRange
            | Self::Upright
            | Self::SquarePixels
            | Self::CutAtKeyFrame => Some(Part::Picture),
            Self::Level(_) => Some(Part::Level),
            Self::Sound => Some(Part::Silence),
            Self::LowComplexity
            | Self::SampleRate(_)
            | Self::Channels(_)
            | Self::SoundBitRate(_) => Some(Part::Sound),
            Self::StartTogether(_) | Self::EndTogether(_) => Some(Part::SoundLength),
            // More bits make no better picture of what has few.
            Self::LowBitRate(_) | Self::ConstantBitRate | Self::OneSound | Self::Hours(_) => None,
        }
    }
}

/// How much more than the mean two seconds may have.
pub(crate) const PEAK: f64 = 1.5;

/// The tier of a picture: the first that is large enough, else the last.
pub(crate) fn tier(tiers: &[Tier], lines: u32, frame_rate: f64) -> Option<&Tier> {
    tiers
        .iter()
        .find(|tier| tier.lines >= lines && f64::from(tier.frame_rate) + 0.5 >= frame_rate)
        .or(tiers.last())
}

fn within(tiers: &[Tier], bound: impl Fn(&Tier) -> u32, words: &str, factor: f64) -> String {
    let rate = |tier: &Tier| megabits((f64::from(bound(tier)) * 1_000.0 * factor) as u64);
    if let [only] = tiers {
        return format!("{} {words}", rate(only));
    }
    let each: Vec<String> = tiers
        .iter()
        .filter(|tier| bound(tier) > 0)
        .map(|tier| format!("{}p{} {}", tier.lines, tier.frame_rate, rate(tier)))
        .collect();
    format!("{words}: {}", each.join(", "))
}

fn names(codecs: &[VideoCodec]) -> String {
    let names: Vec<&str> = codecs.iter().map(|codec| codec.name()).collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

/// `4.1`; the 9 of H.264 stands for its level 1b, which lies between 1.0 and 1.1.
pub fn level_name(tenfold: u8) -> String {
    match tenfold {
        9 => "1b".to_owned(),
        _ => format!("{}.{}", tenfold / 10, tenfold % 10),
    }
}

/// `44.1 kHz`.
pub(crate) fn kilohertz(rate: u32) -> String {
    format!("{} kHz", f64::from(rate) / 1_000.0)
}

/// `6 Mbit/s`, `2.3 Mbit/s`, `600 kbit/s`.
pub(crate) fn megabits(rate: u64) -> String {
    if rate < 1_000_000 {
        return format!("{} kbit/s", rate.div_ceil(1_000));
    }
    let tenths = (rate as f64 / 1e5).round() / 10.0;
    format!("{tenths} Mbit/s")
}

fn seconds(milliseconds: u32) -> String {
    format!("{}", f64::from(milliseconds) / 1_000.0)
}
