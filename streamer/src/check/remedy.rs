//! The one ffmpeg command that mends what can be mended.

use broadcast::Platform;

use super::{
    facts::{Facts, VideoFacts},
    finding::{Finding, Severity},
    limits::limits_of,
    rule::{Part, Rule, tier},
};
use crate::mp4::{file_word, output, shell_word};

/// The command that makes of the file `name` one without these errors and warnings, as far as a
/// command can; none if it can do nothing.
pub fn command(
    facts: &Facts,
    findings: &[Finding],
    platforms: &[Platform],
    name: &str,
) -> Option<String> {
    let job = Job::new(facts, findings, platforms)?;
    let words: Vec<String> = job
        .words()
        .into_iter()
        .map(|word| match word.starts_with('-') {
            true => word,
            false => shell_word(&word),
        })
        .collect();
    Some(format!(
        "ffmpeg -i {} {} {}",
        file_word(name),
        words.join(" "),
        file_word(&output(name))
    ))
}

/// What is done to picture and sound.
struct Job<'a> {
    facts: &'a Facts,
    broken: Vec<&'a str>,
    picture: Option<Picture>,
    level: Option<u8>,
    sound: Sound,
}

/// How the picture is coded anew.
struct Picture {
    filters: Vec<String>,
    /// From key frame to key frame.
    group: u32,
    /// In kbit/s.
    most: Option<u32>,
}

enum Sound {
    None,
    Copied,
    Coded,
    Silence,
}

impl<'a> Job<'a> {
    fn new(facts: &'a Facts, findings: &'a [Finding], platforms: &[Platform]) -> Option<Self> {
        let broken: Vec<&str> = findings
            .iter()
            .filter(|found| found.fixable && found.severity != Severity::Note)
            .map(|found| &*found.rule)
            .collect();
        let limits = || platforms.iter().flat_map(|platform| limits_of(*platform));
        let needs = |part: Part| {
            let mut limits = limits().filter(|limit| broken.contains(&limit.rule.name()));
            limits.any(|limit| limit.rule.part() == Some(part))
        };
        let level = needs(Part::Level).then_some(facts.video.coding.fitting_level);
        let late = facts.audio.as_ref().is_some_and(|audio| {
            broken.contains(&"start-together") && audio.starts < facts.video.starts
        });
        // A level may be written anew if the stream keeps a lower one.
        let most = limits().filter_map(|limit| match limit.rule {
            Rule::Level(most) => Some(most),
            _ => None,
        });
        let level = level.map(|fits| fits.filter(|fits| most.min().is_some_and(|it| *fits <= it)));
        let picture = needs(Part::Picture) || late || level == Some(None);
        let sound = match &facts.audio {
            None if needs(Part::Silence) => Sound::Silence,
            None => Sound::None,
            Some(_) if needs(Part::Sound) || needs(Part::SoundLength) => Sound::Coded,
            Some(_) => Sound::Copied,
        };
        if !picture && level.is_none() && !matches!(sound, Sound::Coded | Sound::Silence) {
            return None;
        }
        Some(Self {
            facts,
            picture: picture.then(|| Picture::new(&facts.video, &broken, platforms, late)),
            level: level.flatten(),
            sound,
            broken,
        })
    }

    fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        let mut add = |text: &str| words.extend(text.split(' ').map(str::to_owned));
        let ends = self.facts.video.ends;
        match (&self.sound, &self.facts.audio) {
            (Sound::Silence, _) => {
                add(&format!(
                    "-f lavfi -t {ends:.3} -i anullsrc=r=48000:cl=stereo"
                ));
                add("-map 0:v:0 -map 1:a:0");
            }
            (Sound::Copied | Sound::Coded, Some(audio)) => {
                add(&format!(
                    "-map 0:v:0 -map 0:a:{}",
                    audio.number.saturating_sub(1)
                ));
            }
            _ => add("-map 0:v:0"),
        }
        match (&self.picture, self.level) {
            (Some(picture), _) => picture.words().iter().for_each(|word| add(word)),
            (None, Some(level)) => {
                let level = super::rule::level_name(level);
                add(&format!("-c:v copy -bsf:v h264_metadata=level={level}"));
            }
            (None, None) => add("-c:v copy"),
        }
        match (&self.sound, &self.facts.audio) {
            (Sound::Copied, _) => add("-c:a copy"),
            (Sound::Silence, _) => add("-c:a aac -b:a 128k"),
            (Sound::Coded, Some(audio)) => {
                let rate = match audio.sample_rate {
                    44_100 => 44_100,
                    _ => 48_000,
                };
                add(&format!("-c:a aac -b:a 128k -ar {rate} -ac 2"));
                let whole = ["start-together", "end-together"];
                if whole.iter().any(|rule| self.broken.contains(rule)) {
                    add(&format!(
                        "-af aresample=async=1:first_pts=0,apad -t {ends:.3}"
                    ));
                }
            }
            _ => {}
        }
        add("-movflags +faststart");
        words
    }
}

