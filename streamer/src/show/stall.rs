//! How long a destination got nothing although something was due.

use std::time::Duration;

use tokio::time::Instant;

/// A pause of at most this length is none: timers, a slow read or a full buffer now and then.
const UNNOTICED: Duration = Duration::from_secs(1);

/// The time in which media was due to one destination and none left the process for it.
///
/// Media is due from the air time, or from the beginning of an attempt that begins later, to the
/// last packet of the show or the destination's end. What it takes to send again counts, whatever
/// was in the way: no connection, an ingest that takes no data, a video that cannot be read fast
/// enough. Waiting for the next packet's time does not. A pause counts from its beginning once it
/// is longer than a second. The kernel takes about a second of media for a connection that stands
/// still, so that much of each such pause is not seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stall {
    /// Since when media is due and none was sent; in the future when the next has its time still
    /// to come. None when no more is due.
    due: Option<Instant>,
    /// The pauses that are over.
    over: Duration,
}

impl Stall {
    /// Nothing was sent, and the first packet is due at this moment.
    pub(super) fn starting(due: Instant) -> Self {
        Self {
            due: Some(due),
            over: Duration::ZERO,
        }
    }

    /// A packet was handed to the kernel.
    pub(super) fn sent(&mut self, now: Instant) {
        self.over += self.pause(now);
        self.due = Some(now);
    }

    /// The packet after the one that was just sent has its time then.
    pub(super) fn waits_until(&mut self, due: Instant) {
        self.due = Some(due);
    }

    /// All that was due was sent, or nothing is to be sent any more.
    pub(super) fn nothing_due(&mut self, now: Instant) {
        self.over += self.pause(now);
        self.due = None;
    }

    /// The connection is gone. What was sent last may have gone with it.
    pub(super) fn lost(&mut self, now: Instant) {
        self.due.get_or_insert(now);
    }

    /// All of it until now.
    pub(super) fn total(&self, now: Instant) -> Duration {
        self.over + self.pause(now)
    }

    fn pause(&self, now: Instant) -> Duration {
        self.due
            .map(|due| now.saturating_duration_since(due))
            .filter(|pause| *pause > UNNOTICED)
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// What happens, in milliseconds from the beginning.
    enum Step {
        Sent(u64),
        WaitsUntil(u64),
        NothingDue(u64),
        Lost(u64),
    }
    use Step::{Lost, NothingDue, Sent, WaitsUntil};

    /// Media is due from the beginning on; how long had it stalled at the end?
    #[track_caller]
    fn check(steps: &[Step], end: u64, expected: u64) {
        let start = Instant::now();
        let mut stall = Stall::starting(start);
        for step in steps {
            match *step {
                Sent(at) => stall.sent(start + ms(at)),
                WaitsUntil(due) => stall.waits_until(start + ms(due)),
                NothingDue(at) => stall.nothing_due(start + ms(at)),
                Lost(at) => stall.lost(start + ms(at)),
            }
        }
        assert_eq!(stall.total(start + ms(end)), ms(expected));
    }

    #[test]
    fn only_pauses_of_more_than_a_second_count_and_then_whole() {
        check(&[], 900, 0);
        check(&[], 1_500, 1_500);
        check(&[Sent(1_000), Sent(2_000), Sent(3_000)], 3_100, 0);
        check(&[Sent(0), Sent(5_000), Sent(5_020)], 5_100, 5_000);
        check(&[Sent(0), Sent(5_000), Sent(9_000)], 12_000, 12_000);
    }

    #[test]
    fn what_has_its_time_to_come_is_not_due() {
        check(&[Sent(0), WaitsUntil(4_000)], 3_000, 0);
        check(&[Sent(0), WaitsUntil(4_000), Sent(4_010)], 4_020, 0);
        check(&[Sent(0), WaitsUntil(4_000)], 6_000, 2_000);
        check(&[Sent(0), WaitsUntil(4_000), Lost(2_000)], 6_000, 2_000);
    }

    #[test]
    fn after_the_last_packet_nothing_is_due_unless_it_was_lost() {
        check(&[Sent(0), NothingDue(100)], 9_000, 0);
        check(&[Sent(0), NothingDue(100), Lost(3_000)], 9_000, 6_000);
        check(
            &[Sent(0), NothingDue(100), Lost(3_000), Sent(5_000)],
            5_500,
            2_000,
        );
    }
}
