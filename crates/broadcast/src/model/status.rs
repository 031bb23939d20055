//! The states of a broadcast and the ways between them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Where a broadcast stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Waiting for its time.
    Scheduled,
    /// An attempt was opened; the streamer is on its way.
    Starting,
    /// The streamer has the video open and waits for the air time.
    Standby,
    /// Media flows to at least one destination.
    OnAir,
    /// Was on air, and no destination takes media just now.
    Interrupted,
    /// The show was sent to its end.
    Aired,
    /// Given up. Can be retried.
    Failed,
    /// Called off by its owner by the API, before or on air.
    Cancelled,
    /// Its time passed while nothing could start it. Can be retried.
    Missed,
}

/// The error with which an execution is stopped whose broadcast its owner calls off.
pub const CANCELLED_BY_OWNER: &str = "Cancelled";

/// A way between two states that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a broadcast that is {from} cannot become {to}")]
pub struct IllegalTransition {
    /// Where the broadcast stands.
    pub from: Status,
    /// Where it was to go.
    pub to: Status,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 9] = [
        Self::Scheduled,
        Self::Starting,
        Self::Standby,
        Self::OnAir,
        Self::Interrupted,
        Self::Aired,
        Self::Failed,
        Self::Cancelled,
        Self::Missed,
    ];

    /// Goes to another state, or says why not.
    pub fn to(self, to: Self) -> Result<Self, IllegalTransition> {
        if to.may_follow(self) {
            Ok(to)
        } else {
            Err(IllegalTransition { from: self, to })
        }
    }

    /// The states from which one can come here; a conditional write names them.
    pub fn predecessors(self) -> impl Iterator<Item = Self> {
        Self::ALL
            .into_iter()
            .filter(move |from| self.may_follow(*from))
    }

    /// Whether nothing more happens without its owner.
    pub const fn is_settled(self) -> bool {
        matches!(
            self,
            Self::Aired | Self::Failed | Self::Cancelled | Self::Missed
        )
    }

    /// Whether its owner can ask for another try.
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::Failed | Self::Missed)
    }

    /// The name as stored and shown to programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Starting => "starting",
            Self::Standby => "standby",
            Self::OnAir => "on_air",
            Self::Interrupted => "interrupted",
            Self::Aired => "aired",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Missed => "missed",
        }
    }

    const fn may_follow(self, from: Self) -> bool {
        use Status::{
            Aired, Cancelled, Failed, Interrupted, Missed, OnAir, Scheduled, Standby, Starting,
        };
        match self {
            Scheduled => false,
            // A new attempt may open whenever the show is not over.
            Starting => !matches!(from, Aired | Cancelled),
            Standby => matches!(from, Starting),
            OnAir => matches!(from, Starting | Standby | Interrupted),
            Interrupted => matches!(from, Starting | Standby | OnAir),
            Aired => matches!(from, Starting | Standby | OnAir | Interrupted),
            Failed => !from.is_settled(),
            Cancelled => !from.is_settled(),
            Missed => matches!(from, Scheduled),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OnAir => "on air",
            other => other.name(),
        })
    }
}

impl FromStr for Status {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|status| status.name() == name)
            .ok_or_else(|| format!("{name:?} is no status of a broadcast"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Status::*, *};

    #[track_caller]
    fn check(to: Status, from: &[Status]) {
        assert_eq!(to.predecessors().collect::<Vec<_>>(), from);
    }

    #[test]
    fn the_ways() {
        let open = [Scheduled, Starting, Standby, OnAir, Interrupted];
        check(Scheduled, &[]);
        check(
            Starting,
            &[
                Scheduled,
                Starting,
                Standby,
                OnAir,
                Interrupted,
                Failed,
                Missed,
            ],
        );
        check(Standby, &[Starting]);
        check(OnAir, &[Starting, Standby, Interrupted]);
        check(Interrupted, &[Starting, Standby, OnAir]);
        check(Aired, &[Starting, Standby, OnAir, Interrupted]);
        check(Failed, &open);
        check(Cancelled, &open);
        check(Missed, &[Scheduled]);
    }

    #[test]
    fn the_impossible_is_refused_in_words() {
        let refused = Aired.to(OnAir).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "a broadcast that is aired cannot become on air"
        );
    }
}
