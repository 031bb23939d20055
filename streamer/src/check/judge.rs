//! Judging what is known of a video. Pure: facts in, findings out.

use std::time::Duration;

use broadcast::{MediaTime, Platform};

use super::{
    facts::{AudioFacts, Chroma, Facts, Spell, VideoFacts},
    finding::Finding,
    limits::{Limit, limits_of},
    rule::{PEAK, Rule, Tier, kilohertz, level_name, megabits, tier},
};
use crate::media::VideoCodec;

/// What the judge is told beside the facts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leave {
    /// Silence is added where there is no sound.
    pub silence: bool,
    /// Ingests of one's own take HEVC and AV1.
    pub enhanced: bool,
    /// How long head and tail last together.
    pub around: Duration,
}

/// What is wrong with a video for a platform, [`Platform::Custom`] being every other ingest.
///
/// The worst comes first, and of one rule no more than one finding.
pub fn judge(facts: &Facts, platform: Platform, leave: Leave) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for limit in limits_of(platform) {
        let name = limit.rule.name();
        if findings.iter().any(|found| found.rule == name) || is_excused(limit, platform, leave) {
            continue;
        }
        findings.extend(broken(&limit.rule, facts, leave).map(|mut what| {
            if let (Rule::VideoCodec(_), None) = (limit.rule, limit.platform) {
                what.push_str(
                    ", which is sent only to an ingest that says it takes that, or with --enhanced",
                );
            }
            limit.finding(what, facts)
        }));
    }
    findings.sort_by_key(|found| found.severity);
    findings
}

fn is_excused(limit: &Limit, platform: Platform, leave: Leave) -> bool {
    match limit.rule {
        Rule::Sound => leave.silence,
        Rule::VideoCodec(_) => leave.enhanced && platform == Platform::Custom,
        _ => false,
    }
}

impl Limit {
    /// The finding that this limit is not kept.
    pub(crate) fn finding(&self, what: String, facts: &Facts) -> Finding {
        let video = &facts.video;
        Finding {
            severity: self.severity,
            rule: self.rule.name().to_owned(),
            platform: self.platform,
            what,
            limit: self.rule.in_words_for(video.sides().1, video.frame_rate),
            source: Some(self.source.url.to_owned()),
            fixable: self.rule.part().is_some(),
        }
    }
}

/// How a rule is broken, if it is.
fn broken(rule: &Rule, facts: &Facts, leave: Leave) -> Option<String> {
    let video = &facts.video;
    let audio = facts.audio.as_ref();
    match *rule {
        Rule::VideoCodec(taken) => codec(video, taken),
        Rule::EightBit => eight_bit(video),
        Rule::Level(most) => level(video, most),
        Rule::Progressive => video.coding.interlaced.then(|| {
            "the picture is coded as interlaced, which shows as combs where things move".to_owned()
        }),
        Rule::FrameSize(long, short) => {
            let sides = video.sides();
            (sides.0 > long || sides.1 > short)
                .then(|| format!("the picture is {}x{}", video.width, video.height))
        }
        Rule::FrameRate(most) => (video.frame_rate > f64::from(most) + 0.5)
            .then(|| format!("it has {:.2} frames a second", video.frame_rate)),
        Rule::SteadyFrameRate => video.frame_rate_varies.then(|| {
            format!(
                "the frame rate varies ({:.2} frames a second on average)",
                video.frame_rate
            )
        }),
        Rule::LongestFrame(most) => (video.longest_frame.lasts > f64::from(most))
            .then(|| format!("one frame stands {}", spell(video.longest_frame))),
        Rule::KeyFrames(most) => key_frames(video, most),
        Rule::ClosedGroups => (video.key_frames.not_idr > 0).then(|| {
            format!(
                "{} of {} key frames that were looked at are not IDR pictures: after a lost \
                 connection the picture is damaged for a moment",
                video.key_frames.not_idr, video.key_frames.examined
            )
        }),
        Rule::BitRate(tiers) => {
            let most = most_bits(tiers, video)?;
            // What is measured of a constant bit rate is never the figure itself.
            (video.bit_rate as f64 > most * 1.05)
                .then(|| format!("the picture has {}", megabits(video.bit_rate)))
        }
        Rule::LowBitRate(tiers) => {
            let least = u64::from(tier_of(tiers, video)?.least) * 1_000;
            (video.bit_rate < least)
                .then(|| format!("the picture has only {}", megabits(video.bit_rate)))
        }
        Rule::Peaks(tiers) => {
            let most = most_bits(tiers, video)?;
            (video.peak_bit_rate as f64 > most * PEAK).then(|| peak(video))
        }
        Rule::ConstantBitRate => (video.peak_bit_rate as f64 > video.bit_rate as f64 * PEAK)
            .then(|| format!("{}, {} on average", peak(video), megabits(video.bit_rate))),
        Rule::StandardRange => {
            let name = video.high_dynamic_range()?;
            (video.codec == VideoCodec::Avc)
                .then(|| format!("it is HDR ({name}) in H.264: colours will look washed out"))
        }
        Rule::Upright => upright(video),
        Rule::SquarePixels => video.display_aspect.map(|(across, down)| {
            format!(
                "{}x{} pixels are to be shown as {across}:{down}, which a live stream may not say",
                video.width, video.height
            )
        }),
        Rule::CutAtKeyFrame => (video.before_cut > 0.1).then(|| {
            format!(
                "the file was cut between key frames: the live stream starts {:.1} s before the \
                 cut",
                video.before_cut
            )
        }),
        Rule::Sound => audio.is_none().then(|| {
            "there is no sound; --silence adds a silent track while it is on air".to_owned()
        }),
        Rule::LowComplexity => audio
            .filter(|audio| audio.object_type != 2)
            .map(|audio| format!("the sound is {}", audio.codec())),
        Rule::SampleRate(rates) => audio
            .filter(|audio| !rates.contains(&audio.sample_rate))
            .map(|audio| format!("the sound has {}", kilohertz(audio.sample_rate))),
        Rule::Channels(most) => audio
            .filter(|audio| audio.channels > most)
            .map(|audio| format!("the sound has {} channels", audio.channels)),
        Rule::SoundBitRate(most) => audio
            .filter(|audio| audio.bit_rate as f64 > f64::from(most) * 1_000.0 * 1.05)
            .map(|audio| format!("the sound has {}", megabits(audio.bit_rate))),
        Rule::StartTogether(apart) => {
            let audio = audio?;
            let before = video.starts - audio.starts;
            (before.abs() * 1_000.0 > f64::from(apart)).then(|| start(before))
        }
        Rule::EndTogether(apart) => {
            let audio = audio?;
            let longer = audio.ends - video.ends;
            (longer.abs() * 1_000.0 > f64::from(apart)).then(|| end(longer, audio))
        }
        Rule::OneSound => (facts.audio_tracks > 1).then(|| {
            let number = audio.map_or(0, |audio| audio.number);
            format!(
                "there are {} sound tracks, of which number {number} is sent; --audio N takes \
                 another",
                facts.audio_tracks
            )
        }),
        Rule::Hours(most) => hours(facts.duration, leave.around, most),
    }
}

