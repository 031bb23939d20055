//! When each packet leaves, and with which time stamp.

use broadcast::MediaTime;
use tokio::time::{Duration, Instant};

/// Packets that are due within this time of one another leave together, the later ones so much
/// early: a third as many wake-ups and half the processor time. A frame of the picture lasts less
/// at 24 a second, so that at the usual rates two or more of them leave with their sound.
pub(super) const TOGETHER: Duration = Duration::from_millis(42);

/// One destination's clock: the packet with decoding time `origin` leaves at `zero`, every other
/// one at its distance from it.
///
/// The time stamps are those of the media as long as nothing happens. After an interruption that
/// the show makes up for by ending later they are ahead by its length: they go on with the clock,
/// as those of a live encoder do, and so never go back, whatever is repeated. For an ingest that
/// wants it they begin at zero with each connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    zero: Instant,
    origin: MediaTime,
    ahead: MediaTime,
}

impl Pace {
    /// The packet with decoding time `origin` leaves at `zero`, its time stamp `ahead` of it.
    pub(super) fn new(zero: Instant, origin: MediaTime, ahead: MediaTime) -> Self {
        Self {
            zero,
            origin,
            // In whole milliseconds, so that it changes nothing about how time stamps are rounded.
            ahead: MediaTime::from_millis(ahead.as_millis()),
        }
    }

    /// After an interruption: the packet with decoding time `origin` leaves now, or when the one
    /// with decoding time `last` was due, which was the last before and may have left early. So the
    /// time stamps never go back, and never run ahead of the clock, however often it happens.
    pub(super) fn resumed(self, now: Instant, origin: MediaTime, last: MediaTime) -> Self {
        let zero = now.max(self.due(last));
        let ahead = self.position(zero).max(last) + self.ahead - origin;
        Self::new(zero, origin, ahead.max(self.ahead))
    }

    /// The same clock with time stamps that begin at zero, at the packet with decoding time `first`.
    pub(super) fn stamped_from(self, first: MediaTime) -> Self {
        Self {
            ahead: MediaTime::from_millis(-first.as_millis()),
            ..self
        }
    }

    /// When a packet leaves.
    pub(super) fn due(self, dts: MediaTime) -> Instant {
        self.zero + (dts - self.origin).to_duration()
    }

    /// The decoding time of a packet that would leave now.
    pub(super) fn position(self, now: Instant) -> MediaTime {
        self.origin + MediaTime::from(now.saturating_duration_since(self.zero))
    }

    /// The time stamp of a packet.
    pub(super) fn stamp(self, dts: MediaTime) -> MediaTime {
        dts + self.ahead
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: i64) -> MediaTime {
        MediaTime::from_millis(seconds * 1000)
    }

    #[test]
    fn packets_leave_at_their_distance_from_the_first() {
        let zero = Instant::now();
        let pace = Pace::new(zero, s(4), MediaTime::ZERO);
        assert_eq!(pace.due(s(4)), zero);
        assert_eq!(pace.due(s(10)), zero + Duration::from_secs(6));
        assert_eq!(pace.due(s(3)), zero);
        assert_eq!(pace.stamp(s(10)), s(10));
        assert_eq!(pace.position(zero + Duration::from_secs(6)), s(10));
    }

    #[test]
    fn eight_hours_do_not_drift() {
        let zero = Instant::now();
        let pace = Pace::new(zero, MediaTime::ZERO, MediaTime::ZERO);
        // 30000/1001 frames a second: each frame's time is rounded, their sum is not.
        let frames = 8 * 3600 * 30_000 / 1001;
        let last = MediaTime::from_ticks(frames * 1001, 30_000);
        let after = pace.due(last) - zero;
        assert!((after.as_secs_f64() - frames as f64 * 1001.0 / 30_000.0).abs() < 1e-6);
    }

    #[test]
    fn time_stamps_can_begin_at_zero() {
        let zero = Instant::now();
        let pace = Pace::new(zero, MediaTime::ZERO, MediaTime::ZERO);
        let back = zero + Duration::from_secs(15);
        let pace = pace.resumed(back, s(8), s(10)).stamped_from(s(8));
        assert_eq!(pace.due(s(9)), back + Duration::from_secs(1));
        assert_eq!((pace.stamp(s(8)), pace.stamp(s(9))), (s(0), s(1)));
        // And anew.
        let later = back + Duration::from_secs(10);
        let pace = pace.resumed(later, s(12), s(13)).stamped_from(s(12));
        assert_eq!((pace.due(s(12)), pace.stamp(s(12))), (later, s(0)));
    }

    #[test]
    fn time_stamps_go_on_with_the_clock_after_an_interruption() {
        let zero = Instant::now();
        let pace = Pace::new(zero, MediaTime::ZERO, MediaTime::ZERO);
        // Lost at 10 s, back at 15 s, on from the key frame at 8 s.
        let back = zero + Duration::from_secs(15);
        let pace = pace.resumed(back, s(8), s(10));
        assert_eq!(pace.due(s(8)), back);
        assert_eq!(pace.stamp(s(8)), s(15));
        // And once more: lost at 20 s on the clock, back at 21 s, on from 12 s.
        let pace = pace.resumed(zero + Duration::from_secs(21), s(12), s(13));
        assert_eq!(pace.stamp(s(12)), s(21));
        assert_eq!(pace.stamp(s(13)), s(22));
        // And at once, after a packet that left early: 13.04 s on the media, 22.04 s on the clock.
        let early = s(13) + MediaTime::from(TOGETHER);
        let now = zero + Duration::from_secs(22);
        let again = pace.resumed(now, s(12), early);
        assert_eq!(again.stamp(s(12)), pace.stamp(early));
        assert_eq!(again.due(s(12)), now + TOGETHER);
    }
}
