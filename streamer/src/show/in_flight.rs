//! What was sent and may not have arrived.

use std::{collections::VecDeque, time::Duration};

use broadcast::MediaTime;
use tokio::time::Instant;

/// The most entries that are kept. When one is dropped, a later one tells in its place.
const MAX_ENTRIES: usize = 4096;
/// After this time without an acknowledgement an ingest that used to send them counts as dead,
/// however much the network in between still takes.
const DEAD_AFTER: Duration = Duration::from_secs(12);

/// The packets of one connection that the ingest may not have yet.
///
/// An ingest that acknowledges tells what it has. Of one that does not, all that was handed to our
/// kernel is known to have left it that does not fit its send buffer any more.
#[derive(Debug)]
pub(super) struct InFlight {
    entries: VecDeque<Entry>,
    send_buffer: u64,
    acknowledged: Option<u64>,
    /// The largest step between two acknowledgements, in bytes.
    stride: u64,
    arrived: Option<MediaTime>,
    arrived_key_frame: Option<MediaTime>,
}

#[derive(Debug)]
struct Entry {
    /// Count of bytes with which the packet was whole.
    end: u64,
    dts: MediaTime,
    key_frame: bool,
    queued: Instant,
}

impl InFlight {
    /// For a connection whose kernel holds at most `send_buffer` bytes.
    pub(super) fn new(send_buffer: u64) -> Self {
        Self {
            entries: VecDeque::new(),
            send_buffer,
            acknowledged: None,
            stride: 0,
            arrived: None,
            arrived_key_frame: None,
        }
    }

    /// Enters a packet: with it, `end` bytes are queued, of which the kernel may have none yet.
    /// `key_frame` says whether the show could go on from it, which is so for pictures only.
    pub(super) fn queued(&mut self, end: u64, dts: MediaTime, key_frame: bool, now: Instant) {
        if self.entries.len() == MAX_ENTRIES {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry {
            end,
            dts,
            key_frame,
            queued: now,
        });
    }

    /// The kernel has taken `end` bytes.
    pub(super) fn handed_over(&mut self, end: u64) {
        if self.acknowledged.is_none() {
            self.arrive(end.saturating_sub(self.send_buffer));
        }
    }

    /// The ingest says that it has this many bytes.
    pub(super) fn acknowledge(&mut self, bytes: u64) {
        let before = self.acknowledged.unwrap_or(0);
        self.stride = self.stride.max(bytes.saturating_sub(before));
        self.acknowledged = Some(bytes);
        self.arrive(bytes);
    }

    /// Whether the ingest has all of it for sure.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The last packet that the ingest has for sure.
    pub(super) fn arrived(&self) -> Option<MediaTime> {
        self.arrived
    }

    /// The last key frame that the ingest has for sure.
    pub(super) fn arrived_key_frame(&self) -> Option<MediaTime> {
        self.arrived_key_frame
    }

    /// How long an ingest that used to acknowledge has been silent, when that is too long.
    pub(super) fn silence(&self, now: Instant) -> Option<Duration> {
        let silence = now.saturating_duration_since(self.entries.front()?.queued);
        (silence > DEAD_AFTER && self.has_open_end()).then_some(silence)
    }

    /// Whether an ingest that used to acknowledge has left more open than it used to.
    pub(super) fn has_open_end(&self) -> bool {
        match (self.acknowledged, self.entries.back()) {
            (Some(acknowledged), Some(last)) => {
                last.end.saturating_sub(acknowledged) > 4 * self.stride
            }
            _ => false,
        }
    }

    fn arrive(&mut self, bytes: u64) {
        while let Some(entry) = self.entries.pop_front_if(|entry| entry.end <= bytes) {
            self.arrived = Some(entry.dts);
            if entry.key_frame {
                self.arrived_key_frame = Some(entry.dts);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: i64) -> MediaTime {
        MediaTime::from_millis(millis)
    }

    /// Packets of 100 bytes, 40 ms each, every tenth a key frame.
    fn sent(packets: u64, send_buffer: u64) -> InFlight {
        let mut in_flight = InFlight::new(send_buffer);
        let start = Instant::now();
        for i in 0..packets {
            let dts = ms(i as i64 * 40);
            let now = start + Duration::from_millis(i * 40);
            in_flight.queued((i + 1) * 100, dts, i % 10 == 0, now);
            in_flight.handed_over((i + 1) * 100);
        }
        in_flight
    }

    #[test]
    fn acknowledgements_tell_what_arrived() {
        let mut in_flight = sent(25, 1_000_000);
        assert_eq!(in_flight.arrived(), None);
        in_flight.acknowledge(1_099);
        assert_eq!(in_flight.arrived(), Some(ms(360)));
        assert_eq!(in_flight.arrived_key_frame(), Some(ms(0)));
        in_flight.acknowledge(1_100);
        assert_eq!(in_flight.arrived_key_frame(), Some(ms(400)));
    }

    #[test]
    fn without_acknowledgements_the_buffer_is_the_doubt() {
        let in_flight = sent(25, 1_000);
        assert_eq!(in_flight.arrived(), Some(ms(14 * 40)));
        assert_eq!(in_flight.arrived_key_frame(), Some(ms(400)));
    }

    #[test]
    fn what_waits_in_our_own_queue_has_not_arrived() {
        let mut in_flight = sent(25, 1_000);
        let arrived = in_flight.arrived();
        for i in 25..50 {
            in_flight.queued((i + 1) * 100, ms(i as i64 * 40), true, Instant::now());
        }
        assert_eq!(in_flight.arrived(), arrived);
        in_flight.handed_over(3_000);
        assert_eq!(in_flight.arrived(), Some(ms(19 * 40)));
        in_flight.handed_over(5_000);
        assert_eq!(in_flight.arrived_key_frame(), Some(ms(39 * 40)));
    }

    #[test]
    fn acknowledgements_count_more_than_the_buffer() {
        let mut in_flight = sent(5, 1_000);
        in_flight.acknowledge(100);
        for i in 5..25 {
            in_flight.queued((i + 1) * 100, ms(i as i64 * 40), false, Instant::now());
            in_flight.handed_over((i + 1) * 100);
        }
        assert_eq!(in_flight.arrived(), Some(ms(0)));
    }

    #[test]
    fn an_ingest_that_stops_to_acknowledge_is_dead_after_a_while() {
        let mut in_flight = sent(300, 1_000_000);
        let later = Instant::now() + Duration::from_secs(60);
        assert_eq!(in_flight.silence(later), None, "it never acknowledged");
        in_flight.acknowledge(1_000);
        assert!(in_flight.silence(later) > Some(DEAD_AFTER));
        assert_eq!(in_flight.silence(Instant::now()), None);
        in_flight.acknowledge(29_000);
        assert_eq!(in_flight.silence(later), None, "little is open");
    }

    #[test]
    fn memory_is_bounded() {
        let mut in_flight = sent(2 * MAX_ENTRIES as u64, u64::MAX);
        assert_eq!(in_flight.entries.len(), MAX_ENTRIES);
        in_flight.acknowledge(u64::MAX);
        assert_eq!(
            in_flight.arrived(),
            Some(ms((2 * MAX_ENTRIES as i64 - 1) * 40))
        );
    }
}
