//! A local time as an instant: the one place that knows gaps and repeated hours.

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::{Ambiguity, WhenError};

/// The instant at which the clocks of `zone` show `local`.
pub(super) fn resolve(
    local: NaiveDateTime,
    zone: Tz,
    now: DateTime<Utc>,
    ambiguity: Option<Ambiguity>,
) -> Result<DateTime<Utc>, WhenError> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) => Ok(at.to_utc()),
        LocalResult::Ambiguous(earlier, later) => match ambiguity {
            Some(Ambiguity::Earlier) => Ok(earlier.to_utc()),
            Some(Ambiguity::Later) => Ok(later.to_utc()),
            // Of the two only this one can be meant.
            None if earlier.to_utc() < now => Ok(later.to_utc()),
            None => Err(WhenError::Repeated {
                wanted: written(local),
                zone,
                earlier,
                later,
            }),
        },
        LocalResult::None => Err(gap(local, zone)),
    }
}

/// The longest jump that any zone ever made is a day (the Pacific changing sides of the date
/// line); the search looks a little further.
const FURTHEST: TimeDelta = TimeDelta::hours(26);

fn gap(local: NaiveDateTime, zone: Tz) -> WhenError {
    match (edge(local, zone, -1), edge(local, zone, 1)) {
        (Some(last), Some(after)) => WhenError::Gap {
            wanted: written(local),
            zone,
            before: last,
            after,
        },
        _ => WhenError::NoSuchTime(written(local)),
    }
}

/// The nearest time on one side of `local` that exists: a whole minute, because nobody wants to
/// go on air one second before the clocks change. (All jumps since 1972 are of whole minutes.)
fn edge(local: NaiveDateTime, zone: Tz, direction: i32) -> Option<DateTime<Tz>> {
    let minute = local - TimeDelta::seconds(i64::from(chrono::Timelike::second(&local)));
    let exists = |minutes: i64| {
        let at = minute + TimeDelta::minutes(minutes * i64::from(direction));
        zone.from_local_datetime(&at).earliest()
    };
    // `near` is in the gap, `far` is beyond it.
    let (mut near, mut far) = (0, FURTHEST.num_minutes());
    let mut found = exists(far)?;
    while far - near > 1 {
        let middle = near + (far - near) / 2;
        match exists(middle) {
            Some(at) => (far, found) = (middle, at),
            None => near = middle,
        }
    }
    Some(found)
}

fn written(local: NaiveDateTime) -> String {
    let format = if chrono::Timelike::second(&local) == 0 {
        "%Y-%m-%d %H:%M"
    } else {
        "%Y-%m-%d %H:%M:%S"
    };
    local.format(format).to_string()
}
