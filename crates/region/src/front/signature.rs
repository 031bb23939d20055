//! Signature Version 4, verified.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use http::{HeaderMap, StatusCode, header, request::Parts};
use ring::{digest, hmac};

use super::canonical::canonical_request;
use crate::{arn, data_dir::Credentials, error::AwsError};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const X_AMZ_DATE: &str = "x-amz-date";
const X_AMZ_CONTENT_SHA256: &str = "x-amz-content-sha256";

/// How far a client's clock may be off, as at AWS.
const SKEW: TimeDelta = TimeDelta::minutes(5);

/// The `Authorization` header, taken apart; its key is ours, its signature not yet verified.
#[derive(Debug)]
pub(super) struct Authorization {
    /// The service in the credential scope: whom the request is for.
    pub(super) service: String,
    date: String,
    signed_headers: String,
    signature: Vec<u8>,
}

impl Authorization {
    /// Takes the header apart and refuses what cannot become a valid request, before its body
    /// is read.
    pub(super) fn of(parts: &Parts, credentials: &Credentials) -> Result<Self, AwsError> {
        if parts.uri.query().is_some_and(is_presigned) {
            return Err(denied(
                "IncompleteSignatureException",
                "presigned requests are not accepted here; sign in the Authorization header",
            ));
        }
        let header = single(&parts.headers, header::AUTHORIZATION.as_str())?.ok_or_else(|| {
            denied(
                "MissingAuthenticationTokenException",
                "Missing Authentication Token",
            )
        })?;
        let parsed = Self::parse(header).ok_or_else(|| {
            denied(
                "IncompleteSignatureException",
                "the Authorization header is not a complete AWS4-HMAC-SHA256 one",
            )
        })?;
        let (authorization, key, region) = parsed;
        if key != credentials.access_key_id() {
            return Err(denied(
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            ));
        }
        if region != arn::REGION {
            return Err(invalid(format!(
                "Credential should be scoped to a valid region: {}, not {region}",
                arn::REGION,
            )));
        }
        authorization.check_coverage(&parts.headers)?;
        Ok(authorization)
    }

    /// The header's parts, and beside them the access key and the region.
    fn parse(header: &str) -> Option<(Self, &str, &str)> {
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for part in header.strip_prefix(ALGORITHM)?.split(',') {
            let (name, value) = part.trim().split_once('=')?;
            let slot = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => return None,
            };
            if slot.replace(value).is_some() {
                return None;
            }
        }
        let scope: Vec<&str> = credential?.split('/').collect();
        let [key, date, region, service, "aws4_request"] = scope[..] else {
            return None;
        };
        let authorization = Self {
            service: service.to_owned(),
            date: date.to_owned(),
            signed_headers: signed_headers?.to_owned(),
            signature: hex::decode(signature?).ok()?,
        };
        Some((authorization, key, region))
    }

    /// Everything that the request is understood by must be under the signature.
    fn check_coverage(&self, headers: &HeaderMap) -> Result<(), AwsError> {
        let is_signed = |name: &str| self.signed_headers.split(';').any(|signed| signed == name);
        let unsigned = std::iter::once("host")
            .chain(headers.keys().map(header::HeaderName::as_str))
            .filter(|name| *name == "host" || name.starts_with("x-amz-"))
            .find(|name| !is_signed(name));
        match unsigned {
            Some(name) => Err(invalid(format!("the header {name} must be signed"))),
            None => Ok(()),
        }
    }

    /// Verifies time, body and signature.
    pub(super) fn verify(
        &self,
        parts: &Parts,
        body: &[u8],
        credentials: &Credentials,
        now: DateTime<Utc>,
    ) -> Result<(), AwsError> {
        let sent = single(&parts.headers, X_AMZ_DATE)?.unwrap_or_default();
        let sent_at = NaiveDateTime::parse_from_str(sent, "%Y%m%dT%H%M%SZ")
            .map_err(|_| invalid("the header x-amz-date is missing or no ISO 8601 basic time"))?
            .and_utc();
        if !sent.starts_with(&self.date) || self.date.len() != 8 {
            return Err(invalid(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date \
                 from HTTP: '{}' != '{sent}'",
                self.date,
            )));
        }
        if (now - sent_at).abs() > SKEW {
            let edge = if now > sent_at {
                "Signature expired"
            } else {
                "Signature not yet current"
            };
            return Err(invalid(format!(
                "{edge}: {sent} is more than {} minutes from {}",
                SKEW.num_minutes(),
                now.format("%Y%m%dT%H%M%SZ"),
            )));
        }

        let payload_hash = hex::encode(digest::digest(&digest::SHA256, body));
        // UNSIGNED-PAYLOAD and the STREAMING ones are S3's, for bodies too large to hash; here
        // they would leave the body open to change.
        if single(&parts.headers, X_AMZ_CONTENT_SHA256)?.is_some_and(|said| said != payload_hash) {
            return Err(invalid(
                "The value of x-amz-content-sha256 is not the SHA-256 of the body; unsigned and \
                 streaming payloads are not accepted here",
            ));
        }
        let request = canonical_request(
            &parts.method,
            &parts.uri,
            &parts.headers,
            &self.signed_headers,
            &payload_hash,
        );
        let scope = format!(
            "{}/{}/{}/aws4_request",
            self.date,
            arn::REGION,
            self.service
        );
        let string_to_sign = format!(
            "{ALGORITHM}\n{sent}\n{scope}\n{}",
            hex::encode(digest::digest(&digest::SHA256, request.as_bytes())),
        );
        // Compared in constant time.
        hmac::verify(
            &self.signing_key(credentials),
            string_to_sign.as_bytes(),
            &self.signature,
        )
        .map_err(|_| {
            invalid(
                "The request signature we calculated does not match the signature you provided. \
                 Check your AWS Secret Access Key and signing method. Consult the service \
                 documentation for details.",
            )
        })
    }

    fn signing_key(&self, credentials: &Credentials) -> hmac::Key {
        let first = format!("AWS4{}", credentials.secret_access_key());
        let mut key = hmac::Key::new(hmac::HMAC_SHA256, first.as_bytes());
        for part in [&self.date, arn::REGION, &self.service, "aws4_request"] {
            let tag = hmac::sign(&key, part.as_bytes());
            key = hmac::Key::new(hmac::HMAC_SHA256, tag.as_ref());
        }
        key
    }
}

fn is_presigned(query: &str) -> bool {
    query
        .split('&')
        .any(|pair| pair.to_ascii_lowercase().starts_with("x-amz-"))
}

/// A header's value; twice the same header is a request of two minds.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, AwsError> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(invalid(format!(
            "the header {name} is there more than once"
        )));
    }
    first
        .map(|value| {
            value
                .to_str()
                .map_err(|_| invalid(format!("the header {name} is not text")))
        })
        .transpose()
}

fn invalid(message: impl Into<String>) -> AwsError {
    denied("InvalidSignatureException", message)
}

fn denied(code: &'static str, message: impl Into<String>) -> AwsError {
    AwsError::new(code, message).status(StatusCode::FORBIDDEN)
}
