//! What one sees while a video is uploaded: a bar on a terminal, elsewhere a line now and then.

use std::{
    collections::VecDeque,
    io::{self, IsTerminal},
    time::{Duration, Instant},
};

use broadcast::when;
use chrono::TimeDelta;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use s3::Progress;

/// Without a terminal, how often a line says how far it is.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// The time over which the speed is taken: long enough for parts that end together.
const WINDOW: Duration = Duration::from_secs(15);
/// Before this nobody knows how long it will take.
const TOO_EARLY: Duration = Duration::from_secs(3);
const TEMPLATE: &str = "[{bar:30}] {msg}";

/// On standard error, because standard output is for what the upload comes to.
#[derive(Debug)]
pub(super) struct Report {
    total: u64,
    bar: Option<ProgressBar>,
    last_line: Instant,
    speed: Speed,
}

/// Bytes sent at some moments of the last while.
#[derive(Debug, Default)]
struct Speed {
    samples: VecDeque<(Instant, u64)>,
}

/// How far it is.
#[derive(Clone, Copy, Debug)]
struct HowFar {
    total: u64,
    kept: u64,
    sent: u64,
    resumed: bool,
    bytes_per_second: Option<f64>,
}

impl Report {
    pub(super) fn new(total: u64) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
            // A template that is wrong is replaced by the default one; a test sees to it.
            if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar
        });
        Self {
            total,
            bar,
            last_line: Instant::now(),
            speed: Speed::default(),
        }
    }

    /// Shows how far it is by now; how long it will take, where that is known.
    pub(super) fn look(&mut self, progress: &Progress) -> Option<Duration> {
        let now = Instant::now();
        let how_far = HowFar {
            total: self.total,
            kept: progress.kept(),
            sent: progress.sent(),
            resumed: progress.is_resumed(),
            bytes_per_second: self.speed.at(now, progress.sent()),
        };
        if let Some(bar) = &self.bar {
            bar.set_position(how_far.done());
            bar.set_message(how_far.in_words());
        } else if now - self.last_line >= LINE_EVERY {
            self.last_line = now;
            eprintln!("  {}", how_far.in_words());
        }
        how_far.left()
    }

    /// Says something that stays.
    pub(super) fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{text}")),
            None => eprintln!("{text}"),
        }
    }

    pub(super) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Speed {
    /// In bytes a second, when enough is known of it.
    fn at(&mut self, now: Instant, sent: u64) -> Option<f64> {
        self.samples.push_back((now, sent));
        while self
            .samples
            .get(1)
            .is_some_and(|(at, _)| now - *at >= WINDOW)
        {
            self.samples.pop_front();
        }
        let (first, before) = *self.samples.front()?;
        let elapsed = now - first;
        // What a failed try had sent is taken back.
        (elapsed >= TOO_EARLY).then(|| sent.saturating_sub(before) as f64 / elapsed.as_secs_f64())
    }
}

impl HowFar {
    fn done(&self) -> u64 {
        (self.kept + self.sent).min(self.total)
    }

    fn left(&self) -> Option<Duration> {
        let speed = self.bytes_per_second.filter(|speed| *speed >= 1.0)?;
        let seconds = (self.total - self.done()) as f64 / speed;
        Duration::try_from_secs_f64(seconds).ok()
    }

    /// `45 % of 2.5 GB, 12.3 MB/s, 3 min left`.
    fn in_words(&self) -> String {
        let percent = self.done() as f64 / self.total.max(1) as f64 * 100.0;
        let mut text = format!("{:.0} % of {}", percent.floor(), bytes(self.total));
        if self.resumed {
            text.push_str(&format!(" ({} was there)", bytes(self.kept)));
        }
        if let Some(speed) = self.bytes_per_second {
            text.push_str(&format!(", {}/s", bytes(speed as u64)));
        }
        if let Some(left) = self.left().and_then(|left| TimeDelta::from_std(left).ok()) {
            text.push_str(&format!(", {} left", when::span_in_words(rounded(left))));
        }
        text
    }
}

/// Nobody wants to know seconds of hours.
fn rounded(span: TimeDelta) -> TimeDelta {
    let step = match span.num_seconds() {
        0..60 => 1,
        60..600 => 10,
        _ => 60,
    };
    TimeDelta::seconds((span.num_seconds() + 1).div_euclid(step).max(1) * step)
}

/// In decimal units, as file managers and networks count.
pub(super) fn bytes(bytes: u64) -> String {
    let bytes = bytes as f64;
    match bytes {
        ..1e6 => format!("{:.0} kB", bytes / 1e3),
        ..1e9 => format!("{:.1} MB", bytes / 1e6),
        _ => format!("{:.2} GB", bytes / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_sound() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }

    #[track_caller]
    fn check(kept: u64, sent: u64, speed: Option<f64>, words: &str) {
        let how_far = HowFar {
            total: 2_500_000_000,
            kept,
            sent,
            resumed: kept > 0,
            bytes_per_second: speed,
        };
        assert_eq!(how_far.in_words(), words);
    }

    #[test]
    fn how_far_in_words() {
        check(0, 0, None, "0 % of 2.50 GB");
        check(0, 0, Some(0.0), "0 % of 2.50 GB, 0 kB/s");
        check(
            0,
            1_250_000_000,
            Some(12.5e6),
            "50 % of 2.50 GB, 12.5 MB/s, 1 min 40 s left",
        );
        check(
            500_000_000,
            1_000_000,
            Some(100_000.0),
            "20 % of 2.50 GB (500.0 MB was there), 100 kB/s, 5 h 33 min left",
        );
        check(0, 2_500_000_000, None, "100 % of 2.50 GB");
    }

    #[test]
    fn the_speed_is_that_of_the_last_while() {
        let mut speed = Speed::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(speed.at(at(0), 0), None);
        assert_eq!(speed.at(at(2), 100), None);
        assert_eq!(speed.at(at(4), 400), Some(100.0));
        for second in 5..60 {
            speed.at(at(second), 400 + (second - 4) * 10);
        }
        assert_eq!(speed.at(at(60), 960), Some(10.0));
        assert_eq!(speed.at(at(61), 0), Some(0.0));
    }
}
