//! Times as the one at the keyboard sees them.

use broadcast::when;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::error::CliError;

/// The zone that was named, or this machine's.
pub(crate) fn zone(named: Option<&str>) -> Result<Tz, CliError> {
    match named {
        Some(name) => name.parse().map_err(|_| {
            CliError::usage(format!(
                "{} is no time zone; it looks like Europe/London (see \
                 https://en.wikipedia.org/wiki/List_of_tz_database_time_zones)",
                api::echo(name)
            ))
        }),
        None => Ok(of_this_machine()),
    }
}

/// `TZ` where it names a zone, as for every other program, then the machine's setting, then UTC.
fn of_this_machine() -> Tz {
    let by_variable = std::env::var("TZ").ok();
    let by_setting = || iana_time_zone::get_timezone().ok();
    by_variable
        .and_then(|name| name.trim_start_matches(':').parse().ok())
        .or_else(|| by_setting()?.parse().ok())
        .unwrap_or(Tz::UTC)
}

/// `Tue 2026-12-01 19:30:00 Europe/London`; the offset stands for the zone where it has no name.
pub(crate) fn with_zone(at: DateTime<Utc>, zone: Tz) -> String {
    format!("{} {}", plain(at, zone), zone.name())
}

/// `Tue 2026-12-01 19:30:00`, for where the zone is said beside it.
pub(crate) fn plain(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone)
        .format("%a %Y-%m-%d %H:%M:%S")
        .to_string()
}

/// `19:30:00.250`, for what happens while one looks on.
pub(crate) fn clock(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%H:%M:%S%.3f").to_string()
}

/// A span in words, as in `in 3 min 20 s`.
pub(crate) fn from_now(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    // A clock that shows "in 2 min 59 s" for three minutes is right and looks wrong.
    let span = (at - now).max(TimeDelta::zero()) + TimeDelta::milliseconds(500);
    match span.num_seconds() {
        0 => "now".to_owned(),
        _ => format!("in {}", when::span_in_words(span)),
    }
}
