//! Signed requests.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use api::{BroadcastList, BroadcastView, CreateRequest, KeyRequest};
use broadcast::{BroadcastId, StreamKey};
use reqwest::Method;
use serde::{Serialize, de::DeserializeOwned};

use super::{place::Place, refusal::Refusal, signature};
use crate::{args::Global, aws::Deployment, error::CliError};

/// The API answers within seconds. Above the 30 s that its function on AWS is given, so that its
/// end is told and not guessed.
const TIMEOUT: Duration = Duration::from_secs(40);
/// Where broadcasts are scheduled.
const BROADCASTS: &str = "/broadcasts";
/// How often a request is made that may go better the next time.
const TRIES: u32 = 4;
/// The longest pause after the first try; it doubles.
const PAUSE: Duration = Duration::from_millis(400);

/// The API of a data directory or a deployment.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    place: Place,
    command: String,
}

/// What a try came to.
enum Tried {
    Answered(Vec<u8>),
    Refused(Refusal),
}

impl Client {
    /// The API that the command line names. On one machine it does not ask yet whether it runs; on
    /// AWS it finds out where it is.
    pub(crate) async fn of(global: &Global) -> Result<Self, CliError> {
        if !global.aws.are_given() {
            return Self::open(&global.data_dir()?);
        }
        let deployment = Deployment::find(&global.aws).await?;
        let place = Place::Deployment(Arc::new(deployment));
        Self::new(place, global.aws.command())
    }

    /// The API that `matinee up` serves for a data directory. Does not ask yet whether it runs.
    pub(crate) fn open(data_dir: &Path) -> Result<Self, CliError> {
        Self::new(Place::machine(data_dir)?, "matinee".to_owned())
    }

    fn new(place: Place, command: String) -> Result<Self, CliError> {
        // reqwest takes the process's provider; that one is there already is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            // A redirect would be a stranger's.
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT);
        if let Place::Machine(_) = place {
            builder = builder.no_proxy();
        }
        let http = builder
            .build()
            .map_err(|error| CliError::internal(format!("cannot make requests: {error}")))?;
        Ok(Self {
            http,
            place,
            command,
        })
    }

    /// The deployment that is asked; `None` on one machine.
    pub(crate) fn deployment(&self) -> Option<&Deployment> {
        match &self.place {
            Place::Machine(_) => None,
            Place::Deployment(deployment) => Some(deployment),
        }
    }

    /// How the command begins that asks the same API once more.
    pub(crate) fn command(&self) -> &str {
        &self.command
    }

    /// Schedules a broadcast.
    pub(crate) async fn create(&self, request: &CreateRequest) -> Result<BroadcastView, CliError> {
        self.send(Method::POST, BROADCASTS, Some(request)).await
    }

    /// The broadcasts with an air time from `from` on.
    pub(crate) async fn list(
        &self,
        from: chrono::DateTime<chrono::Utc>,
    ) -> Result<Vec<BroadcastView>, CliError> {
        // Encoded, so that nobody has to guess how it is signed.
        let from = from.format("%Y-%m-%dT%H%%3A%M%%3A%SZ");
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
        if !body.is_empty() {
            self.place.make_known(&self.http).await?;
        }
        let mut tries = 0;
        loop {
            tries += 1;
            let refusal = match self.attempt(&method, path, &body).await? {
                Tried::Answered(answer) => return Ok(answer),
                Tried::Refused(refusal) => refusal,
            };
            if tries >= TRIES || !self.may_pass(&refusal, &method).await {
                let doubt = self.doubt(&method, path);
                return Err(refusal.told_by(&self.place, doubt.as_deref()));
            }
            let longest = PAUSE.saturating_mul(1 << (tries - 1));
            tokio::time::sleep(longest.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
        }
    }

    async fn attempt(&self, method: &Method, path: &str, body: &[u8]) -> Result<Tried, CliError> {
        let url = format!("{}{path}", self.place.endpoint());
        let mut request = self.http.request(method.clone(), &url);
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        let credentials = self.place.credentials().await?;
        let region = self.place.region();
        for (name, value) in
            signature::headers(credentials, region, method, &url, body, SystemTime::now())?
        {
            request = request.header(name, value);
        }
        let broken = |error: reqwest::Error| {
            let doubt = self.doubt(method, path);
            self.place
                .unreachable(&error.without_url(), doubt.as_deref())
        };
        let response = request.body(body.to_vec()).send().await.map_err(broken)?;
        let status = response.status();
        let headers = response.headers().clone();
        let answer = response.bytes().await.map_err(broken)?;
        Ok(match status.is_success() {
            true => Tried::Answered(answer.to_vec()),
            false => Tried::Refused(Refusal::new(status, &headers, &answer)),
        })
    }

    /// What to do when nobody knows whether a request was carried out that must not be made twice.
    fn doubt(&self, method: &Method, path: &str) -> Option<String> {
        (*method == Method::POST && path == BROADCASTS).then(|| {
            format!(
                "it may be scheduled all the same: look with `{} list` before you try again",
                self.command
            )
        })
    }

    /// Whether another try may go better: at AWS, where functions are throttled and credentials
    /// expire. `matinee up` means what it says.
    async fn may_pass(&self, refusal: &Refusal, method: &Method) -> bool {
        let Place::Deployment(deployment) = &self.place else {
            return false;
        };
        if refusal.is_about_expiry() {
            deployment.forget_credentials().await;
            return true;
        }
        refusal.may_pass(method)
    }
}

/// No body.
const NOTHING: Option<&()> = None;
