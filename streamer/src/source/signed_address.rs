//! Web addresses that are good for a while only.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use url::Url;

/// When a signed address stops being answered, as it says itself.
///
/// - S3 and Google Cloud Storage, signature version 4: `X-Amz-Date` and `X-Amz-Expires`, `X-Goog-…`:
///   <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>
/// - CloudFront, S3 and Google before version 4: `Expires` beside `Signature`.
/// - Azure: `se` beside `sig`.
///
/// Credentials of a role that signed it may end it earlier.
pub(super) fn expires_at(url: &Url) -> Option<DateTime<Utc>> {
    let value = |name: &str| {
        url.query_pairs()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    };
    for provider in ["amz", "goog"] {
        let date = value(&format!("x-{provider}-date"));
        let seconds = value(&format!("x-{provider}-expires"));
        if let (Some(date), Some(seconds)) = (date, seconds) {
            let date = NaiveDateTime::parse_from_str(&date, "%Y%m%dT%H%M%SZ").ok()?;
            let seconds = TimeDelta::try_seconds(seconds.parse().ok()?)?;
            return date.and_utc().checked_add_signed(seconds);
        }
    }
    if let (Some(expires), Some(_)) = (value("expires"), value("signature")) {
        return DateTime::from_timestamp(expires.parse().ok()?, 0);
    }
    let (expires, _) = value("se").zip(value("sig"))?;
    let expires = DateTime::parse_from_rfc3339(&expires).ok()?;
    Some(expires.to_utc())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_numbers_are_a_time_or_none(date in "[0-9]{8}T[0-9]{6}Z", seconds: i64, at: i64) {
            let signed = format!("X-Amz-Date={date}&X-Amz-Expires={seconds}");
            let other = format!("Expires={at}&Signature=a");
            for query in [signed, other] {
                let url = Url::parse(&format!("https://videos.example.org/a?{query}")).unwrap();
                let _ = expires_at(&url);
            }
        }
    }

    #[track_caller]
    fn check(query: &str, expected: Option<&str>) {
        let url = Url::parse(&format!("https://videos.example.org/talk.mp4?{query}")).unwrap();
        let expected = expected.map(|time| time.parse::<DateTime<Utc>>().unwrap());
        assert_eq!(expires_at(&url), expected);
    }

    #[test]
    fn what_addresses_say() {
        let expected = Some("2026-03-01T19:30:00Z");
        check(
            "X-Amz-Date=20260301T183000Z&X-Amz-Expires=3600&X-Amz-Signature=a",
            expected,
        );
        check("x-goog-date=20260301T183000Z&x-goog-expires=3600", expected);
        check("Expires=1772393400&Signature=a&Key-Pair-Id=b", expected);
        check("sp=r&se=2026-03-01T19:30:00Z&sig=a%3D", expected);
    }

    #[test]
    fn other_addresses_say_nothing() {
        check("", None);
        check("expires=1772393400", None);
        check("se=2026-03-01T19:30:00Z", None);
        check(
            "X-Amz-Date=20260301T183000Z&X-Amz-Expires=9223372036854775807",
            None,
        );
        check("X-Amz-Date=yesterday&X-Amz-Expires=1", None);
        check("Expires=99999999999999999&Signature=a", None);
    }
}
