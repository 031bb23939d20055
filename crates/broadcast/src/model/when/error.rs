//! Why a time is refused, in words that lead to one that is not.

use chrono::{DateTime, TimeDelta};
use chrono_tz::Tz;

use super::span_in_words;

/// A time that could be meant instead.
pub type Choice = DateTime<Tz>;

/// Why a text is not the time of a broadcast.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WhenError {
    /// Not a time in any form that is read.
    #[error(
        "{0:?} is not a time; write it like 2026-12-01 19:30, today 19:30, sunday 19:30, 19:30, \
         +1h30m, now, or with its offset like 2026-12-01T19:30:00+01:00"
    )]
    Unreadable(String),
    /// A date or time of day that no calendar or clock shows.
    #[error("{0:?} is not a time: there is no such date or time of day")]
    NoSuchTime(String),
    /// The clocks jump over it.
    #[error(
        "{wanted} does not exist in {zone}: the clocks go forward over it; \
         the nearest times are {} and {}",
        shown(before),
        shown(after)
    )]
    Gap {
        /// As written, without the zone.
        wanted: String,
        /// The zone.
        zone: Tz,
        /// The last time before the jump, to the precision it was written in.
        before: Choice,
        /// The first time after it.
        after: Choice,
    },
    /// The clocks show it twice and nobody said which.
    #[error(
        "{wanted} comes twice in {zone}: the clocks go back; \
         say earlier ({}) or later ({})",
        shown(earlier),
        shown(later)
    )]
    Repeated {
        /// As written, without the zone.
        wanted: String,
        /// The zone.
        zone: Tz,
        /// The first of the two.
        earlier: Choice,
        /// The second of the two.
        later: Choice,
    },
    /// Over already.
    #[error("{} is past: it was {} ago", shown(at), span_in_words(*ago))]
    Past {
        /// The time.
        at: Choice,
        /// How long ago that was.
        ago: TimeDelta,
    },
    /// Further away than dates go.
    #[error("{0:?} is too far away")]
    TooFar(String),
}

/// A time with what tells it from its twin: its offset and the zone's abbreviation.
fn shown(at: &Choice) -> String {
    let format = if at.format("%S").to_string() == "00" {
        "%Y-%m-%d %H:%M %:z"
    } else {
        "%Y-%m-%d %H:%M:%S %:z"
    };
    at.format(format).to_string()
}
