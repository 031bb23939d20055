//! How a source is read.

use std::time::Duration;

use crate::address::AddressPolicy;

/// How a source is read. The default is the strict one: public addresses and TLS only.
#[derive(Clone, Debug)]
pub struct SourceOptions {
    /// Which addresses a web server may have. S3 itself and a configured S3 endpoint may be
    /// private in any case: they are named by who runs the streamer, not by who schedules.
    pub addresses: AddressPolicy,
    /// Whether `http://` is read from loopback and private addresses. From public ones it never is.
    pub allow_plain_http: bool,
    /// How long a fault is borne while the source is opened.
    pub opening: Retry,
    /// Whether an earlier attempt has shown some of it. What a web server refuses now may then
    /// pass, as in the middle of a show, and is a fault to be borne.
    pub was_read_before: bool,
    /// How long a fault is borne at each block, once the source is open: that may be on air.
    pub retry: Retry,
    /// How long one attempt may take to connect.
    pub connect_timeout: Duration,
    /// How long one attempt may go without a byte.
    pub stall_timeout: Duration,
    /// How long one attempt at one block may take in all. What came is kept for the next.
    pub attempt_timeout: Duration,
    /// Region, credentials and endpoint for `s3://`. `None` takes them from the environment when
    /// they are needed.
    pub aws: Option<aws_config::SdkConfig>,
}

impl Default for SourceOptions {
    fn default() -> Self {
        Self {
            addresses: AddressPolicy::PUBLIC,
            allow_plain_http: false,
            opening: Retry::OPENING,
            was_read_before: false,
            retry: Retry::default(),
            connect_timeout: Duration::from_secs(5),
            stall_timeout: Duration::from_secs(6),
            attempt_timeout: Duration::from_secs(15),
            aws: None,
        }
    }
}

/// How long a fault is borne: server errors, lost connections, short answers, stalls.
///
/// # What an outage does to a show
///
/// What was read ahead, a mebibyte or 1.4 s at 6 Mbit/s, goes on being sent. Then the ingest gets
/// no media, on a connection that is kept up. The source is asked again after 0.1, 0.2, 0.4, 0.8,
/// 1.6, 3.2 and then every 4 s, and an attempt without a byte ends after 6 s: the show goes on at
/// most 10 s after the source is back, and nothing of it is left out. After 90 s without the block
/// that is due it ends with `SourceUnreadable` and the position of the packet that could not be
/// read; another attempt of the broadcast goes on from there. A new task on Fargate takes one to
/// two minutes to be there, so that giving up earlier would gain nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The pause after the first failed attempt; it doubles with each.
    pub first_pause: Duration,
    /// The longest pause, unless the server asks for more by `Retry-After`.
    pub longest_pause: Duration,
    /// The longest pause that a server is granted by `Retry-After`.
    pub longest_asked: Duration,
    /// No attempt starts later than this after the first.
    pub give_up_after: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(4),
            longest_asked: Duration::from_secs(15),
            give_up_after: Duration::from_secs(90),
        }
    }
}

impl Retry {
    /// While a source is opened: before the air time, or with someone who waits for an answer.
    pub const OPENING: Self = Self {
        first_pause: Duration::from_millis(100),
        longest_pause: Duration::from_secs(4),
        longest_asked: Duration::from_secs(15),
        give_up_after: Duration::from_secs(30),
    };

    /// For what is only read ahead: who needs it and does not find it has patience of its own.
    pub(crate) fn ahead(self) -> Self {
        Self {
            give_up_after: self.give_up_after.min(Duration::from_secs(1)),
            ..self
        }
    }

    /// The pause after `attempts` failed attempts, if the server asked for one of `asked`.
    pub(crate) fn pause(&self, attempts: u32, asked: Option<Duration>) -> Duration {
        let doublings = attempts.saturating_sub(1).min(16);
        let own = self
            .first_pause
            .saturating_mul(1 << doublings)
            .min(self.longest_pause);
        own.max(asked.unwrap_or_default().min(self.longest_asked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pauses: Vec<u128> = (1..=8)
            .map(|attempts| Retry::default().pause(attempts, None).as_millis())
            .collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 4000, 4000]);
        assert_eq!(Retry::default().pause(u32::MAX, None).as_millis(), 4000);
    }

    #[test]
    fn a_server_may_ask_for_more_within_reason() {
        #[track_caller]
        fn check(attempts: u32, asked: u64, millis: u128) {
            let asked = Duration::from_secs(asked);
            let pause = Retry::default().pause(attempts, Some(asked));
            assert_eq!(pause.as_millis(), millis);
        }
        check(1, 0, 100);
        check(1, 2, 2000);
        check(8, 2, 4000);
        check(1, 3600, 15_000);
    }
}
