//! A bucket: where it is, and requests signed with credentials that stay fresh.
//!
//! A presigned address would do for a short video only: one that was signed with a role's
//! credentials dies with them, six hours later at the latest.

use std::{
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
        UriPathNormalizationMode, sign,
    },
    sign::v4,
};
use aws_types::SdkConfig;
use reqwest::{Body, Method, Request, Response, StatusCode, header};

use crate::{
    Call, Error, Keeper, Refusal,
    address::{self, Addressing},
    clock::Clock,
};

/// A bucket and who asks for what is in it.
#[derive(Debug)]
pub struct Bucket {
    name: String,
    addressing: Addressing,
    region: Mutex<String>,
    credentials: Keeper,
    clock: Clock,
}

impl Bucket {
    /// The bucket of this name, with region, credentials and endpoint of `sdk`. Connects to
    /// nothing yet.
    ///
    /// # Errors
    /// [`Error::BucketName`], [`Error::Endpoint`], [`Error::NoCredentials`].
    pub fn new(sdk: &SdkConfig, name: &str) -> Result<Self, Error> {
        address::check_bucket(name)?;
        Ok(Self {
            name: name.to_owned(),
            addressing: Addressing::of(sdk)?,
            region: Mutex::new(address::region(sdk)),
            credentials: Keeper::new(sdk)?,
            clock: Clock::default(),
        })
    }

    /// The bucket's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A signed request.
    ///
    /// # Errors
    /// [`Error::Key`], [`Error::NoCredentials`], [`Error::Credentials`], [`Error::Unsigned`].
    pub async fn request(&self, call: &Call<'_>) -> Result<Request, Error> {
        self.request_at(self.clock.now(), call).await
    }

    async fn request_at(&self, now: SystemTime, call: &Call<'_>) -> Result<Request, Error> {
        let region = self.region();
        let mut url = self.addressing.url(&region, &self.name, call.key)?;
        if !call.query.is_empty() {
            let query: Vec<String> = call
                .query
                .iter()
                .map(|(name, value)| format!("{name}={}", address::encode(value, "")))
                .collect();
            url.set_query(Some(&query.join("&")));
        }
        let identity = self.credentials.get().await?.into();
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
        let signable = SignableRequest::new(
            call.method.as_str(),
            url.as_str(),
            call.headers.iter().map(|(name, value)| (*name, &**value)),
            SignableBody::Precomputed(call.sha256()),
        )
        .map_err(unsigned)?;
        let (instructions, _) = sign(signable, &params).map_err(unsigned)?.into_parts();
        let mut request = http::Request::builder()
            .method(call.method.clone())
            .uri(url.as_str());
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        // S3 wants it of an empty body too.
        if matches!(call.method, Method::POST | Method::PUT) {
            request = request.header(header::CONTENT_LENGTH, call.body.len());
        }
        let mut request = request
            .body(Body::from(call.body.clone()))
            .map_err(unsigned)?;
        instructions.apply_to_request_http1x(&mut request);
        Request::try_from(request).map_err(unsigned)
    }

    /// Whether S3 says that the bucket is in another region; if so, it is asked there from now on.
    pub fn moved(&self, response: &Response) -> bool {
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

    /// What a refusal says. Credentials that are not taken any more are asked for anew the next
    /// time; where S3's clock differs too much, requests are signed with its time from now on.
    pub async fn refusal(&self, response: Response) -> Refusal {
        let date = response.headers().get(header::DATE).cloned();
        let refusal = Refusal::read(response).await;
        if refusal.is_about_credentials() {
            self.credentials.forget().await;
        }
        if refusal.is_about_the_clock() {
            self.clock.follow(date.as_ref());
        }
        refusal
    }

    fn region(&self) -> String {
        self.region
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn unsigned(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Unsigned(Box::new(error))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};

    async fn authorization(token: Option<&str>, call: Call<'_>) -> (String, Request) {
        let token = token.map(str::to_owned);
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", token, None, "test");
        let sdk = SdkConfig::builder()
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        let bucket = Bucket::new(&sdk, "talks").unwrap();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000);
        let request = bucket.request_at(now, &call).await.unwrap();
        let header = request.headers()["authorization"].to_str().unwrap();
        (header.to_owned(), request)
    }

    /// The signature that botocore computes for the same request.
    #[tokio::test]
    async fn a_ranged_get_is_signed_as_botocore_signs_it() {
        let call = Call::new(Method::GET, "2026/a talk+ü (1)!*'&=;,~.mp4")
            .header("range", "bytes=0-9")
            .header("if-match", "\"v1\"");
        let (authorization, _) = authorization(None, call).await;
        assert_eq!(
            authorization,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260921/us-east-1/s3/aws4_request, \
             SignedHeaders=host;if-match;range;x-amz-content-sha256;x-amz-date, \
             Signature=926d80e9c7a8e38e43fc7fab5d95866db7ba2b348aeb194b3b69ea1862abb639"
        );
    }
}
