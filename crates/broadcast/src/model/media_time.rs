//! Positions on the media's own time line.

use std::{
    fmt,
    ops::{Add, Sub},
    time::Duration,
};

use serde::{Deserialize, Serialize};

/// A position in the media, in microseconds from the start of the presentation.
///
/// It is signed, because the arithmetic of composition offsets and edit lists passes below zero.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct MediaTime(pub i64);

impl MediaTime {
    /// The start of the presentation.
    pub const ZERO: Self = Self(0);

    /// A position from milliseconds.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// A position of `ticks` in a time scale of `scale` ticks per second, rounded to the nearest
    /// microsecond. A scale of zero is read as one.
    pub fn from_ticks(ticks: i64, scale: u32) -> Self {
        let scale = i128::from(scale.max(1));
        let micros = (i128::from(ticks) * 1_000_000 + scale / 2).div_euclid(scale);
        Self(i64::try_from(micros).unwrap_or(if ticks < 0 { i64::MIN } else { i64::MAX }))
    }

    /// Microseconds.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Milliseconds, rounded to the nearest.
    pub const fn as_millis(self) -> i64 {
        self.0.saturating_add(500).div_euclid(1_000)
    }

    /// Seconds.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The distance from the start; zero for what lies before it.
    pub fn to_duration(self) -> Duration {
        Duration::from_micros(u64::try_from(self.0).unwrap_or(0))
    }
}

impl From<Duration> for MediaTime {
    fn from(duration: Duration) -> Self {
        Self(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX))
    }
}

impl Add for MediaTime {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for MediaTime {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// `h:mm:ss.mmm`.
impl fmt::Display for MediaTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.as_millis();
        let sign = if millis < 0 { "-" } else { "" };
        let millis = millis.unsigned_abs();
        let (seconds, millis) = (millis / 1_000, millis % 1_000);
        let (minutes, seconds) = (seconds / 60, seconds % 60);
        let (hours, minutes) = (minutes / 60, minutes % 60);
        write!(f, "{sign}{hours}:{minutes:02}:{seconds:02}.{millis:03}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_round_to_the_nearest_microsecond() {
        assert_eq!(MediaTime::from_ticks(1, 3), MediaTime(333_333));
        assert_eq!(MediaTime::from_ticks(2, 3), MediaTime(666_667));
        assert_eq!(MediaTime::from_ticks(-1, 3), MediaTime(-333_333));
        assert_eq!(MediaTime::from_ticks(7, 0), MediaTime(7_000_000));
    }

    #[test]
    fn shows_hours_minutes_seconds() {
        assert_eq!(MediaTime::from_millis(3_723_004).to_string(), "1:02:03.004");
        assert_eq!(MediaTime::from_millis(-1_500).to_string(), "-0:00:01.500");
    }
}