fn hours(lasts: f64, around: Duration, most: u32) -> Option<String> {
    let whole = lasts + around.as_secs_f64();
    let with = match around.is_zero() {
        true => "",
        false => " with what is shown before and after it",
    };
    (whole > f64::from(most) * 3_600.0).then(|| format!("it lasts {}{with}", clock(whole)))
}

fn codec(video: &VideoFacts, taken: &[VideoCodec]) -> Option<String> {
    (!taken.contains(&video.codec)).then(|| format!("the picture is {}", video.codec.name()))
}

fn eight_bit(video: &VideoFacts) -> Option<String> {
    if video.codec != VideoCodec::Avc {
        return None;
    }
    let depth = video.coding.bit_depth.unwrap_or(8);
    let chroma = video.coding.chroma.unwrap_or(Chroma::Half);
    (depth > 8 || chroma != Chroma::Half)
        .then(|| format!("the picture has {depth} bits and {} colour", chroma.name()))
}

fn level(video: &VideoFacts, most: u8) -> Option<String> {
    let level = video.coding.level?;
    if video.codec != VideoCodec::Avc || level <= most {
        return None;
    }
    let fits = match video.coding.fitting_level {
        Some(fits) if fits <= most => format!(", where {} would do", level_name(fits)),
        _ => String::new(),
    };
    Some(format!("the picture is level {}{fits}", level_name(level)))
}

fn key_frames(video: &VideoFacts, most: u32) -> Option<String> {
    // A frame more is what a rounded frame rate makes of it.
    let most = f64::from(most) * 1.02 + 1.0 / video.frame_rate.max(1.0);
    let keys = &video.key_frames;
    (keys.longest.lasts > most).then(|| {
        let typical = match keys.count {
            0 | 1 => String::new(),
            _ => format!(", typically {:.1} s", keys.typical),
        };
        let Spell { lasts, at } = keys.longest;
        format!(
            "key frames are {lasts:.1} s apart at {}{typical}",
            clock(at)
        )
    })
}

fn upright(video: &VideoFacts) -> Option<String> {
    let asks = match (video.rotation, video.mirrored) {
        (0, false) => return None,
        (0, true) => "mirror the picture".to_owned(),
        (degrees, false) => format!("turn the picture by {degrees} degrees"),
        (degrees, true) => format!("turn the picture by {degrees} degrees and mirror it"),
    };
    Some(format!(
        "the file asks players to {asks}, which a live stream cannot say: it will be shown as it \
         was recorded"
    ))
}

fn start(before: f64) -> String {
    match before > 0.0 {
        true => format!("the picture starts {before:.1} s after the sound"),
        false => format!("the sound starts {:.1} s after the picture", -before),
    }
}

fn end(longer: f64, audio: &AudioFacts) -> String {
    match longer > 0.0 {
        true => format!("the sound goes on for {longer:.1} s after the picture"),
        false => format!(
            "the sound ends at {}, {:.1} s before the picture",
            clock(audio.ends),
            -longer
        ),
    }
}

fn peak(video: &VideoFacts) -> String {
    format!(
        "the picture has {} in two seconds at {}",
        megabits(video.peak_bit_rate),
        clock(video.peak_at)
    )
}

fn tier_of<'a>(tiers: &'a [Tier], video: &VideoFacts) -> Option<&'a Tier> {
    tier(tiers, video.sides().1, video.frame_rate)
}

fn most_bits(tiers: &[Tier], video: &VideoFacts) -> Option<f64> {
    Some(f64::from(tier_of(tiers, video)?.most) * 1_000.0)
}

/// `10.0 s at 0:12:03`.
fn spell(spell: Spell) -> String {
    format!("{:.1} s at {}", spell.lasts, clock(spell.at))
}

/// `0:12:03`.
fn clock(seconds: f64) -> String {
    let time = MediaTime::from_millis((seconds * 1_000.0) as i64).to_string();
    time.split('.').next().unwrap_or_default().to_owned()
}
