//! Signed addresses that end before the show does.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::finding::{Finding, Severity};

const FORM: &str = "%Y-%m-%d %H:%M:%S UTC";

/// What is to be said of an address that is answered until a time; when the show begins may not be
/// known, then it is only good to know.
pub(super) fn expiry(
    expires_at: Option<DateTime<Utc>>,
    begins: Option<DateTime<Utc>>,
    lasts: Duration,
) -> Option<Finding> {
    let until = expires_at?;
    let ends = begins.map(|begins| {
        // A length that a file claims may be beyond every calendar.
        let lasts = TimeDelta::from_std(lasts).unwrap_or(TimeDelta::MAX);
        let ends = begins.checked_add_signed(lasts);
        ends.unwrap_or(DateTime::<Utc>::MAX_UTC)
    });
    let (severity, show) = match ends {
        Some(ends) if ends <= until => return None,
        Some(ends) => {
            let ends = ends.format(FORM);
            (Severity::Error, format!(", and the show ends at {ends}"))
        }
        None => (Severity::Note, String::new()),
    };
    Some(Finding {
        severity,
        rule: "address-expires".to_owned(),
        platform: None,
        what: format!(
            "its signed address is answered until {}{show}",
            until.format(FORM)
        ),
        limit: "an address that outlives the show, or s3://BUCKET/KEY, which is read with \
                credentials that are renewed"
            .to_owned(),
        source: None,
        fixable: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn until_the_show_has_ended() {
        let at = |time: &str| Some(time.parse::<DateTime<Utc>>().unwrap());
        let until = at("2026-03-01T19:30:00Z");
        let hour = Duration::from_secs(3_600);
        assert_eq!(expiry(None, at("2026-03-01T19:00:00Z"), hour), None);
        assert_eq!(expiry(until, at("2026-03-01T18:30:00Z"), hour), None);
        let late = expiry(until, at("2026-03-01T18:30:01Z"), hour).unwrap();
        assert_eq!(late.severity, Severity::Error);
        assert_eq!(
            late.what,
            "its signed address is answered until 2026-03-01 19:30:00 UTC, and the show ends at \
             2026-03-01 19:30:01 UTC"
        );
        assert_eq!(expiry(until, None, hour).unwrap().severity, Severity::Note);
        for lasts in [Duration::MAX, Duration::from_secs(1 << 50)] {
            let found = expiry(until, at("2026-03-01T18:30:00Z"), lasts).unwrap();
            assert_eq!(found.severity, Severity::Error);
        }
    }
}
