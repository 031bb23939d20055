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

/// What a broadcast has left of its patience. Kept in the table, renewed by a redrive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryBudget {
    /// Failures since the last real progress or redrive.
    pub failures: u32,
    /// Where the show stood at the last of them.
    pub position: MediaTime,
    /// The redrive count for which this budget was granted.
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
    /// budget. `redrives` is the execution's redrive count: above the recorded one, the owner has
    /// asked for another try, which is granted whatever the kind.
    pub fn after(
        &mut self,
        kind: FailureKind,
        position: MediaTime,
        redrives: u32,
        air_time: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Decision {
        if redrives > self.redrives {
            *self = Self {
                failures: 0,
                position,
                redrives,
            };
            return Decision::Retry {
                wait: Duration::ZERO,
            };
        }
        if position - self.position >= REAL_PROGRESS {
            self.failures = 0;
        }
        self.position = position.max(self.position);
        self.failures = self.failures.saturating_add(1);
        let left = (air_time - now).to_std().unwrap_or(Duration::ZERO);
        match kind {
            FailureKind::BadRequest
            | FailureKind::UnsupportedMedia
            | FailureKind::SourceMissing
            | FailureKind::Superseded => Decision::GiveUp,
            // The key may be set right until the show begins, and no failure counts before.
            FailureKind::TokenRejected if left.is_zero() => Decision::GiveUp,
            FailureKind::TokenRejected => Decision::Retry {
                wait: WAIT_FOR_KEY.min(left),
            },
            FailureKind::IngestUnreachable
            | FailureKind::Internal
            | FailureKind::SourceUnreadable
            | FailureKind::Interrupted
            | FailureKind::IngestProtocol => {
                if self.failures > MAX_FAILURES && left.is_zero() {
                    return Decision::GiveUp;
                }
                // The first try again is at once: the audience is waiting.
                let wait = match self.failures {
                    0 | 1 => Duration::ZERO,
                    n => Duration::from_secs(1 << (n - 2).min(5)).min(MAX_WAIT),
                };
                Decision::Retry { wait }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    const AIR: &str = "2026-12-01T19:30:00Z";

    #[track_caller]
    fn check(budget: &mut RetryBudget, kind: FailureKind, now: &str, wait: Option<u64>) {
        let position = budget.position;
        let redrives = budget.redrives;
        let expected = match wait {
            Some(seconds) => Decision::Retry {
                wait: Duration::from_secs(seconds),
            },
            None => Decision::GiveUp,
        };
        assert_eq!(
            budget.after(kind, position, redrives, at(AIR), at(now)),
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
        let decision = budget.after(FailureKind::Interrupted, further, 0, at(AIR), at(AIR));
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
        let decision = budget.after(FailureKind::TokenRejected, further, 1, at(AIR), at(AIR));
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
        check(&mut budget, rejected, "2026-12-01T19:29:55Z", Some(5));
        check(&mut budget, rejected, "2026-12-01T19:30:00Z", None);
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
