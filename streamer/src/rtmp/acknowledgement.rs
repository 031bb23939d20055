//! Counting bytes, both ways (RTMP 1.0, sections 5.4.3 and 5.4.4).

/// Our window until the server names another; what ffmpeg and librtmp assume.
const DEFAULT_WINDOW: u32 = 2_500_000;

/// What we received and have told the server of.
pub(crate) struct Received {
    total: u32,
    told: u32,
    window: u32,
}

impl Received {
    pub(crate) fn new() -> Self {
        Self {
            total: 0,
            told: 0,
            window: DEFAULT_WINDOW,
        }
    }

    pub(crate) fn set_window(&mut self, window: u32) {
        self.window = window;
    }

    pub(crate) fn add(&mut self, bytes: usize) {
        // The sequence number wraps by design.
        self.total = self.total.wrapping_add(bytes as u32);
    }

    /// The sequence number to acknowledge, when it is time; it is then taken for told.
    pub(crate) fn due(&mut self) -> Option<u32> {
        let due = self.total.wrapping_sub(self.told) >= (self.window / 2).max(1);
        due.then(|| {
            self.told = self.total;
            self.total
        })
    }
}

/// What the server allows us to have on the way (RTMP 1.0, section 5.4.5).
///
/// We answer with a window that is no larger, so that it can acknowledge in time, and leave the
/// rest to TCP: our window is a tenth of a second, and servers allow 2.5 MB and more.
#[derive(Default)]
pub(crate) struct Bandwidth {
    limit: Option<u32>,
    is_hard: bool,
}

impl Bandwidth {
    /// Takes the server's word.
    pub(crate) fn set(&mut self, bandwidth: u32, limit_type: u8) {
        const HARD: u8 = 0;
        const DYNAMIC: u8 = 2;
        match (limit_type, self.limit) {
            (HARD, _) => {
                self.limit = Some(bandwidth);
                self.is_hard = true;
            }
            // Hard if the one before was, otherwise of no account. As a first word it is what all
            // servers say, and some wait for the answer.
            (DYNAMIC, Some(_)) if !self.is_hard => {}
            (DYNAMIC, _) => self.limit = Some(bandwidth),
            // Soft: the smaller of both.
            (_, limit) => {
                self.limit = Some(limit.map_or(bandwidth, |limit| limit.min(bandwidth)));
                self.is_hard = false;
            }
        }
    }

    /// The window to ask for where `wanted` would be best for us, in bytes.
    pub(crate) fn window(&self, wanted: u32) -> u32 {
        let limit = self.limit.unwrap_or(u32::MAX);
        wanted.min(limit).max(SMALLEST_WINDOW)
    }
}

/// A server that allows less is asked for an acknowledgement each time it has this many bytes all
/// the same: each costs 16, and a message is seldom smaller.
const SMALLEST_WINDOW: u32 = 512;

/// What the server says that it received of us, as a count that does not wrap.
///
/// Servers disagree on whether the handshake counts. We count it in what we sent, so for a server
/// that does not, this is 3 kB less than the truth: the safe side.
pub(crate) struct Confirmed {
    /// Where the server's count stands for byte zero of ours.
    base: u64,
    last: u64,
    /// Of all sequence numbers.
    sum: u64,
    counts_anew: bool,
    total: u64,
}

impl Confirmed {
    pub(crate) fn new() -> Self {
        Self {
            base: 0,
            last: 0,
            sum: 0,
            counts_anew: false,
            total: 0,
        }
    }

    /// Takes a sequence number, given that `sent` bytes were sent; returns the count of bytes that
    /// the server has at least, if that is more than was known.
    pub(crate) fn update(&mut self, sequence: u32, sent: u64) -> Option<u64> {
        let sequence = u64::from(sequence);
        self.sum = self.sum.saturating_add(sequence);
        if sequence < self.last {
            self.step_back(sequence, sent);
        }
        self.last = sequence;
        let count = if self.counts_anew {
            self.sum
        } else {
            self.base + sequence
        };
        let is_news = self.total < count && count <= sent;
        is_news.then(|| {
            self.total = count;
            count
        })
    }

