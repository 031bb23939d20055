//! How long faults are borne.

use std::time::Duration;

/// How long faults are borne that may pass: server errors, `SlowDown`, lost connections, stalls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The longest pause after the first failed attempt; it doubles with each. What is waited is
    /// between half of it and all of it, so that those who failed together do not come again
    /// together.
    pub first_pause: Duration,
    /// The longest pause of all.
    pub longest_pause: Duration,
    /// No attempt starts later than this after the first.
    pub give_up_after: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            first_pause: Duration::from_millis(200),
            longest_pause: Duration::from_secs(5),
            give_up_after: Duration::from_secs(20),
        }
    }
}

impl Retry {
    /// The pause after `attempts` failed attempts; `random` is in 0..1.
    pub(crate) fn pause(&self, attempts: u32, random: f64) -> Duration {
        let doublings = attempts.saturating_sub(1).min(16);
        self.first_pause
            .saturating_mul(1 << doublings)
            .min(self.longest_pause)
            .mul_f64(0.5 + random / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(attempts: u32, random: f64, millis: u128) {
        assert_eq!(Retry::default().pause(attempts, random).as_millis(), millis);
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        check(1, 1.0, 200);
        check(1, 0.0, 100);
        check(3, 1.0, 800);
        check(6, 1.0, 5000);
        check(u32::MAX, 0.5, 3750);
    }
}
