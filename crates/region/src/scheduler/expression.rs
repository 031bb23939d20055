//! `at(…)` in a time zone.

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

use crate::error::AwsError;

/// The instant that an expression names.
///
/// A local time that occurs twice is the earlier one; one that does not exist is refused, as AWS
/// does not say what it would do.
pub(super) fn parse(expression: &str, time_zone: Option<&str>) -> Result<DateTime<Utc>, AwsError> {
    let zone: Tz = match time_zone {
        None => Tz::UTC,
        Some(name) => name.parse().map_err(|_| {
            AwsError::validation(format!("Invalid ScheduleExpressionTimezone {name}."))
        })?,
    };
    let Some((kind, inner)) = expression
        .strip_suffix(')')
        .and_then(|rest| rest.split_once('('))
    else {
        return Err(invalid(expression));
    };
    match kind {
        "at" => {}
        "rate" | "cron" => {
            return Err(AwsError::validation(format!(
                "{kind}(…) is not served on this machine: only at(…) is"
            )));
        }
        _ => return Err(invalid(expression)),
    }
    let local = NaiveDateTime::parse_from_str(inner, "%Y-%m-%dT%H:%M:%S")
        .map_err(|_| invalid(expression))?;
    match zone.from_local_datetime(&local) {
        LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => Ok(time.to_utc()),
        LocalResult::None => Err(AwsError::validation(format!(
            "Invalid Schedule Expression {expression}: in {zone} the clocks skip that time."
        ))),
    }
}

fn invalid(expression: &str) -> AwsError {
    AwsError::validation(format!("Invalid Schedule Expression {expression}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expression: &str, zone: Option<&str>, expected: &str) {
        let answer = match parse(expression, zone) {
            Ok(time) => time.to_rfc3339(),
            Err(error) => error.message,
        };
        assert_eq!(answer, expected);
    }

    #[test]
    fn times() {
        check("at(2026-12-01T19:30:00)", None, "2026-12-01T19:30:00+00:00");
        check(
            "at(2026-12-01T19:30:00)",
            Some("Europe/Berlin"),
            "2026-12-01T18:30:00+00:00",
        );
        check(
            "at(2026-07-01T19:30:00)",
            Some("Europe/Berlin"),
            "2026-07-01T17:30:00+00:00",
        );
        // Twice that night: the earlier one.
        check(
            "at(2026-10-25T02:30:00)",
            Some("Europe/Berlin"),
            "2026-10-25T00:30:00+00:00",
        );
    }

    #[test]
    fn refusals() {
        check(
            "at(2026-03-29T02:30:00)",
            Some("Europe/Berlin"),
            "Invalid Schedule Expression at(2026-03-29T02:30:00): in Europe/Berlin the clocks skip that time.",
        );
        check(
            "at(tomorrow)",
            None,
            "Invalid Schedule Expression at(tomorrow).",
        );
        check(
            "at(2026-02-30T00:00:00)",
            None,
            "Invalid Schedule Expression at(2026-02-30T00:00:00).",
        );
        check("", None, "Invalid Schedule Expression .");
        check(
            "at(2026-12-01T19:30:00)",
            Some("Mars/Base"),
            "Invalid ScheduleExpressionTimezone Mars/Base.",
        );
        check(
            "rate(5 minutes)",
            None,
            "rate(…) is not served on this machine: only at(…) is",
        );
        check(
            "cron(0 12 * * ? *)",
            None,
            "cron(…) is not served on this machine: only at(…) is",
        );
    }
}
