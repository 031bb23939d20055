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
