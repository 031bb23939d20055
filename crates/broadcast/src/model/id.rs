//! The name of a broadcast.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// `<yyyymmdd>-<hhmm>-<4 base32>` of the air time in UTC: ids sort by air time, are short enough
/// to type and legal as the name of an execution and of a schedule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BroadcastId(String);

/// A text that is no id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the id of a broadcast; it looks like 20261201-1930-k3fz")]
pub struct InvalidId(pub String);

/// Base 32 as in RFC 4648, lower case.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

impl BroadcastId {
    /// An id for an air time; the lower 20 bits of `random` tell it from others of that minute.
    pub fn new(air_time: DateTime<Utc>, random: u32) -> Self {
        let tail: String = (0..4)
            .map(|i| char::from(ALPHABET[(random >> (5 * i)) as usize & 31]))
            .collect();
        Self(format!("{}-{tail}", air_time.format("%Y%m%d-%H%M")))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BroadcastId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for BroadcastId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let bytes = text.as_bytes();
        let digits = |range: std::ops::Range<usize>| bytes[range].iter().all(u8::is_ascii_digit);
        let ok = bytes.len() == 18
            && digits(0..8)
            && bytes[8] == b'-'
            && digits(9..13)
            && bytes[13] == b'-'
            && bytes[14..].iter().all(|byte| ALPHABET.contains(byte));
        if ok {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidId(text.to_owned()))
        }
    }
}

impl TryFrom<String> for BroadcastId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<BroadcastId> for String {
    fn from(id: BroadcastId) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_of_the_air_time_and_read_again() {
        let air_time = "2026-12-01T19:30:00Z".parse().unwrap();
        let id = BroadcastId::new(air_time, 0b11111_00010_00001_00000);
        assert_eq!(id.as_str(), "20261201-1930-abc7");
        assert_eq!(id.as_str().parse(), Ok(id));
    }

    #[test]
    fn what_is_no_id() {
        for text in [
            "",
            "20261201-1930",
            "20261201-1930-ABCD",
            "2026120é-193-abcd",
        ] {
            assert!(text.parse::<BroadcastId>().is_err(), "{text}");
        }
    }
}
