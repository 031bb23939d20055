//! What a show says of itself while it runs.

use std::time::Duration;

use broadcast::{DestinationProgress, MediaTime, Phase};

/// Where a show stands, whole: each update replaces the one before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Update {
    /// What the streamer does.
    pub phase: Phase,
    /// The length of the show.
    pub duration: MediaTime,
    /// One entry for each destination, in the order of the show.
    pub destinations: Vec<DestinationProgress>,
    /// For how long, in the sum over the destinations, media was due and none was sent.
    ///
    /// Media is due from the air time, or from the beginning of an attempt that begins later, to
    /// the last packet of the show or the end of the destination. A pause counts from its beginning
    /// once it is longer than a second, whatever is in the way: no connection, an ingest that takes
    /// no data, a video that cannot be read fast enough. What lies in the kernel's buffer, about a
    /// second of media, counts as sent.
    pub stalled: Duration,
}

/// How a show went: its last update.
pub type Summary = Update;

impl Update {
    /// Works out the phase from the destinations, `ended` of which will do nothing more.
    pub(super) fn new(
        duration: MediaTime,
        destinations: Vec<DestinationProgress>,
        stalled: Duration,
        ended: usize,
    ) -> Self {
        let began = |destination: &DestinationProgress| destination.on_air_at.is_some();
        let phase = if ended == destinations.len() {
            Phase::Finished
        } else if !destinations.iter().any(began) {
            Phase::Standby
        } else if destinations.iter().any(|one| began(one) && one.connected) {
            Phase::OnAir
        } else {
            Phase::Interrupted
        };
        Self {
            phase,
            duration,
            destinations,
            stalled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each destination as (has been on air, is connected).
    #[track_caller]
    fn check(destinations: &[(bool, bool)], ended: usize, expected: Phase) {
        let destinations = destinations
            .iter()
            .map(|(began, connected)| DestinationProgress {
                connected: *connected,
                on_air_at: began.then(chrono::Utc::now),
                ..DestinationProgress::default()
            })
            .collect();
        let update = Update::new(MediaTime::ZERO, destinations, Duration::ZERO, ended);
        assert_eq!(update.phase, expected);
    }

    #[test]
    fn the_phase_follows_from_the_destinations() {
        check(&[(false, false), (false, true)], 0, Phase::Standby);
        check(&[(true, true), (false, false)], 0, Phase::OnAir);
        check(&[(true, false), (false, true)], 0, Phase::Interrupted);
        check(&[(true, false), (true, true)], 1, Phase::OnAir);
        check(&[(true, false), (true, false)], 2, Phase::Finished);
    }
}
