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
    /// How long a fault is borne.
    pub retry: Retry,
    /// How long one attempt may take to connect.
    pub connect_timeout: Duration,
    /// How long one attempt at one block may take in all.
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
            retry: Retry::default(),
            connect_timeout: Duration::from_secs(5),
            attempt_timeout: Duration::from_secs(15),
            aws: None,
        }
    }
}

/// How long a fault is borne: server errors, lost connections, short answers, stalls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The pause after the first failed attempt; it doubles with each.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// No attempt starts later than this after the first.
    pub give_up_after: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(4),
            give_up_after: Duration::from_secs(30),
        }
    }
}

impl Retry {
    /// The pause after `attempts` failed attempts.
    pub(crate) fn pause(&self, attempts: u32) -> Duration {
        let doublings = attempts.saturating_sub(1).min(16);
        self.first_pause
            .saturating_mul(1 << doublings)
            .min(self.longest_pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pauses: Vec<u128> = (1..=8)
            .map(|attempts| Retry::default().pause(attempts).as_millis())
            .collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 4000, 4000]);
        assert_eq!(Retry::default().pause(u32::MAX).as_millis(), 4000);
    }
}
