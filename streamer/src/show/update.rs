//! What a show says of itself while it runs.

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
}

/// How a show went: its last update.
pub type Summary = Update;

impl Update {
    /// Works out the phase from the destinations, `ended` of which will do nothing more.
    pub(super) fn new(
        duration: MediaTime,
        destinations: Vec<DestinationProgress>,
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
        let update = Update::new(MediaTime::ZERO, destinations, ended);
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
