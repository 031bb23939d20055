//! The bit rate of the last seconds.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

const EVERY: Duration = Duration::from_millis(500);
const SAMPLES: usize = 9;

/// Counts bytes and knows their mean rate over the last four seconds.
#[derive(Debug)]
pub(super) struct Meter {
    samples: VecDeque<(Instant, u64)>,
}

impl Meter {
    pub(super) fn new() -> Self {
        Self {
            samples: VecDeque::with_capacity(SAMPLES),
        }
    }

    /// Takes the count of all bytes so far; returns bits per second.
    pub(super) fn rate(&mut self, total: u64, now: Instant) -> u64 {
        if self.samples.back().is_none_or(|(at, _)| now - *at >= EVERY) {
            if self.samples.len() == SAMPLES {
                self.samples.pop_front();
            }
            self.samples.push_back((now, total));
        }
        let Some((since, before)) = self.samples.front() else {
            return 0;
        };
        let seconds = (now - *since).as_secs_f64();
        if seconds < 0.2 {
            return 0;
        }
        (total.saturating_sub(*before) as f64 * 8.0 / seconds) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let start = Instant::now();
        let mut meter = Meter::new();
        // 1 Mbit/s for ten seconds, then nothing.
        let rates: Vec<u64> = (0..40)
            .map(|i| {
                let total = 31_250 * i.min(20);
                meter.rate(total, start + Duration::from_millis(i * 500))
            })
            .collect();
        assert_eq!(rates[0], 0);
        assert_eq!(rates[2], 500_000);
        assert_eq!(rates[20], 500_000);
        assert_eq!(rates[39], 0);
    }
}
