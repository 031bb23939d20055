//! When a failed attempt is followed by another.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{FailureKind, MediaTime};

/// How many failures in a row are followed by another attempt.
const MAX_FAILURES: u32 = 8;
/// Progress that makes the failures before it forgotten: an eight-hour show on Spot may be
/// interrupted many times, as long as it goes on in between.
const REAL_PROGRESS: MediaTime = MediaTime::from_millis(30_000);
/// The longest wait between two attempts.
const MAX_WAIT: Duration = Duration::from_secs(30);
/// Before the air time there is nothing to hurry for, and a platform may not like many tries.
const WAIT_FOR_KEY: Duration = Duration::from_secs(15);
/// How long before the air time the last planned try begins: a streamer connects that much ahead,
/// and a key that was set right meanwhile still airs on the second.
const AHEAD: Duration = Duration::from_secs(8);
/// The longest wait between two attempts from then until the air time.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// What a broadcast has left of its patience. Kept in the table, renewed by a redrive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryBudget {
    /// Failures since the air time, the last real progress or redrive.
    pub failures: u32,
    /// Failures before the air time. They make the waits longer and count for nothing else.
    #[serde(default)]
    pub early_failures: u32,
    /// Where the show stood at the last of them.
    pub position: MediaTime,
    /// The redrive count for which this budget was granted.
    pub redrives: u32,
    /// The last failure that was followed by another attempt, and when that begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<(Occasion, DateTime<Utc>)>,
}

/// One failure, however often it is told: an answer may be lost, and then the same is asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occasion {
    /// When the execution came to the state that asks.
    pub entered_at: DateTime<Utc>,
    /// The execution's redrive count. A redrive comes back to the state without entering it.
    pub redrives: u32,
}

/// What follows a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Another attempt, after a wait.
    Retry {
        /// How long to wait.
        wait: Duration,
    },
    /// None.
    GiveUp,
}

