//! How everything here reaches AWS, or what stands in for it on one machine: one HTTP client on
//! one TLS provider, and the standard configuration of the AWS SDK.

use std::{error::Error, fmt, time::Duration};

use aws_config::{BehaviorVersion, Region, SdkConfig, timeout::TimeoutConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use secrecy::{ExposeSecret, SecretString};

/// How long one try of one call may take.
const TRY_TIMEOUT: Duration = Duration::from_secs(8);
/// How long one call may take, tries again included.
const CALL_TIMEOUT: Duration = Duration::from_secs(25);
/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The configuration that the environment gives, as every AWS tool reads it: profile, region,
/// credentials, `AWS_ENDPOINT_URL`.
pub async fn config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client())
        .timeout_config(timeouts())
        .load()
        .await
}

/// The HTTP client of all AWS clients: rustls on ring, trusting what the machine trusts.
pub fn http_client() -> SharedHttpClient {
    Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https()
}

/// Where AWS calls go, said outright. For a process that answers them itself and therefore cannot
/// take them from its environment.
#[derive(Clone)]
pub struct Endpoint {
    /// The address of every service, as in `http://127.0.0.1:4566`.
    pub url: String,
    /// The region that requests are signed for.
    pub region: String,
    /// The access key that requests are signed with.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: SecretString,
}

impl Endpoint {
    /// The configuration of this endpoint; the environment has no say in it.
    pub fn config(&self) -> SdkConfig {
        let credentials = Credentials::new(
            &self.access_key_id,
            self.secret_access_key.expose_secret(),
            None,
            None,
            "matinee",
        );
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(http_client())
            .timeout_config(timeouts())
            .endpoint_url(&self.url)
            .region(Region::new(self.region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build()
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("url", &self.url)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

/// An error and its causes in one line.
///
/// The SDK's own `DisplayErrorContext` appends the `Debug` form, which may hold a whole response;
/// a response of the key store holds a stream key.
pub fn words(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        // Wrappers often repeat what they wrap.
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(TRY_TIMEOUT)
        .operation_timeout(CALL_TIMEOUT)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Link(&'static str, #[source] Option<Box<Link>>);

    #[test]
    fn words_name_each_cause_once() {
        let refused = Link("connection refused", None);
        let dispatch = Link("dispatch failure", Some(Box::new(refused)));
        let wrapper = Link("dispatch failure", Some(Box::new(dispatch)));
        assert_eq!(words(&wrapper), "dispatch failure: connection refused");
    }

    #[test]
    fn debug_does_not_show_the_secret() {
        let endpoint = Endpoint {
            url: "http://127.0.0.1:1".into(),
            region: "us-east-1".into(),
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: "hidden".to_owned().into(),
        };
        assert_eq!(
            format!("{endpoint:?}"),
            r#"Endpoint { url: "http://127.0.0.1:1", region: "us-east-1", .. }"#
        );
    }
}
