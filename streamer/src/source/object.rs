//! An object in S3: its address, and requests signed with credentials that stay fresh.
//!
//! A presigned address would do for a short video only: one that was signed with a role's
//! credentials dies with them, six hours later at the latest.
//! Signing here, rather than through a whole S3 client, leaves one path for retries, versions and
//! limits of web servers and S3.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use aws_config::SdkConfig;
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError},
};
use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
        UriPathNormalizationMode, sign,
    },
    sign::v4,
};
use broadcast::aws::words;
use reqwest::{Body, Request, Response, StatusCode};
use url::Url;

use super::error::{AttemptError, Fault, SourceError};

/// Credentials are renewed this long before they expire.
const RENEW_BEFORE: Duration = Duration::from_secs(300);
/// As much of an error's body as is looked at.
const ERROR_BODY: usize = 4096;
const HOME_REGION: &str = "us-east-1";

/// Where an object lies and who asks for it.
#[derive(Debug)]
pub(crate) struct ObjectAddress {
    bucket: String,
    key: String,
    endpoint: Option<Url>,
    region: Mutex<String>,
    provider: SharedCredentialsProvider,
    credentials: tokio::sync::Mutex<Option<Credentials>>,
}

impl ObjectAddress {
    /// Takes what `aws` is missing from the environment.
    pub(crate) async fn new(
        bucket: &str,
        key: &str,
        aws: Option<SdkConfig>,
    ) -> Result<Self, SourceError> {
        // URL parsers fold these segments away, which would lead to another object, or bucket.
        if key.split('/').any(|part| matches!(part, "." | "..")) {
            return Err(SourceError::NotAnAddress("a key with . or .. as a part"));
        }
        if !bucket.bytes().all(is_bucket_byte) || bucket.starts_with('.') {
            return Err(SourceError::NotAnAddress("a bucket of this name"));
        }
        let aws = match aws {
            Some(aws) => aws,
            None => broadcast::aws::config().await,
        };
        let endpoint = std::env::var("AWS_ENDPOINT_URL_S3").ok();
        let endpoint = endpoint
            .as_deref()
            .filter(|url| !url.is_empty())
            .or(aws.endpoint_url())
            .map(Url::parse)
            .transpose()
            .map_err(|_| SourceError::NotAnAddress("the configured S3 endpoint"))?;
        let region = aws.region().map_or(HOME_REGION, AsRef::as_ref).to_owned();
        let provider = aws.credentials_provider().ok_or_else(no_credentials)?;
        Ok(Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            endpoint,
            region: Mutex::new(region),
            provider,
            credentials: tokio::sync::Mutex::default(),
        })
    }

    /// A signed request for a range; `tag` is the version that it must still have.
    pub(crate) async fn request(
        &self,
        range: &str,
        tag: Option<&str>,
    ) -> Result<Request, AttemptError> {
        self.request_at(SystemTime::now(), range, tag).await
    }

    async fn request_at(
        &self,
        now: SystemTime,
        range: &str,
        tag: Option<&str>,
    ) -> Result<Request, AttemptError> {
        let region = self.region();
        let url = self.url(&region)?;
        let identity = self.credentials().await?.into();
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&region)
            .name("s3")
            .time(now)
            .settings(settings)
            .build()
            .map_err(unsigned)?
            .into();
        let mut headers = vec![("range", range)];
        // Anything but an entity tag is no condition that S3 knows.
        headers.extend(
            tag.filter(|tag| tag.starts_with('"'))
                .map(|tag| ("if-match", tag)),
        );
        let signable = SignableRequest::new(
            "GET",
            url.as_str(),
            headers.iter().copied(),
            SignableBody::Bytes(&[]),
        )
        .map_err(unsigned)?;
        let (instructions, _) = sign(signable, &params).map_err(unsigned)?.into_parts();
        let mut request = http::Request::get(url.as_str());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let mut request = request.body(Body::default()).map_err(unsigned)?;
        instructions.apply_to_request_http1x(&mut request);
        Ok(Request::try_from(request).map_err(unsigned)?)
    }

    /// Whether S3 says that the bucket is in another region; if so, it is asked there from now on.
    pub(crate) fn moved(&self, response: &Response) -> bool {
        let status = response.status();
        if !status.is_redirection() && status != StatusCode::BAD_REQUEST {
            return false;
        }
        let Some(region) = response
            .headers()
            .get("x-amz-bucket-region")
            .and_then(|region| region.to_str().ok())
            .filter(|region| {
                region
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            })
        else {
            return false;
        };
        let mut current = self.region.lock().unwrap_or_else(PoisonError::into_inner);
        let moved = *current != region;
        if moved {
            region.clone_into(&mut current);
        }
        moved
    }

    /// What a refusal means.
    pub(crate) async fn refusal(&self, mut response: Response) -> AttemptError {
        let status = response.status();
        match status {
            StatusCode::PRECONDITION_FAILED => return SourceError::Changed.into(),
            StatusCode::RANGE_NOT_SATISFIABLE => return SourceError::Empty.into(),
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
                return Fault::Status(status.as_u16()).into();
            }
            _ => {}
        }
        let mut body = Vec::new();
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk[..chunk.len().min(ERROR_BODY - body.len())]);
            if body.len() == ERROR_BODY {
                break;
            }
        }
        let body = String::from_utf8_lossy(&body);
        let code = element(&body, "Code").unwrap_or(status.as_str());
        match code {
            "ExpiredToken" | "RequestTimeout" | "RequestTimeTooSkewed" => {
                *self.credentials.lock().await = None;
                Fault::Credentials(code.to_owned()).into()
            }
            "AccessDenied" => SourceError::Refused(
                "S3 answered AccessDenied: these credentials may not read it, or it does not exist"
                    .to_owned(),
            )
            .into(),
            code => SourceError::Refused(format!("S3 answered {code}")).into(),
        }
    }

    fn region(&self) -> String {
        self.region
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn url(&self, region: &str) -> Result<Url, SourceError> {
        let Self { bucket, .. } = self;
        let suffix = match region.starts_with("cn-") {
            true => "amazonaws.com.cn",
            false => "amazonaws.com",
        };
        let key = encode(&self.key);
        let url = match &self.endpoint {
            Some(endpoint) => {
                let endpoint = endpoint.as_str().trim_end_matches('/');
                format!("{endpoint}/{bucket}/{key}")
            }
            // A dot would leave the reach of the wildcard certificate.
            None if bucket.contains(['.', '_'])
                || bucket.bytes().any(|b| b.is_ascii_uppercase()) =>
            {
                format!("https://s3.{region}.{suffix}/{bucket}/{key}")
            }
            None => format!("https://{bucket}.s3.{region}.{suffix}/{key}"),
        };
        Url::parse(&url).map_err(|_| SourceError::NotAnAddress("this object"))
    }

    /// Credentials that are still good for a while.
    async fn credentials(&self) -> Result<Credentials, AttemptError> {
        let mut kept = self.credentials.lock().await;
        if let Some(credentials) = kept.as_ref().filter(|kept| is_fresh(kept)) {
            return Ok(credentials.clone());
        }
        let fresh = match self.provider.provide_credentials().await {
            Ok(fresh) => fresh,
            // Nowhere to be found; what is merely out of reach may come back.
            Err(CredentialsError::CredentialsNotLoaded(_)) => return Err(no_credentials().into()),
            Err(error) => return Err(Fault::Credentials(words(&error)).into()),
        };
        *kept = Some(fresh.clone());
        Ok(fresh)
    }
}

