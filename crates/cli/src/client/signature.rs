//! Signature Version 4, for the API.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use reqwest::Method;

use crate::error::CliError;

/// A function URL of AWS Lambda is signed for this service, and so is the API on one machine.
const SERVICE: &str = "lambda";

/// The headers that prove who asks: with a session's credentials its token among them.
pub(super) fn headers(
    credentials: Credentials,
    region: &str,
    method: &Method,
    url: &str,
    body: &[u8],
    now: SystemTime,
) -> Result<Vec<(String, String)>, CliError> {
    let failed = |error: &dyn std::error::Error| {
        CliError::internal(format!(
            "cannot sign the request: {}",
            broadcast::aws::words(error)
        ))
    };
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(SERVICE)
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| failed(&error))?
        .into();
    let request = SignableRequest::new(
        method.as_str(),
        url,
        std::iter::empty(),
        SignableBody::Bytes(body),
    )
    .map_err(|error| failed(&error))?;
    let (instructions, _) = sign(request, &parameters)
        .map_err(|error| failed(&error))?
        .into_parts();
    Ok(instructions
        .headers()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn signed(token: Option<&str>) -> Vec<(String, String)> {
        let token = token.map(str::to_owned);
        headers(
            Credentials::new("AKIDEXAMPLE", "secret", token, None, "test"),
            "eu-west-1",
            &Method::POST,
            "https://abc.lambda-url.eu-west-1.on.aws/broadcasts?from=2026-11-23T12%3A00%3A00Z",
            b"{}",
            SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000),
        )
        .unwrap()
    }

    fn authorization(headers: &[(String, String)]) -> &str {
        let found = headers.iter().find(|(name, _)| name == "authorization");
        &found.unwrap().1
    }

    /// The signature that botocore computes for the same request.
    #[test]
    fn signatures_are_those_of_botocore() {
        assert_eq!(
            authorization(&signed(None)),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260921/eu-west-1/lambda/aws4_request, \
             SignedHeaders=host;x-amz-date, Signature=6c681180f9ced7398bf191c3063b2a9c94cc7c676abb3701cf9f187be6e4728c"
        );
    }

    #[test]
    fn a_session_token_is_sent_and_signed() {
        let headers = signed(Some("the-token"));
        let token = headers
            .iter()
            .find(|(name, _)| name == "x-amz-security-token");
        assert_eq!(token.unwrap().1, "the-token");
        assert_eq!(
            authorization(&headers),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260921/eu-west-1/lambda/aws4_request, \
             SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=1648db0ed1a9283c2f2ebd44a6317e8611a624993aa97e615746577f32e7d5ad"
        );
    }
}
