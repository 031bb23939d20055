//! The wall clock, and sleeping by it.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// Longest nap of [`Clock::sleep_until`]: after a suspended laptop wakes, or the wall clock is
/// set, what came due is noticed this much later at most.
const LONGEST_NAP: Duration = Duration::from_secs(1);

/// The wall clock. Everything in the region that asks for the time asks here.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Clock;

impl Clock {
    /// Now, in whole milliseconds: what the AWS wire formats and the store can hold, so that a
    /// time that went through either still equals itself.
    pub(crate) fn now(self) -> DateTime<Utc> {
        let now = Utc::now();
        DateTime::from_timestamp_millis(now.timestamp_millis()).unwrap_or(now)
    }

    /// Returns at `instant` by the wall clock (never before it), at once if it has passed.
    pub(crate) async fn sleep_until(self, instant: DateTime<Utc>) {
        loop {
            let Ok(left) = (instant - Utc::now()).to_std() else {
                return;
            };
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(LONGEST_NAP)).await;
        }
    }
}
