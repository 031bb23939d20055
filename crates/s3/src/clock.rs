//! The time that requests are signed with.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, SystemTime},
};

use aws_smithy_types::{DateTime, date_time::Format};
use http::HeaderValue;

/// This machine's clock, or after S3 refused its time, S3's: what AWS's SDKs do.
///
/// Only a time that S3 refused is put right, and only for signatures: a show keeps to the clock of
/// its machine.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    /// Seconds by which S3's clock is ahead of ours.
    ahead: AtomicI64,
}

impl Clock {
    pub(crate) fn now(&self) -> SystemTime {
        self.shift(SystemTime::now())
    }

    fn shift(&self, time: SystemTime) -> SystemTime {
        let ahead = self.ahead.load(Ordering::Relaxed);
        let by = Duration::from_secs(ahead.unsigned_abs());
        let shifted = match ahead < 0 {
            true => time.checked_sub(by),
            false => time.checked_add(by),
        };
        shifted.unwrap_or(time)
    }

    /// Takes over the time of an answer's `Date`.
    pub(crate) fn follow(&self, date: Option<&HeaderValue>) {
        let Some(theirs) = date
            .and_then(|date| date.to_str().ok())
            .and_then(|date| DateTime::from_str(date, Format::HttpDate).ok())
        else {
            return;
        };
        let ours = DateTime::from(SystemTime::now());
        let ahead = theirs.secs().saturating_sub(ours.secs());
        self.ahead.store(ahead, Ordering::Relaxed);
        tracing::warn!(
            seconds_ahead = ahead,
            "S3's clock differs from this machine's, which is to be set; requests are signed with \
             S3's time meanwhile"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_sets_it() {
        #[track_caller]
        fn check(date: &str, year: u64) {
            let clock = Clock::default();
            clock.follow(Some(&HeaderValue::from_str(date).unwrap()));
            let now = clock.now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
            assert_eq!(1970 + now.as_secs() / 31_556_952, year);
        }
        check("Sun, 06 Jun 2004 08:49:37 GMT", 2004);
        check("Sun, 07 Jun 2054 08:49:37 GMT", 2054);
    }

    #[test]
    fn what_is_no_date_leaves_it() {
        let clock = Clock::default();
        clock.follow(None);
        clock.follow(Some(&HeaderValue::from_static("soon")));
        assert_eq!(clock.ahead.load(Ordering::Relaxed), 0);
    }
}
