//! Sends requests, and sends them again.

use std::{sync::Arc, time::Duration};

use aws_types::SdkConfig;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use reqwest::{Response, redirect};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::time::Instant;

use crate::{Bucket, Call, Error, Meter, Refusal, Retry, body::Metered, meter::Attempt};

/// As much of an answer as is taken: a list of a thousand parts has 300 KB.
const LONGEST_ANSWER: usize = 4 << 20;

/// One bucket, asked by whoever a configuration's credentials belong to.
///
/// A clone shares its connections and credentials.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) bucket: Arc<Bucket>,
    http: reqwest::Client,
    settings: Settings,
}

/// How patient a client is.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long faults are borne.
    pub retry: Retry,
    /// How long a connection may take to come about.
    pub connect_timeout: Duration,
    /// How long an attempt may go on without a byte in either direction.
    pub stall_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            retry: Retry::default(),
            connect_timeout: Duration::from_secs(5),
            stall_timeout: Duration::from_secs(15),
        }
    }
}

/// What S3 answered when it did what it was asked.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Client {
    /// A client of a bucket with region, credentials and endpoint of `sdk`. Connects to nothing
    /// yet.
    ///
    /// # Errors
    /// [`Error::BucketName`], [`Error::Endpoint`], [`Error::NoCredentials`], [`Error::Client`].
    pub fn new(sdk: &SdkConfig, bucket: &str) -> Result<Self, Error> {
        Self::with_settings(sdk, bucket, Settings::default())
    }

    /// A client that is as patient as one wants it.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn with_settings(sdk: &SdkConfig, bucket: &str, settings: Settings) -> Result<Self, Error> {
        Ok(Self {
            bucket: Arc::new(Bucket::new(sdk, bucket)?),
            http: http_client(&settings)?,
            settings,
        })
    }

    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        self.bucket.name()
    }

    /// Sends a request until it is answered for good, and reads the answer.
    pub(crate) async fn send<T>(
        &self,
        call: Call<'_>,
        read: impl Fn(Answer) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.send_metered(call, &Meter::default(), read).await
    }

    /// The same, for a body that takes its time.
    pub(crate) async fn send_metered<T>(
        &self,
        call: Call<'_>,
        meter: &Meter,
        read: impl Fn(Answer) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let retry = &self.settings.retry;
        let started = Instant::now();
        let mut attempts = 0;
        loop {
            // Takes back what it sent when it fails, or nobody waits for it any more.
            let attempt = Attempt::new(meter.clone());
            let error = match self.attempt(&call, &attempt).await.and_then(&read) {
                Ok(read) => {
                    attempt.keep();
                    return Ok(read);
                }
                Err(error) => error,
            };
            drop(attempt);
            if !error.may_pass() {
                return Err(error);
            }
            attempts += 1;
            let pause = retry.pause(attempts, fastrand::f64());
            let elapsed = started.elapsed();
            if elapsed + pause > retry.give_up_after {
                return Err(Error::GaveUp {
                    attempts,
                    elapsed,
                    last: Box::new(error),
                });
            }
            tracing::debug!(attempts, ?pause, "S3 failed, trying again: {error}");
            tokio::time::sleep(pause).await;
        }
    }

    async fn attempt(&self, call: &Call<'_>, attempt: &Attempt) -> Result<Answer, Error> {
        let patience = self.settings.stall_timeout;
        attempt
            .while_it_moves(patience, self.exchange(call, attempt))
            .await
            .unwrap_or(Err(Error::Stalled(patience)))
    }

    async fn exchange(&self, call: &Call<'_>, attempt: &Attempt) -> Result<Answer, Error> {
        // Twice at most: a bucket elsewhere says where.
        for _ in 0..2 {
            attempt.start();
            let mut request = self.bucket.request(call).await?;
            if !call.body.is_empty() {
                let body = Metered::new(call.body.clone(), attempt.sending());
                *request.body_mut() = Some(reqwest::Body::wrap(body));
            }
            let response = self.http.execute(request).await.map_err(broken)?;
            attempt.moved();
            if self.bucket.moved(&response) {
                continue;
            }
            if !response.status().is_success() {
                return Err(self.bucket.refusal(response).await.into());
            }
            return receive(response, attempt).await;
        }
        Err(Refusal {
            status: 301,
            code: "PermanentRedirect".to_owned(),
        }
        .into())
    }
}

async fn receive(mut response: Response, attempt: &Attempt) -> Result<Answer, Error> {
    let headers = std::mem::take(response.headers_mut());
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        attempt.moved();
        if body.len() + chunk.len() > LONGEST_ANSWER {
            return Err(Error::Nonsense("it is too long"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer {
        headers,
        body: body.freeze(),
    })
}

/// The URL of what failed is known to who asked.
fn broken(error: reqwest::Error) -> Error {
    Error::Connection(error.without_url())
}

/// A client on ring that trusts what the machine trusts. Redirects are for [`Bucket::moved`].
fn http_client(settings: &Settings) -> Result<reqwest::Client, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_platform_verifier())
        .map_err(|error| Error::Client(Box::new(error)))?
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(redirect::Policy::none())
        .connect_timeout(settings.connect_timeout)
        .user_agent(concat!("matinee/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| Error::Client(Box::new(error)))
}
