//! What S3 answers when it says no.

use reqwest::{Response, StatusCode};

use crate::xml;

/// As much of a refusal's body as is looked at.
const LONGEST: usize = 16 << 10;

/// What S3 answered instead of doing it.
///
/// Its own message is left out of the text: it may repeat access keys and whole canonical requests.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("S3 answered {code}{}", self.advice())]
pub struct Refusal {
    /// The HTTP status; 200 where it was said before the error happened.
    pub status: u16,
    /// The code of the error (`NoSuchKey`, `AccessDenied`); the status where there is none, as in
    /// answers to HEAD.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
    pub code: String,
}

impl Refusal {
    /// Reads what is left of a refused response.
    pub(crate) async fn read(mut response: Response) -> Self {
        let mut body = Vec::new();
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk[..chunk.len().min(LONGEST - body.len())]);
            if body.len() == LONGEST {
                break;
            }
        }
        Self::of(response.status(), &body)
    }

    /// The refusal that a status and a body tell.
    pub(crate) fn of(status: StatusCode, body: &[u8]) -> Self {
        let code = xml::error_code(body);
        Self {
            status: status.as_u16(),
            code: code
                .ok()
                .flatten()
                .filter(|code| !code.is_empty() && code.bytes().all(|b| b.is_ascii_alphanumeric()))
                .unwrap_or_else(|| status.as_str().to_owned()),
        }
    }

    /// Whether the clock of who signed differs from S3's by more than the quarter of an hour that
    /// S3 bears.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList>
    pub fn is_about_the_clock(&self) -> bool {
        self.code == "RequestTimeTooSkewed"
    }

    fn advice(&self) -> &'static str {
        match self.is_about_the_clock() {
            true => ": this machine's clock is more than 15 minutes off; set it, by NTP best",
            false => "",
        }
    }

    /// Whether other credentials may have taken the place of those that were refused.
    pub(crate) fn is_about_credentials(&self) -> bool {
        self.is_about_expiry() || matches!(&*self.code, "InvalidToken" | "InvalidAccessKeyId")
    }

    /// Whether the credentials were good once and are not any more.
    pub fn is_about_expiry(&self) -> bool {
        matches!(&*self.code, "ExpiredToken" | "TokenRefreshRequired")
    }

    /// Whether there is no such object, upload or bucket.
    pub fn is_missing(&self) -> bool {
        self.status == 404
    }

    pub(crate) fn may_pass(&self) -> bool {
        // 501 says that this will never be done.
        matches!(self.status, 408 | 429 | 500 | 502..=599)
            || self.is_about_expiry()
            || self.is_about_the_clock()
            || matches!(
                &*self.code,
                "RequestTimeout"
                    | "SlowDown"
                    | "InternalError"
                    | "ServiceUnavailable"
                    | "OperationAborted"
            )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, body: &str, code: &str, may_pass: bool) {
        let refusal = Refusal::of(StatusCode::from_u16(status).unwrap(), body.as_bytes());
        assert_eq!((&*refusal.code, refusal.may_pass()), (code, may_pass));
    }

    #[test]
    fn codes() {
        let error = |code: &str| {
            format!(
                "<?xml version=\"1.0\"?>\n<Error><Message>a &lt;b&gt;</Message>\
                 <Code>{code}</Code><HostId/></Error>"
            )
        };
        check(403, &error("AccessDenied"), "AccessDenied", false);
        check(503, &error("SlowDown"), "SlowDown", true);
        check(400, &error("RequestTimeout"), "RequestTimeout", true);
        check(400, &error("ExpiredToken"), "ExpiredToken", true);
        check(500, &error("InternalError"), "InternalError", true);
        let skewed = "RequestTimeTooSkewed";
        check(403, &error(skewed), skewed, true);
        check(501, &error("NotImplemented"), "NotImplemented", false);
        check(404, "", "404", false);
        check(502, "<html><Code>Bad</Code></html>", "502", true);
        check(403, "<Error><Code>AccessDenied", "AccessDenied", false);
        check(403, &error("<script>"), "403", false);
    }

    #[test]
    fn a_clock_that_is_off_is_said_in_words() {
        let refusal = Refusal {
            status: 403,
            code: "RequestTimeTooSkewed".to_owned(),
        };
        assert!(refusal.to_string().contains("this machine's clock"));
    }
}