impl RetryBudget {
    /// Decides what follows a failure of `kind` with the show at `position`, and spends of the
    /// budget. The occasion's redrive count above the recorded one means that the owner has asked
    /// for another try, which is granted whatever the kind. For an occasion that was decided
    /// already the answer is the same, and nothing is spent.
    pub fn after(
        &mut self,
        kind: FailureKind,
        position: MediaTime,
        occasion: Occasion,
        air_time: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Decision {
        if let Some((last, begins)) = self.last
            && last == occasion
        {
            let left = (begins - now).to_std().unwrap_or(Duration::ZERO);
            let wait = Duration::from_secs(left.as_millis().div_ceil(1_000) as u64);
            return Decision::Retry { wait };
        }
        let decision = self.decide(kind, position, occasion.redrives, air_time, now);
        if let Decision::Retry { wait } = decision {
            self.last = Some((occasion, now + wait));
        }
        decision
    }

    fn decide(
        &mut self,
        kind: FailureKind,
        position: MediaTime,
        redrives: u32,
        air_time: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Decision {
        if redrives > self.redrives {
            *self = Self {
                position,
                redrives,
                ..Self::default()
            };
            return Decision::Retry {
                wait: Duration::ZERO,
            };
        }
        if position - self.position >= REAL_PROGRESS {
            self.failures = 0;
        }
        self.position = position.max(self.position);
        let left = (air_time - now).to_std().unwrap_or(Duration::ZERO);
        let failures = if left.is_zero() {
            &mut self.failures
        } else {
            &mut self.early_failures
        };
        *failures = failures.saturating_add(1);
        // The first try again is at once: the audience is waiting.
        let backoff = match *failures {
            0 | 1 => Duration::ZERO,
            n => Duration::from_secs(1 << (n - 2).min(5)).min(MAX_WAIT),
        };
        match kind {
            FailureKind::BadRequest
            | FailureKind::UnsupportedMedia
            | FailureKind::SourceMissing
            | FailureKind::Superseded => Decision::GiveUp,
            // The key may be set right until the show begins, and no failure counts before.
            FailureKind::TokenRejected if left.is_zero() => Decision::GiveUp,
            FailureKind::TokenRejected => Decision::Retry {
                wait: in_time(WAIT_FOR_KEY, left),
            },
            FailureKind::IngestUnreachable
            | FailureKind::Internal
            | FailureKind::SourceUnreadable
            | FailureKind::Interrupted
            | FailureKind::IngestProtocol => {
                if self.failures > MAX_FAILURES {
                    return Decision::GiveUp;
                }
                Decision::Retry {
                    wait: in_time(backoff, left),
                }
            }
        }
    }
}

/// A wait, in whole seconds, cut so that an air time that is `left` from now is not missed by it.
fn in_time(wait: Duration, left: Duration) -> Duration {
    if left.is_zero() {
        return wait;
    }
    let longest = match left.checked_sub(AHEAD) {
        Some(longest) if !longest.is_zero() => longest,
        _ => LAST_WAIT,
    };
    Duration::from_secs(wait.min(longest).as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    const AIR: &str = "2026-12-01T19:30:00Z";

    /// An occasion that was not there before.
    fn another(budget: &RetryBudget, redrives: u32) -> Occasion {
        let first = DateTime::<Utc>::UNIX_EPOCH;
        let last = budget.last.map_or(first, |(last, _)| last.entered_at);
        Occasion {
            entered_at: last + Duration::from_millis(1),
            redrives,
        }
    }

    #[track_caller]
    fn check(budget: &mut RetryBudget, kind: FailureKind, now: &str, wait: Option<u64>) {
        let position = budget.position;
        let occasion = another(budget, budget.redrives);
        let expected = match wait {
            Some(seconds) => Decision::Retry {
                wait: Duration::from_secs(seconds),
            },
            None => Decision::GiveUp,
        };
        assert_eq!(
            budget.after(kind, position, occasion, at(AIR), at(now)),
            expected
        );
    }

    #[test]
    fn backs_off_and_gives_up() {
        let mut budget = RetryBudget::default();
        for wait in [0, 1, 2, 4, 8, 16, 30, 30] {
            check(&mut budget, FailureKind::Interrupted, AIR, Some(wait));
        }
        check(&mut budget, FailureKind::Interrupted, AIR, None);
    }

    #[test]
    fn real_progress_and_a_redrive_renew_the_budget() {
        let mut budget = RetryBudget {
            failures: MAX_FAILURES,
            ..RetryBudget::default()
        };
        let further = MediaTime::from_millis(60_000);
        let occasion = another(&budget, 0);
        let decision = budget.after(
            FailureKind::Interrupted,
            further,
            occasion,
            at(AIR),
            at(AIR),
        );
        assert_eq!(
            (decision, budget.failures),
            (
                Decision::Retry {
                    wait: Duration::ZERO
                },
                1
            )
        );
        budget.failures = MAX_FAILURES;
        let occasion = another(&budget, 1);
        let rejected = FailureKind::TokenRejected;
        let decision = budget.after(rejected, further, occasion, at(AIR), at(AIR));
        assert_eq!(
            (decision, budget.failures, budget.redrives),
            (
                Decision::Retry {
                    wait: Duration::ZERO
                },
                0,
                1
            )
        );
    }

    #[test]
    fn a_key_can_be_set_right_until_the_air_time() {
        let mut budget = RetryBudget::default();
        let rejected = FailureKind::TokenRejected;
        check(&mut budget, rejected, "2026-12-01T19:28:00Z", Some(15));
        check(&mut budget, rejected, "2026-12-01T19:29:45Z", Some(7));
        check(&mut budget, rejected, "2026-12-01T19:29:52Z", Some(1));
        check(&mut budget, rejected, "2026-12-01T19:29:59.500Z", Some(1));
        check(&mut budget, rejected, "2026-12-01T19:30:00Z", None);
    }

    #[test]
    fn what_fails_before_the_air_time_costs_nothing_after_it() {
        let mut budget = RetryBudget::default();
        let early = "2026-12-01T19:00:00Z";
        for wait in [0, 1, 2, 4, 8, 16, 30, 30, 30, 30] {
            check(&mut budget, FailureKind::Internal, early, Some(wait));
        }
        for wait in [0, 1, 2, 4, 8, 16, 30, 30] {
            check(&mut budget, FailureKind::Internal, AIR, Some(wait));
        }
        check(&mut budget, FailureKind::Internal, AIR, None);
    }

    #[test]
    fn no_wait_goes_past_the_air_time() {
        for (now, wait) in [
            ("2026-12-01T19:29:00Z", 30),
            ("2026-12-01T19:29:40Z", 12),
            ("2026-12-01T19:29:51.500Z", 0),
            ("2026-12-01T19:29:57Z", 1),
        ] {
            let mut budget = RetryBudget {
                early_failures: 20,
                ..RetryBudget::default()
            };
            check(&mut budget, FailureKind::IngestUnreachable, now, Some(wait));
        }
    }

    #[test]
    fn the_same_occasion_has_the_same_answer_and_costs_nothing() {
        let rejected = FailureKind::TokenRejected;
        let now = at("2026-12-01T19:28:00Z");
        let mut budget = RetryBudget::default();
        let occasion = another(&budget, 0);
        let mut ask = |occasion, now| {
            let decision = budget.after(rejected, MediaTime::ZERO, occasion, at(AIR), now);
            (decision, budget.early_failures)
        };
        let retry = |seconds| Decision::Retry {
            wait: Duration::from_secs(seconds),
        };
        assert_eq!(ask(occasion, now), (retry(15), 1));
        let later = now + Duration::from_millis(4_200);
        assert_eq!(ask(occasion, later), (retry(11), 1));
        assert_eq!(ask(occasion, at(AIR)), (retry(0), 1));
        // A redrive is another occasion, also in the state that was entered then.
        let redriven = Occasion {
            redrives: 1,
            ..occasion
        };
        assert_eq!(ask(redriven, at(AIR)), (retry(0), 0));
        assert_eq!(ask(redriven, at(AIR)), (retry(0), 0));
    }

    #[test]
    fn what_cannot_get_better_is_not_tried_again() {
        for kind in [
            FailureKind::BadRequest,
            FailureKind::UnsupportedMedia,
            FailureKind::SourceMissing,
            FailureKind::Superseded,
        ] {
            check(
                &mut RetryBudget::default(),
                kind,
                "2026-12-01T19:00:00Z",
                None,
            );
        }
    }
}