impl Picture {
    fn new(video: &VideoFacts, broken: &[&str], platforms: &[Platform], late: bool) -> Self {
        let (width, height) = shown_size(video);
        let (long, short) = largest(platforms);
        let target = fitted((width, height), (long, short));
        let rate = rate(video, fastest(platforms));
        let mut filters = Vec::new();
        if video.coding.interlaced {
            filters.push("bwdif=mode=send_frame".to_owned());
        }
        if video.high_dynamic_range().is_some() {
            filters.push(TO_STANDARD_RANGE.to_owned());
        }
        let coded = match video.rotation {
            90 | 270 => (video.height, video.width),
            _ => (video.width, video.height),
        };
        if target != coded || video.display_aspect.is_some() {
            filters.push(format!("scale={}:{},setsar=1", target.0, target.1));
        }
        let unsteady = ["steady-frame-rate", "longest-frame", "frame-rate"];
        if late || unsteady.iter().any(|rule| broken.contains(rule)) {
            let start = if late { ":start_time=0" } else { "" };
            filters.push(format!("fps={}{start}", rate.words));
        }
        Self {
            filters,
            group: ((rate.value * 2.0).round() as u32).max(1),
            most: least_cap(platforms, target, rate.value),
        }
    }

    fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if !self.filters.is_empty() {
            words.push(format!("-vf {}", self.filters.join(",")));
        }
        words.push("-c:v libx264 -profile:v high -pix_fmt yuv420p -crf 18".to_owned());
        if let Some(most) = self.most {
            words.push(format!("-maxrate {most}k -bufsize {most}k"));
        }
        words.push(format!("-g {} -sc_threshold 0", self.group));
        words
    }
}

/// Needs an ffmpeg with zimg, as most are.
const TO_STANDARD_RANGE: &str =
    "zscale=t=linear:npl=100,tonemap=hable,zscale=p=bt709:t=bt709:m=bt709:r=tv,format=yuv420p";

/// The size at which it is shown with square pixels, after ffmpeg has turned it upright.
fn shown_size(video: &VideoFacts) -> (u32, u32) {
    let (width, height) = (video.width, video.height);
    let width = match video.display_aspect {
        Some((across, down)) => {
            let width = f64::from(height) * f64::from(across) / f64::from(down.max(1));
            (width.round() as u32).clamp(2, 16_384)
        }
        None => width,
    };
    match video.rotation {
        90 | 270 => (height, width),
        _ => (width, height),
    }
}

/// The same shape within these sides, in even numbers, which 4:2:0 needs.
fn fitted((width, height): (u32, u32), (long, short): (u32, u32)) -> (u32, u32) {
    let sides = (f64::from(width.max(height)), f64::from(width.min(height)));
    let factor = (f64::from(long) / sides.0.max(1.0))
        .min(f64::from(short) / sides.1.max(1.0))
        .min(1.0);
    let even = |side: u32| (((f64::from(side) * factor / 2.0).round() as u32) * 2).max(2);
    (even(width), even(height))
}

fn largest(platforms: &[Platform]) -> (u32, u32) {
    limits(platforms, |rule| match rule {
        Rule::FrameSize(long, short) => Some((long, short)),
        _ => None,
    })
    .fold((16_384, 16_384), |least, size| {
        (least.0.min(size.0), least.1.min(size.1))
    })
}

fn fastest(platforms: &[Platform]) -> u32 {
    limits(platforms, |rule| match rule {
        Rule::FrameRate(most) => Some(most),
        _ => None,
    })
    .min()
    .unwrap_or(60)
}

/// Kilobits per second, a tenth below what the strictest allows.
fn least_cap(platforms: &[Platform], (width, height): (u32, u32), rate: f64) -> Option<u32> {
    limits(platforms, |rule| match rule {
        Rule::BitRate(tiers) => tier(tiers, width.min(height), rate).map(|tier| tier.most),
        _ => None,
    })
    .min()
    .map(|most| most / 10 * 9)
}

fn limits<T>(platforms: &[Platform], pick: impl Fn(Rule) -> Option<T>) -> impl Iterator<Item = T> {
    let limits = platforms.iter().flat_map(|platform| limits_of(*platform));
    limits.filter_map(move |limit| pick(limit.rule))
}

/// A frame rate as a number and as ffmpeg reads it.
struct Rate {
    value: f64,
    words: String,
}

/// The usual frame rate that a video has, or is nearest above what it has.
fn rate(video: &VideoFacts, most: u32) -> Rate {
    const USUAL: [(u32, u32); 9] = [
        (24_000, 1_001),
        (24, 1),
        (25, 1),
        (30_000, 1_001),
        (30, 1),
        (48, 1),
        (50, 1),
        (60_000, 1_001),
        (60, 1),
    ];
    let mut mean = video.frame_rate;
    while mean > f64::from(most) + 0.5 {
        // Every second frame of what is too fast.
        mean /= 2.0;
    }
    let value = |(ticks, scale): (u32, u32)| f64::from(ticks) / f64::from(scale);
    let usual = USUAL
        .into_iter()
        .filter(|usual| value(*usual) <= f64::from(most))
        .find(|usual| value(*usual) >= mean * 0.9995)
        .unwrap_or((most, 1));
    let near = (value(usual) - mean).abs() <= mean * 0.001;
    match (near || video.frame_rate_varies, usual) {
        (true, (ticks, 1)) => Rate {
            value: value(usual),
            words: ticks.to_string(),
        },
        (true, (ticks, scale)) => Rate {
            value: value(usual),
            words: format!("{ticks}/{scale}"),
        },
        (false, _) => Rate {
            value: mean,
            words: format!("{mean:.3}"),
        },
    }
}
