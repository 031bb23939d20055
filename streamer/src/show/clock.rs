//! Where the clock of a show stands for a destination, and what it is to be sent by it.

use std::time::Duration;

use broadcast::{MediaTime, OnDrop, Timestamps};
use tokio::time::Instant;

use super::{destination::Destination, feed::Feed, gate, pace::Pace};

/// How late a destination may be under `skip` and still begin at the beginning.
const LATE: Duration = Duration::from_secs(1);

impl Destination {
    /// The packets that the next connection is to send.
    pub(super) fn feed(&self) -> Feed {
        let programme = &self.show.programme;
        match (self.show.on_drop, self.pace) {
            (OnDrop::Skip, Some(pace)) => {
                let sent = self.last_sent.unwrap_or(MediaTime::ZERO);
                let now = pace.position(Instant::now());
                Feed::skipping_to(programme, now.max(sent + MediaTime(1)))
            }
            (_, None) if let Some(clock) = self.clock() => Feed::skipping_to(programme, clock),
            _ => Feed::starting_at(programme, self.resume),
        }
    }

    /// There was nothing left to skip to. What an earlier attempt left of the show goes out all the
    /// same, from its checkpoint: who tries again after the end wants to see the rest. Whether it
    /// is so; then there is another feed.
    pub(super) fn goes_back_to_checkpoint(&mut self) -> bool {
        let goes_back = self.goes_on() && self.last_sent.is_none();
        if goes_back {
            self.from_checkpoint = true;
            self.pace = None;
        }
        goes_back
    }

    /// Whether any of the show has left for this destination, in this attempt or one before.
    pub(super) fn has_been_on_air(&self) -> bool {
        self.reporter.progress().on_air_at.is_some() || self.goes_on()
    }

    /// Whether an earlier attempt was on air.
    fn goes_on(&self) -> bool {
        self.target.on_air_at.is_some() || self.resume > MediaTime::ZERO
    }

    /// Where the show is on without us, before this attempt has a clock of its own. None when there
    /// is nothing to skip: when all of it merely starts late, or the checkpoint is no further back.
    fn clock(&self) -> Option<MediaTime> {
        if self.show.on_drop != OnDrop::Skip || self.from_checkpoint {
            return None;
        }
        if self.goes_on() {
            // If the earlier attempt began late, its clock did so, too. Where it made up for that
            // there is no telling, and too little is skipped rather than too much.
            let since = self.target.on_air_at.unwrap_or(self.show.air_time);
            let clock = MediaTime::from(gate::past(since));
            return (clock > self.resume).then_some(clock);
        }
        let late = gate::past(self.show.air_time);
        (self.began <= self.show.air_time && late > LATE).then(|| late.into())
    }

    /// The clock of this connection, whose first packet has this decoding time.
    pub(super) fn start_pace(&mut self, first: MediaTime, held: bool) -> Pace {
        let now = Instant::now();
        let air = gate::instant(self.show.air_time);
        let skips = self.show.on_drop == OnDrop::Skip;
        let pace = match self.pace {
            Some(pace) if skips => pace,
            Some(pace) => pace.resumed(now, first, self.last_queued),
            None if held => Pace::new(air, first, MediaTime::ZERO),
            None if let Some(clock) = self.clock() => Pace::new(now, clock, MediaTime::ZERO),
            None if self.goes_on() => {
                // Another attempt was on air: its time stamps went on with the clock, too. What it
                // sent early is less than it takes to start another.
                let clock = MediaTime::from(gate::past(self.show.air_time));
                Pace::new(now, first, (clock - first).max(MediaTime::ZERO))
            }
            None => Pace::new(now, first, MediaTime::ZERO),
        };
        let is_first = self.pace.is_none() && !self.has_been_on_air();
        let pace = match self.target.timestamps {
            Timestamps::RestartAtZero if !is_first => pace.stamped_from(first),
            _ => pace,
        };
        self.pace = Some(pace);
        // What was queued before was so by another clock.
        self.last_queued = first;
        pace
    }
}
