//! What one sees while a show goes on: lines for what happens and, on a terminal, a bar below them.

use std::{
    fmt,
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use broadcast::{DestinationProgress, MediaTime};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Without a terminal, how often a line says how far the show is.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// How long a report speaks for what comes after it: a little more than the time to the next.
const STALE: Duration = Duration::from_secs(6);

/// Lines on standard output, and a bar on standard error where that is a terminal.
#[derive(Debug)]
pub(crate) struct Screen {
    bar: Option<ProgressBar>,
    terminal: bool,
    last_line: Option<Instant>,
}

/// How far a show is, summed over its destinations.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shown {
    pub(crate) position: MediaTime,
    pub(crate) duration: MediaTime,
    bits_per_second: u64,
    connected: usize,
    destinations: usize,
    on_backup: usize,
    reconnects: u32,
}

impl Shown {
    /// What is shown of these destinations.
    pub(crate) fn of(duration: MediaTime, destinations: &[DestinationProgress]) -> Self {
        Self {
            // The one that is furthest behind decides when the show is over.
            position: destinations
                .iter()
                .filter(|one| one.failure.is_none() || one.connected)
                .map(|one| one.position)
                .min()
                .unwrap_or_else(|| {
                    let positions = destinations.iter().map(|one| one.position);
                    positions.max().unwrap_or_default()
                }),
            duration,
            bits_per_second: destinations.iter().map(|one| one.bitrate).sum(),
            connected: destinations.iter().filter(|one| one.connected).count(),
            destinations: destinations.len(),
            on_backup: destinations
                .iter()
                .filter(|one| one.connected && one.on_backup)
                .count(),
            reconnects: destinations.iter().map(|one| one.reconnects).sum(),
        }
    }
}

impl Shown {
    /// What is true by now if this was said some time ago: the streamer reports seldom, and a bar
    /// that stands still looks like a show that does.
    pub(crate) fn after(mut self, elapsed: Duration) -> Self {
        if self.connected > 0 {
            let since = MediaTime::from(elapsed.min(STALE));
            self.position = (self.position + since).min(self.duration);
        }
        self
    }
}

/// `0:12:03 of 1:00:00, 6.1 Mbit/s, 2 of 2 destinations connected`.
impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {}, {:.1} Mbit/s",
            seconds(self.position),
            seconds(self.duration),
            self.bits_per_second as f64 / 1e6,
        )?;
        if self.destinations > 1 || self.connected < self.destinations {
            write!(f, ", {} of {} connected", self.connected, self.destinations)?;
        }
        match (self.on_backup, self.destinations) {
            (0, _) => {}
            (_, 1) => write!(f, ", on the backup")?,
            (some, _) => write!(f, ", {some} on the backup")?,
        }
        if self.reconnects > 0 {
            write!(f, ", {}", counted(self.reconnects as usize, "reconnect"))?;
        }
        Ok(())
    }
}

/// Prints a line. Unlike `println!` it does not panic when the reader is gone, as in `… | head`.
pub(crate) fn say(text: impl fmt::Display) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// `1 destination`, `2 destinations`.
pub(crate) fn counted(count: usize, name: &str) -> String {
    match count {
        1 => format!("1 {name}"),
        more => format!("{more} {name}s"),
    }
}

impl Screen {
    /// A screen on the process's own standard streams.
    pub(crate) fn new() -> Self {
        Self {
            bar: None,
            terminal: io::stderr().is_terminal(),
            last_line: None,
        }
    }

    /// Says something that stays.
    pub(crate) fn line(&self, text: &str) {
        let print = || say(text);
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Says what is being waited for; on a terminal only, where the next text replaces it.
    pub(crate) fn waiting(&mut self, text: &str) {
        if !self.terminal {
            return;
        }
        let bar = self.bar.get_or_insert_with(new_bar);
        bar.set_style(style("{spinner} {msg}"));
        bar.set_message(text.to_owned());
        bar.tick();
    }

    /// Shows how far the show is: a bar on a terminal, elsewhere a line from time to time.
    pub(crate) fn progress(&mut self, shown: &Shown) {
        if !self.terminal {
            if self
                .last_line
                .is_none_or(|last| last.elapsed() >= LINE_EVERY)
            {
                self.last_line = Some(Instant::now());
                self.line(&format!("  {shown}"));
            }
            return;
        }
        let bar = self.bar.get_or_insert_with(new_bar);
        bar.set_style(style("[{bar:30}] {msg}").progress_chars("=> "));
        bar.set_length(millis(shown.duration));
        bar.set_position(millis(shown.position));
        bar.set_message(shown.to_string());
        bar.tick();
    }

    /// Takes the bar away.
    pub(crate) fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn new_bar() -> ProgressBar {
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
}

fn style(template: &str) -> ProgressStyle {
    // A template that is wrong is replaced by the default one; a test sees to it that none is.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn millis(time: MediaTime) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(0)
}

/// `h:mm:ss`.
fn seconds(time: MediaTime) -> String {
    let whole = MediaTime::from_millis(time.as_millis().div_euclid(1_000) * 1_000).to_string();
    whole.trim_end_matches(".000").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destination(position: i64, connected: bool) -> DestinationProgress {
        DestinationProgress {
            position: MediaTime::from_millis(position),
            connected,
            bitrate: 6_100_000,
            ..DestinationProgress::default()
        }
    }

    #[test]
    fn templates_are_sound() {
        for template in ["{spinner} {msg}", "[{bar:30}] {msg}"] {
            assert!(ProgressStyle::with_template(template).is_ok());
        }
    }

    #[test]
    fn how_far_in_words() {
        let duration = MediaTime::from_millis(3_600_000);
        let one = Shown::of(duration, &[destination(62_900, true)]);
        assert_eq!(one.to_string(), "0:01:02 of 1:00:00, 6.1 Mbit/s");
        let mut two = [destination(62_900, true), destination(1_000, false)];
        two[1].reconnects = 2;
        assert_eq!(
            Shown::of(duration, &two).to_string(),
            "0:00:01 of 1:00:00, 12.2 Mbit/s, 1 of 2 connected, 2 reconnects"
        );
    }

    #[test]
    fn the_backup_in_words() {
        let duration = MediaTime::from_millis(10_000);
        let mut one = destination(1_000, true);
        one.on_backup = true;
        assert_eq!(
            Shown::of(duration, &[one]).to_string(),
            "0:00:01 of 0:00:10, 6.1 Mbit/s, on the backup"
        );
    }

    #[track_caller]
    fn check_after(connected: bool, elapsed: u64, position: i64) {
        let duration = MediaTime::from_millis(10_000);
        let shown = Shown::of(duration, &[destination(5_000, connected)]);
        assert_eq!(
            shown.after(Duration::from_secs(elapsed)).position,
            MediaTime::from_millis(position)
        );
    }

    #[test]
    fn how_far_by_now() {
        check_after(true, 2, 7_000);
        check_after(true, 3_600, 10_000);
        check_after(false, 2, 5_000);
    }
}
