//! Signed requests.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use api::{BroadcastList, BroadcastView, CreateRequest, KeyRequest, Problem};
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use broadcast::{BroadcastId, FailureKind, StreamKey};
use region::Challenge;
use reqwest::{Method, StatusCode};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::OnceCell;

use super::profile::Profile;
use crate::error::CliError;

/// A function URL of AWS Lambda is signed for this service, and so is the API on one machine.
const SERVICE: &str = "lambda";
/// The API answers within seconds or not at all.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The API of a data directory.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    profile: Profile,
    /// Set when who listens has proved to be the region of the data directory.
    known: OnceCell<()>,
}

impl Client {
    /// The API that `matinee up` serves for a data directory. Does not ask yet whether it runs.
    pub(crate) fn open(data_dir: &Path) -> Result<Self, CliError> {
        let profile = Profile::read(data_dir)?;
        // reqwest takes the process's provider; that one is there already is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            // It is on this machine: no proxy, and a redirect would be a stranger's.
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| CliError::internal(format!("cannot make requests: {error}")))?;
        Ok(Self {
            http,
            profile,
            known: OnceCell::new(),
        })
    }

    /// Schedules a broadcast.
    pub(crate) async fn create(&self, request: &CreateRequest) -> Result<BroadcastView, CliError> {
        self.send(Method::POST, "/broadcasts", Some(request)).await
    }

    /// The broadcasts with an air time from `from` on.
    pub(crate) async fn list(
        &self,
        from: chrono::DateTime<chrono::Utc>,
    ) -> Result<Vec<BroadcastView>, CliError> {
        let from = from.format("%Y-%m-%dT%H:%M:%SZ");
        let path = format!("/broadcasts?from={from}");
        let list: BroadcastList = self.send(Method::GET, &path, NOTHING).await?;
        Ok(list.broadcasts)
    }

    /// A broadcast as it stands now.
    pub(crate) async fn show(&self, id: &BroadcastId) -> Result<BroadcastView, CliError> {
        self.send(Method::GET, &format!("/broadcasts/{id}"), NOTHING)
            .await
    }

    /// `cancel`, `stop` or `retry`.
    pub(crate) async fn act(
        &self,
        id: &BroadcastId,
        action: &str,
    ) -> Result<BroadcastView, CliError> {
        self.send(Method::POST, &format!("/broadcasts/{id}/{action}"), NOTHING)
            .await
    }

    /// Replaces the key of a destination.
    pub(crate) async fn set_key(
        &self,
        id: &BroadcastId,
        destination: &str,
        key: StreamKey,
    ) -> Result<(), CliError> {
        let path = format!("/broadcasts/{id}/keys/{destination}");
        self.exchange(Method::PUT, &path, Some(&KeyRequest { key }))
            .await
            .map(|_| ())
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, CliError> {
        let answer = self.exchange(method, path, body).await?;
        serde_json::from_slice(&answer).map_err(|error| {
            CliError::internal(format!("the answer to {path} is not understood: {error}"))
        })
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<Vec<u8>, CliError> {
        let body = body
            .map(serde_json::to_vec)
            .transpose()
            .map_err(|error| CliError::internal(format!("cannot write the request: {error}")))?
            .unwrap_or_default();
        // What is sent may hold a key: not to whoever took the port while `matinee up` was down.
        if !body.is_empty() {
            self.known.get_or_try_init(|| self.ask_for_proof()).await?;
        }
        let url = format!("{}{path}", self.profile.endpoint);
        let mut request = self.http.request(method.clone(), &url);
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in self.signature(&method, &url, &body)? {
            request = request.header(name, value);
        }
        let response = request
            .body(body)
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        let answer = response
            .bytes()
            .await
            .map_err(|error| self.unreachable(&error))?;
        if status.is_success() {
            Ok(answer.to_vec())
        } else {
            Err(self.refused(status, &answer))
        }
    }

    /// Makes sure that it is the region of the data directory that listens.
    async fn ask_for_proof(&self) -> Result<(), CliError> {
        let endpoint = &self.profile.endpoint;
        let challenge = Challenge::new().ok_or_else(|| {
            CliError::internal("the system's random number generator failed".to_owned())
        })?;
        let url = format!("{endpoint}{}", challenge.path());
        let answer = async { self.http.get(&url).send().await?.bytes().await }
            .await
            .map_err(|error| self.unreachable(&error))?;
        let port = url::Url::parse(endpoint)
            .ok()
            .and_then(|endpoint| endpoint.port_or_known_default());
        let secret = self.profile.credentials.secret_access_key();
        if port.is_some_and(|port| challenge.is_met_by(&answer, port, secret)) {
            return Ok(());
        }
        Err(CliError::internal(format!(
            "what listens at {endpoint} is not the `matinee up` of this data directory, so it is \
             sent nothing; find out what it is, or choose another directory with --data-dir"
        )))
    }

    /// The headers that prove who asks.
    fn signature(
        &self,
        method: &Method,
        url: &str,
        body: &[u8],
    ) -> Result<Vec<(String, String)>, CliError> {
        let failed = |error: &dyn std::error::Error| {
            CliError::internal(format!(
                "cannot sign the request: {}",
                broadcast::aws::words(error)
            ))
        };
        let identity = self.profile.credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.profile.region)
            .name(SERVICE)
            .time(SystemTime::now())
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

    fn unreachable(&self, error: &reqwest::Error) -> CliError {
        let endpoint = &self.profile.endpoint;
        CliError::unavailable(if error.is_timeout() {
            format!("the API at {endpoint} does not answer; see what `matinee up` says")
        } else if error.is_connect() {
            format!(
                "nothing listens at {endpoint}; start `matinee up` in another terminal and try \
                 again"
            )
        } else {
            format!(
                "the API at {endpoint} broke off: {}",
                broadcast::aws::words(&error)
            )
        })
    }

    fn refused(&self, status: StatusCode, answer: &[u8]) -> CliError {
        if let Ok(problem) = serde_json::from_slice::<Problem>(answer) {
            return CliError::new(problem.kind, problem.detail);
        }
        let endpoint = &self.profile.endpoint;
        match status {
            // The front of the region: its credentials are those of another data directory.
            StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => CliError::new(
                FailureKind::Internal,
                format!(
                    "what listens at {endpoint} does not take the credentials of this data \
                     directory; is it the `matinee up` of another one? (--data-dir)"
                ),
            ),
            _ => CliError::internal(format!("the API at {endpoint} answers {status}")),
        }
    }
}

/// No body.
const NOTHING: Option<&()> = None;
