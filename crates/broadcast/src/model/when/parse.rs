//! The forms in which a time is written.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Utc, Weekday};
use chrono_tz::Tz;

use super::{Ambiguity, WhenError, clock, span};

/// The instant that a person means by `text`, in `zone` where the text names no offset.
///
/// Read are RFC 3339; `2026-12-01 19:30` (with `T` and with seconds too); `today`, `tomorrow` or a
/// weekday with a time of day; a time of day; `+1h30m`; `now`. A weekday is the next one whose
/// time is still ahead. What is past is refused, `now` is `now`.
pub fn parse(
    text: &str,
    zone: Tz,
    now: DateTime<Utc>,
    ambiguity: Option<Ambiguity>,
) -> Result<DateTime<Utc>, WhenError> {
    let words = text.trim().to_ascii_lowercase();
    if words == "now" {
        return Ok(now);
    }
    if let Some(words) = words.strip_prefix('+') {
        let span = span(words).ok_or_else(|| WhenError::Unreadable(text.to_owned()))?;
        return now
            .checked_add_signed(span)
            .ok_or_else(|| WhenError::TooFar(text.to_owned()));
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(text.trim()) {
        return ahead(at.to_utc(), zone, now);
    }
    let today = now.with_timezone(&zone).date_naive();
    let (date, time) = match words.split_once([' ', 't']) {
        // `today` and the days with a `t` in them are not split at it.
        _ if starts_with_name(&words) => match words.split_once(' ') {
            Some((name, time)) => (Some(name), time.trim_start()),
            None => return Err(WhenError::Unreadable(text.to_owned())),
        },
        Some((date, time)) => (Some(date), time.trim_start()),
        None => (None, words.as_str()),
    };
    let time = time_of(time, text)?;
    let date = match date {
        None | Some("today") => today,
        Some("tomorrow") => later_by(today, 1, text)?,
        Some(name) => match weekday_of(name) {
            Some(weekday) => return on_weekday(weekday, today, time, zone, now, ambiguity, text),
            None => date_of(name, text)?,
        },
    };
    ahead(
        clock::resolve(NaiveDateTime::new(date, time), zone, now, ambiguity)?,
        zone,
        now,
    )
}

/// The next day of that name on which the time is still ahead: today or in a week at the latest.
fn on_weekday(
    weekday: Weekday,
    today: NaiveDate,
    time: NaiveTime,
    zone: Tz,
    now: DateTime<Utc>,
    ambiguity: Option<Ambiguity>,
    text: &str,
) -> Result<DateTime<Utc>, WhenError> {
    let days = weekday.days_since(today.weekday());
    let date = later_by(today, days, text)?;
    match clock::resolve(NaiveDateTime::new(date, time), zone, now, ambiguity) {
        Ok(at) if at <= now => {
            let date = later_by(today, days + 7, text)?;
            clock::resolve(NaiveDateTime::new(date, time), zone, now, ambiguity)
        }
        other => other,
    }
}

fn ahead(at: DateTime<Utc>, zone: Tz, now: DateTime<Utc>) -> Result<DateTime<Utc>, WhenError> {
    if at < now {
        Err(WhenError::Past {
            at: at.with_timezone(&zone),
            ago: now - at,
        })
    } else {
        Ok(at)
    }
}

fn later_by(date: NaiveDate, days: u32, text: &str) -> Result<NaiveDate, WhenError> {
    date.checked_add_days(Days::new(days.into()))
        .ok_or_else(|| WhenError::TooFar(text.to_owned()))
}

fn starts_with_name(words: &str) -> bool {
    words.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// English names, in full or by their first three letters.
fn weekday_of(name: &str) -> Option<Weekday> {
    name.parse().ok()
}

fn time_of(words: &str, text: &str) -> Result<NaiveTime, WhenError> {
    let numbers = numbers_of(words, ':').ok_or_else(|| WhenError::Unreadable(text.to_owned()))?;
    let (hour, minute, second) = match numbers[..] {
        [hour, minute] => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return Err(WhenError::Unreadable(text.to_owned())),
    };
    NaiveTime::from_hms_opt(hour, minute, second)
        .ok_or_else(|| WhenError::NoSuchTime(text.to_owned()))
}

fn date_of(words: &str, text: &str) -> Result<NaiveDate, WhenError> {
    match numbers_of(words, '-').as_deref() {
        // Four digits of the year, so that nobody's 01-12-26 is read as the year 1.
        Some(&[year, month, day]) if words.find('-') == Some(4) => i32::try_from(year)
            .ok()
            .and_then(|year| NaiveDate::from_ymd_opt(year, month, day))
            .ok_or_else(|| WhenError::NoSuchTime(text.to_owned())),
        _ => Err(WhenError::Unreadable(text.to_owned())),
    }
}

/// Unsigned numbers of one to four digits between separators.
fn numbers_of(words: &str, separator: char) -> Option<Vec<u32>> {
    words
        .split(separator)
        .map(|digits| {
            let plain =
                (1..=4).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| digits.parse().ok()).flatten()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Monday, 12:00 in London.
    const NOW: &str = "2026-11-23T12:00:00Z";

    #[track_caller]
    fn resolved(
        text: &str,
        zone: &str,
        now: &str,
        ambiguity: Option<Ambiguity>,
    ) -> Result<String, String> {
        parse(text, zone.parse().unwrap(), now.parse().unwrap(), ambiguity)
            .map(|at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string())
            .map_err(|error| error.to_string())
    }

    #[track_caller]
    fn check(text: &str, zone: &str, expected: &str) {
        assert_eq!(resolved(text, zone, NOW, None), Ok(expected.to_owned()));
    }

    #[track_caller]
    fn refused(text: &str, zone: &str, now: &str, expected: &str) {
        assert_eq!(resolved(text, zone, now, None), Err(expected.to_owned()));
    }

    #[track_caller]
    fn repeated(text: &str, zone: &str, now: &str, earlier: &str, later: &str) {
        assert_eq!(
            (
                resolved(text, zone, now, Some(Ambiguity::Earlier)).as_deref(),
                resolved(text, zone, now, Some(Ambiguity::Later)).as_deref()
            ),
            (Ok(earlier), Ok(later))
        );
    }

    #[test]
    fn dates_and_times() {
        check(
            "2026-12-01T19:30:00Z",
            "Europe/London",
            "2026-12-01T19:30:00Z",
        );
        check(
            "2026-12-01T19:30:00+02:00",
            "Europe/London",
            "2026-12-01T17:30:00Z",
        );
        check("2026-12-01 19:30", "Europe/London", "2026-12-01T19:30:00Z");
        check(
            "2026-12-01 19:30",
            "America/New_York",
            "2026-12-02T00:30:00Z",
        );
        check(
            "2026-12-01T19:30:15",
            "America/New_York",
            "2026-12-02T00:30:15Z",
        );
        check(
            "2026-12-01t19:30",
            "Australia/Lord_Howe",
            "2026-12-01T08:30:00Z",
        );
        check(
            " 2026-12-01  9:05 ",
            "Europe/London",
            "2026-12-01T09:05:00Z",
        );
    }

    #[test]
    fn days_by_name() {
        check("today 19:30", "Europe/London", "2026-11-23T19:30:00Z");
        check("Today 19:30:10", "Europe/London", "2026-11-23T19:30:10Z");
        check("tomorrow 19:30", "America/New_York", "2026-11-25T00:30:00Z");
        check("19:30", "Europe/London", "2026-11-23T19:30:00Z");
        // Already Tuesday there.
        check("today 19:30", "Pacific/Apia", "2026-11-24T06:30:00Z");
        check("sunday 19:30", "Europe/London", "2026-11-29T19:30:00Z");
        check("thu 19:30", "Europe/London", "2026-11-26T19:30:00Z");
        check("Monday 19:30", "Europe/London", "2026-11-23T19:30:00Z");
        check("monday 11:59", "Europe/London", "2026-11-30T11:59:00Z");
        check("monday 12:00", "Europe/London", "2026-11-30T12:00:00Z");
    }

    #[test]
    fn from_now() {
        check("now", "Europe/London", NOW);
        check("+10m", "Europe/London", "2026-11-23T12:10:00Z");
        check("+1h30m", "Europe/London", "2026-11-23T13:30:00Z");
        check("+90s", "Europe/London", "2026-11-23T12:01:30Z");
        check("+ 1h 5min", "Europe/London", "2026-11-23T13:05:00Z");
        check("+2d", "Europe/London", "2026-11-25T12:00:00Z");
    }

    #[test]
    fn what_is_no_time() {
        for text in [
            "",
            "noon",
            "today",
            "19",
            "19.30",
            "7:30 pm",
            "01-12-26 19:30",
            "2026-12-01",
            "+",
            "+5",
            "+m",
            "-5m",
            "+1h-5m",
            "yesterday 19:30",
            "2026-12-01 19:30 CET",
            "1:2:3:4",
            "2026-12-01 +9:30",
            "+5ü",
            "20026-12-01 19:30",
        ] {
            let error = parse(text, Tz::Europe__London, NOW.parse().unwrap(), None).unwrap_err();
            assert!(
                matches!(error, WhenError::Unreadable(_)),
                "{text}: {error:?}"
            );
        }
        for text in ["25:00", "19:60", "2026-02-29 19:30", "2026-13-01 19:30"] {
            let error = parse(text, Tz::Europe__London, NOW.parse().unwrap(), None).unwrap_err();
            assert!(
                matches!(error, WhenError::NoSuchTime(_)),
                "{text}: {error:?}"
            );
        }
        for text in ["+99999999999d", "+9223372036854775807s"] {
            assert!(parse(text, Tz::Europe__London, NOW.parse().unwrap(), None).is_err());
        }
    }

    #[test]
    fn the_past() {
        refused(
            "11:30",
            "Europe/London",
            NOW,
            "2026-11-23 11:30 +00:00 is past: it was 30 min ago",
        );
        refused(
            "2026-11-21T11:30:05-05:00",
            "America/New_York",
            NOW,
            "2026-11-21 11:30:05 -05:00 is past: it was 1 d 19 h ago",
        );
        check("12:00", "Europe/London", NOW);
    }

    #[test]
    fn the_clocks_go_forward() {
        refused(
            "2027-03-28 01:30",
            "Europe/London",
            NOW,
            "2027-03-28 01:30 does not exist in Europe/London: the clocks go forward over it; \
             the nearest times are 2027-03-28 00:59 +00:00 and 2027-03-28 02:00 +01:00",
        );
        refused(
            "2027-03-14 02:00:30",
            "America/New_York",
            NOW,
            "2027-03-14 02:00:30 does not exist in America/New_York: the clocks go forward over \
             it; the nearest times are 2027-03-14 01:59 -05:00 and 2027-03-14 03:00 -04:00",
        );
        refused(
            "2027-10-03 02:15",
            "Australia/Lord_Howe",
            NOW,
            "2027-10-03 02:15 does not exist in Australia/Lord_Howe: the clocks go forward over \
             it; the nearest times are 2027-10-03 01:59 +10:30 and 2027-10-03 02:30 +11:00",
        );
        check(
            "2027-10-03 02:30",
            "Australia/Lord_Howe",
            "2027-10-02T15:30:00Z",
        );
        // A weekday that falls on the change.
        refused(
            "sunday 01:00",
            "Europe/London",
            "2027-03-25T12:00:00Z",
            "2027-03-28 01:00 does not exist in Europe/London: the clocks go forward over it; \
             the nearest times are 2027-03-28 00:59 +00:00 and 2027-03-28 02:00 +01:00",
        );
    }

    #[test]
    fn a_day_that_was_skipped() {
        refused(
            "2011-12-30 12:00",
            "Pacific/Apia",
            "2011-12-01T00:00:00Z",
            "2011-12-30 12:00 does not exist in Pacific/Apia: the clocks go forward over it; \
             the nearest times are 2011-12-29 23:59 -10:00 and 2011-12-31 00:00 +14:00",
        );
    }

    #[test]
    fn the_clocks_go_back() {
        refused(
            "2027-10-31 01:30",
            "Europe/London",
            NOW,
            "2027-10-31 01:30 comes twice in Europe/London: the clocks go back; \
             say earlier (2027-10-31 01:30 +01:00) or later (2027-10-31 01:30 +00:00)",
        );
        refused(
            "2027-04-04 01:45",
            "Australia/Lord_Howe",
            NOW,
            "2027-04-04 01:45 comes twice in Australia/Lord_Howe: the clocks go back; \
             say earlier (2027-04-04 01:45 +11:00) or later (2027-04-04 01:45 +10:30)",
        );
        repeated(
            "2027-10-31 01:30",
            "Europe/London",
            NOW,
            "2027-10-31T00:30:00Z",
            "2027-10-31T01:30:00Z",
        );
        repeated(
            "2027-11-07 01:00",
            "America/New_York",
            NOW,
            "2027-11-07T05:00:00Z",
            "2027-11-07T06:00:00Z",
        );
        repeated(
            "2027-04-04 01:45",
            "Australia/Lord_Howe",
            NOW,
            "2027-04-03T14:45:00Z",
            "2027-04-03T15:15:00Z",
        );
        // Said without need, it changes nothing.
        repeated(
            "2026-12-01 19:30",
            "Europe/London",
            NOW,
            "2026-12-01T19:30:00Z",
            "2026-12-01T19:30:00Z",
        );
    }

    #[test]
    fn a_repeated_time_of_which_one_is_past() {
        // Between the two 01:30 of that night only the later one is ahead.
        assert_eq!(
            resolved("01:30", "Europe/London", "2027-10-31T01:00:00Z", None),
            Ok("2027-10-31T01:30:00Z".to_owned())
        );
        refused(
            "01:30",
            "Europe/London",
            "2027-10-31T02:00:00Z",
            "2027-10-31 01:30 +00:00 is past: it was 30 min ago",
        );
    }
}
