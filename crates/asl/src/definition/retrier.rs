//! `Retry` and the names that `Retry` and `Catch` match.

use chrono::TimeDelta;

use crate::failure::Failure;
use crate::random::Random;

/// The `ErrorEquals` of a retrier or a catcher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ErrorEquals(pub(crate) Vec<String>);

impl ErrorEquals {
    /// Whether `failure` is one of the errors named here.
    ///
    /// Sources: Developer Guide, "Handling errors in Step Functions workflows". `States.ALL`
    /// matches everything, `States.TaskFailed` everything but `States.Timeout`, and
    /// `States.Timeout` a missed heartbeat too. What ends an execution whatever it says
    /// (`States.Runtime`, the data limit of a state's own input and output) never gets here.
    pub(crate) fn matches(&self, failure: &Failure) -> bool {
        self.0.iter().any(|name| match name.as_str() {
            "States.ALL" => true,
            "States.TaskFailed" => failure.error != "States.Timeout",
            "States.HeartbeatTimeout" => failure.heartbeat || failure.error == *name,
            name => failure.error == name,
        })
    }
}

/// One entry of `Retry`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Retrier {
    pub(crate) errors: ErrorEquals,
    /// Seconds before the first retry.
    pub(crate) interval: u64,
    pub(crate) max_attempts: u64,
    pub(crate) backoff_rate: f64,
    /// Seconds that no delay exceeds.
    pub(crate) max_delay: Option<u64>,
    pub(crate) full_jitter: bool,
}

impl Retrier {
    /// How long to wait before the retry after `attempts` earlier ones.
    pub(crate) fn delay(&self, attempts: u64, random: &mut Random) -> TimeDelta {
        // A year is the longest execution; it also keeps the product finite.
        const LONGEST: f64 = 31_536_000.0;
        #[expect(
            clippy::cast_precision_loss,
            reason = "a delay has no more than eight digits"
        )]
        let (interval, max_delay) = (
            self.interval as f64,
            self.max_delay.map_or(LONGEST, |seconds| seconds as f64),
        );
        let exponent = i32::try_from(attempts).unwrap_or(i32::MAX);
        let delay = (interval * self.backoff_rate.powi(exponent))
            .min(max_delay)
            .min(LONGEST);
        let delay = if self.full_jitter {
            delay * random.next_fraction()
        } else {
            delay
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a year in milliseconds fits an i64"
        )]
        TimeDelta::milliseconds((delay * 1000.0).round() as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retrier() -> Retrier {
        Retrier {
            errors: ErrorEquals(vec!["States.ALL".to_owned()]),
            interval: 2,
            max_attempts: 3,
            backoff_rate: 1.5,
            max_delay: Some(4),
            full_jitter: false,
        }
    }

    #[test]
    fn delays_grow_up_to_the_maximum() {
        let retrier = retrier();
        let delays: Vec<i64> = (0..4)
            .map(|n| retrier.delay(n, &mut Random::new(0)).num_milliseconds())
            .collect();
        assert_eq!(delays, [2000, 3000, 4000, 4000]);
    }

    #[test]
    fn delays_stay_finite() {
        let retrier = Retrier {
            backoff_rate: 1e300,
            max_delay: None,
            ..retrier()
        };
        assert_eq!(
            retrier.delay(u64::MAX, &mut Random::new(0)).num_seconds(),
            31_536_000
        );
    }

    #[test]
    fn full_jitter_spreads_over_the_whole_delay() {
        let retrier = Retrier {
            full_jitter: true,
            ..retrier()
        };
        let mut random = Random::new(1);
        let delays: Vec<i64> = (0..1000)
            .map(|_| retrier.delay(0, &mut random).num_milliseconds())
            .collect();
        assert!(delays.iter().all(|delay| (0..=2000).contains(delay)));
        assert!(delays.iter().any(|delay| *delay < 200));
        assert!(delays.iter().any(|delay| *delay > 1800));
    }

    #[track_caller]
    fn check(name: &str, failure: &Failure, expected: bool) {
        let errors = ErrorEquals(vec![name.to_owned()]);
        assert_eq!(errors.matches(failure), expected, "{name} {failure:?}");
    }

    #[test]
    fn wildcards() {
        let crash = Failure::new("Crash", None);
        let timeout = Failure::timeout();
        let heartbeat = Failure::missed_heartbeat();
        check("Crash", &crash, true);
        check("crash", &crash, false);
        check("States.ALL", &crash, true);
        check("States.ALL", &timeout, true);
        check("States.TaskFailed", &crash, true);
        check("States.TaskFailed", &timeout, false);
        check("States.Timeout", &timeout, true);
        check("States.Timeout", &heartbeat, true);
        check("States.HeartbeatTimeout", &timeout, false);
        check("States.HeartbeatTimeout", &heartbeat, true);
    }
}