    /// A sequence number below the one before has one of three reasons.
    fn step_back(&mut self, sequence: u64, sent: u64) {
        const TURN: u64 = 1 << 32;
        if self.counts_anew || self.sum <= sent {
            // The server counts from one acknowledgement to the next, against the specification
            // (rml_rtmp does).
            self.counts_anew = true;
        } else if self.base + TURN + sequence <= sent {
            // The 32 bits have wrapped.
            self.base += TURN;
        } else if self.total + sequence <= sent {
            // The server began anew (nginx-rtmp does at 0xf0000000), after its last word.
            self.base = self.total;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_received(received: &mut Received, bytes: usize, expected: Option<u32>) {
        received.add(bytes);
        assert_eq!(received.due(), expected);
    }

    #[test]
    fn half_a_window_is_acknowledged() {
        let mut received = Received::new();
        received.set_window(1000);
        check_received(&mut received, 499, None);
        check_received(&mut received, 1, Some(500));
        check_received(&mut received, 499, None);
        check_received(&mut received, 600, Some(1599));
    }

    #[test]
    fn a_window_that_shrinks_on_the_way_is_kept() {
        let mut received = Received::new();
        check_received(&mut received, 1_000_000, None);
        received.set_window(100_000);
        check_received(&mut received, 1, Some(1_000_001));
        received.set_window(u32::MAX);
        check_received(&mut received, 1 << 30, None);
    }

    #[test]
    fn a_window_of_zero_does_no_harm() {
        let mut received = Received::new();
        received.set_window(0);
        check_received(&mut received, 1, Some(1));
    }

    #[test]
    fn our_sequence_number_wraps() {
        let mut received = Received::new();
        received.set_window(200);
        check_received(&mut received, (1 << 32) - 10, Some(u32::MAX - 9));
        check_received(&mut received, 99, None);
        check_received(&mut received, 1, Some(90));
    }

    /// The window that is asked for after these words, each a bandwidth and a limit type.
    #[track_caller]
    fn check_window(words: &[(u32, u8)], expected: u32) {
        let mut bandwidth = Bandwidth::default();
        for (value, limit_type) in words {
            bandwidth.set(*value, *limit_type);
        }
        assert_eq!(bandwidth.window(30_000), expected);
    }

    #[test]
    fn limit_types_mean_what_the_specification_says() {
        let (hard, soft, dynamic) = (0, 1, 2);
        check_window(&[], 30_000);
        check_window(&[(5_000_000, dynamic)], 30_000);
        check_window(&[(4_096, dynamic)], 4_096);
        check_window(&[(4_096, hard), (8_192, hard)], 8_192);
        check_window(&[(4_096, hard), (8_192, dynamic)], 8_192);
        check_window(&[(4_096, hard), (8_192, soft)], 4_096);
        check_window(&[(4_096, hard), (2_048, soft)], 2_048);
        check_window(&[(4_096, soft), (8_192, dynamic)], 4_096);
        check_window(&[(4_096, soft), (1_024, dynamic)], 4_096);
        check_window(&[(1, hard)], SMALLEST_WINDOW);
        check_window(&[(0, 77)], SMALLEST_WINDOW);
    }

    #[track_caller]
    fn check(acknowledgements: &[(u32, u64, u64)]) {
        let mut confirmed = Confirmed::new();
        for (sequence, sent, expected) in acknowledgements {
            confirmed.update(*sequence, *sent);
            assert_eq!(confirmed.total, *expected);
        }
    }

    #[test]
    fn the_count_goes_on_where_the_sequence_wraps() {
        const TURN: u64 = 1 << 32;
        check(&[
            (1_000, 2_000, 1_000),
            (u32::MAX, TURN, TURN - 1),
            (500, TURN + 600, TURN + 500),
            (700, TURN + 800, TURN + 700),
        ]);
    }

    #[test]
    fn a_server_that_begins_anew_is_followed_on_the_safe_side() {
        let reset: u64 = 0xf000_0000;
        check(&[
            (0x8000_0000, reset, 0x8000_0000),
            (0xefff_0000, reset, 0xefff_0000),
            (0x1_0000, reset + 0x2_0000, reset),
            (0x8_0000, reset + 0x9_0000, reset + 0x7_0000),
        ]);
    }

    #[test]
    fn a_server_that_counts_from_one_to_the_next_is_understood() {
        check(&[
            (1_000, 1_500, 1_000),
            (1_400, 3_000, 1_400),
            (1_100, 4_000, 3_500),
            (1_300, 5_000, 4_800),
            (1_300, 6_500, 6_100),
        ]);
    }

    #[test]
    fn more_than_was_sent_is_not_believed() {
        check(&[(5_000, 1_000, 0), (900, 1_000, 900)]);
    }
}
