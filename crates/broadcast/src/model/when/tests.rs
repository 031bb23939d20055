//! Times over four zones: London, New York, Lord Howe (whose clocks change by half an hour) and Apia
//! (which once left out a day).

use chrono_tz::Tz;

use super::{Ambiguity, WhenError, parse};

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
