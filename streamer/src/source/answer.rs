//! What servers answer to a request for a range.

use std::{ops::Range, sync::Mutex, time::Duration};

use bytes::BytesMut;
use chrono::{DateTime, Utc};
use reqwest::{Response, StatusCode, header};

use super::{
    client::classify,
    error::{AttemptError, Fault, SourceError},
    lock,
};

/// Lets pass what holds content.
pub(super) fn check_status(response: Response) -> Result<Response, AttemptError> {
    let status = response.status();
    match status {
        StatusCode::PARTIAL_CONTENT => Ok(response),
        status if status.is_success() => Err(SourceError::NoRanges.into()),
        StatusCode::NOT_FOUND | StatusCode::GONE => {
            Err(SourceError::Missing("there is nothing at this address").into())
        }
        StatusCode::PRECONDITION_FAILED => Err(SourceError::Changed.into()),
        // An empty file has no first byte; one that got shorter has no such range.
        StatusCode::RANGE_NOT_SATISFIABLE => Err(match unsatisfied_length(&response) {
            Some(0) => SourceError::Empty.into(),
            _ => SourceError::Changed.into(),
        }),
        status if may_pass(status) => Err(AttemptError::Passing(
            Fault::Status(status.as_u16()),
            retry_after(&response),
        )),
        status => Err(SourceError::Refused(format!("the server refuses it ({status})")).into()),
    }
}

/// Whether a server that answers so may answer otherwise soon.
pub(super) fn may_pass(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
        )
}

/// How long the server wants to be left alone: seconds or a time (RFC 9110, 10.2.3).
pub(super) fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    parse_retry_after(value.trim(), Utc::now())
}

fn parse_retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let time = DateTime::parse_from_rfc2822(value).ok()?;
    Some((time.to_utc() - now).to_std().unwrap_or_default())
}

/// `Content-Range: bytes FIRST-LAST/LENGTH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) range: Range<u64>,
    pub(super) length: u64,
}

impl Part {
    /// The part that an answer holds, which begins where it was asked to and ends there or before
    /// (RFC 9110, 15.3.7: a server may send less).
    pub(super) fn of(response: &Response, asked: &Range<u64>) -> Result<Self, Fault> {
        let value = response.headers().get(header::CONTENT_RANGE);
        let value = value.and_then(|value| value.to_str().ok());
        let part = value
            .and_then(Self::parse)
            .ok_or(Fault::Nonsense("no range and length in Content-Range"))?;
        match part.range.start == asked.start && part.range.end <= asked.end {
            true => Ok(part),
            false => Err(Fault::Nonsense("another range than asked for")),
        }
    }

    fn parse(value: &str) -> Option<Self> {
        let (range, length) = value.strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let (first, last) = (number(first)?, number(last)?);
        let length = number(length)?;
        (first <= last && last < length).then(|| Self {
            range: first..last + 1,
            length,
        })
    }
}

/// `Content-Range: bytes */LENGTH`.
fn unsatisfied_length(response: &Response) -> Option<u64> {
    let value = response.headers().get(header::CONTENT_RANGE)?;
    number(value.to_str().ok()?.strip_prefix("bytes */")?)
}

fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    // `parse` would take a sign.
    match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.parse().ok(),
        false => None,
    }
}

/// Appends what an answer holds to `got`, as it comes: what breaks off later is not lost.
pub(super) async fn receive(
    mut response: Response,
    wanted: usize,
    stall_timeout: Duration,
    got: &Mutex<BytesMut>,
) -> Result<(), AttemptError> {
    let mut received = 0;
    loop {
        let chunk = tokio::time::timeout(stall_timeout, response.chunk())
            .await
            .map_err(|_| Fault::Stalled(stall_timeout))?
            .map_err(classify)?;
        let Some(chunk) = chunk else { break };
        received += chunk.len();
        if received > wanted {
            return Err(Fault::Nonsense("more bytes than announced").into());
        }
        lock(got).extend_from_slice(&chunk);
    }
    match received == wanted {
        true => Ok(()),
        false => Err(Fault::Short {
            got: received,
            wanted,
        }
        .into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check_range(value: &str, expected: Option<(Range<u64>, u64)>) {
        let part = Part::parse(value).map(|part| (part.range, part.length));
        assert_eq!(part, expected, "{value}");
    }

    #[test]
    fn content_ranges() {
        check_range("bytes 0-9/10", Some((0..10, 10)));
        check_range("bytes 5-5/100", Some((5..6, 100)));
        for nonsense in [
            "",
            "bytes",
            "bytes */10",
            "bytes 0-9/*",
            "bytes 0-10/10",
            "bytes 9-5/10",
            "bytes -1-5/10",
            "bytes +1-5/10",
            "items 0-9/10",
            "bytes 0-18446744073709551615/18446744073709551615",
            "bytes 0-9/99999999999999999999",
        ] {
            check_range(nonsense, None);
        }
    }

    proptest! {
        #[test]
        fn a_range_that_is_read_is_one(text in "(bytes )?[-0-9*/ +]{0,48}") {
            if let Some(part) = Part::parse(&text) {
                prop_assert!(part.range.start < part.range.end && part.range.end <= part.length);
            }
        }

        #[test]
        fn whatever_is_asked_for_is_a_time_or_none(text in "[-+0-9A-Za-z:, ]{0,40}") {
            let _ = parse_retry_after(&text, Utc::now());
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_time() {
        #[track_caller]
        fn check(value: &str, expected: Option<u64>) {
            let now = "2026-11-23T12:00:00Z".parse().unwrap();
            let expected = expected.map(Duration::from_secs);
            assert_eq!(parse_retry_after(value, now), expected, "{value}");
        }
        check("120", Some(120));
        check("Mon, 23 Nov 2026 12:00:07 GMT", Some(7));
        check("Mon, 23 Nov 2026 11:00:00 GMT", Some(0));
        check("soon", None);
        check("-1", None);
    }
}