fn no_credentials() -> SourceError {
    SourceError::Refused("there are no AWS credentials in the environment or a profile".to_owned())
}

fn is_fresh(credentials: &Credentials) -> bool {
    credentials
        .expiry()
        .is_none_or(|expiry| expiry > SystemTime::now() + RENEW_BEFORE)
}

fn unsigned(error: impl std::error::Error) -> SourceError {
    SourceError::Refused(format!("the request cannot be signed ({error})"))
}

fn is_bucket_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}

/// Percent-encodes as Signature Version 4 wants it: everything but unreserved characters and `/`.
fn encode(key: &str) -> String {
    use std::fmt::Write;
    let mut encoded = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                encoded.push(char::from(byte));
            }
            // Writing to a string does not fail.
            _ => _ = write!(encoded, "%{byte:02X}"),
        }
    }
    encoded
}

/// The text of an XML element without attributes.
fn element<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn object(
        bucket: &str,
        key: &str,
        endpoint: Option<&str>,
    ) -> Result<ObjectAddress, SourceError> {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
        let mut aws =
            SdkConfig::builder().credentials_provider(SharedCredentialsProvider::new(credentials));
        if let Some(endpoint) = endpoint {
            aws = aws.endpoint_url(endpoint);
        }
        ObjectAddress::new(bucket, key, Some(aws.build())).await
    }

    #[track_caller]
    fn check(object: Result<ObjectAddress, SourceError>, region: &str, wanted: &str) {
        assert_eq!(object.unwrap().url(region).unwrap().as_str(), wanted);
    }

    #[tokio::test]
    async fn addresses() {
        check(
            object("talks", "2026/a b+ü.mp4", None).await,
            "eu-west-1",
            "https://talks.s3.eu-west-1.amazonaws.com/2026/a%20b%2B%C3%BC.mp4",
        );
        check(
            object("talks.example.org", "a.mp4", None).await,
            "cn-north-1",
            "https://s3.cn-north-1.amazonaws.com.cn/talks.example.org/a.mp4",
        );
        check(
            object("talks", "a.mp4", Some("http://127.0.0.1:9000/")).await,
            "us-east-1",
            "http://127.0.0.1:9000/talks/a.mp4",
        );
    }

    #[tokio::test]
    async fn keys_that_would_lead_elsewhere() {
        assert!(object("talks", "../other/a.mp4", None).await.is_err());
        assert!(object("talks", "a/./b.mp4", None).await.is_err());
        assert!(object("talks/other", "a.mp4", None).await.is_err());
        assert!(object("evil.example?x=", "a.mp4", None).await.is_err());
    }

    /// The signature that botocore computes for the same request.
    #[tokio::test]
    async fn signatures_are_those_of_botocore() {
        let object = object("talks", "2026/a talk+ü (1)!*'&=;,~.mp4", None)
            .await
            .unwrap();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000);
        let request = object
            .request_at(now, "bytes=0-9", Some("\"v1\""))
            .await
            .unwrap();
        assert_eq!(
            request.headers()["authorization"],
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260921/us-east-1/s3/aws4_request, \
             SignedHeaders=host;if-match;range;x-amz-content-sha256;x-amz-date, \
             Signature=926d80e9c7a8e38e43fc7fab5d95866db7ba2b348aeb194b3b69ea1862abb639"
        );
    }
}
