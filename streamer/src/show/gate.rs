//! The air time, to the millisecond.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::{Instant, sleep};

/// How long before the moment sleeping ends and looking at the clock begins: the run time's timers
/// are good for a millisecond or two.
const EYES_OPEN: Duration = Duration::from_millis(3);
/// The clock on the wall may be set while we wait.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How long until a moment; none when it is past.
pub(super) fn left(until: DateTime<Utc>) -> Option<Duration> {
    (until - Utc::now())
        .to_std()
        .ok()
        .filter(|left| !left.is_zero())
}

/// How long a moment is past; zero when it is not.
pub(super) fn past(moment: DateTime<Utc>) -> Duration {
    (Utc::now() - moment).to_std().unwrap_or_default()
}

/// Returns at a moment of the wall clock, or at once when it is past.
pub(super) async fn wait(until: DateTime<Utc>) {
    while let Some(left) = left(until) {
        match left.checked_sub(EYES_OPEN) {
            Some(nap) if !nap.is_zero() => sleep(nap.min(LOOK_AGAIN)).await,
            _ => tokio::task::yield_now().await,
        }
    }
}

/// A moment of the wall clock on the monotonic one.
pub(super) fn instant(moment: DateTime<Utc>) -> Instant {
    let now = Instant::now();
    match left(moment) {
        Some(left) => now + left,
        None => now.checked_sub(past(moment)).unwrap_or(now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_opens_on_time() {
        let moment = Utc::now() + Duration::from_millis(40);
        wait(moment).await;
        let late = past(moment);
        assert!(left(moment).is_none());
        assert!(late < Duration::from_millis(30), "{late:?}");
        wait(moment).await;
    }
}
