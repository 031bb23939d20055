//! What an answer that is none means.

use api::Problem;
use broadcast::FailureKind;
use reqwest::{Method, StatusCode, header::HeaderMap};
use serde::Deserialize;

use super::place::Place;
use crate::{aws::Deployment, error::CliError};

/// An answer that is none.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// What AWS calls it, where it is AWS and not the API that answers.
    code: String,
    body: Vec<u8>,
}

/// What AWS writes of it; services differ in how they write it.
#[derive(Debug, Default, Deserialize)]
struct Words {
    #[serde(default, alias = "Message")]
    message: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let code = headers
            .get("x-amzn-errortype")
            .and_then(|code| code.to_str().ok())
            .and_then(|code| code.split(':').next())
            .unwrap_or_default();
        Self {
            status,
            code: code.to_owned(),
            body: body.to_owned(),
        }
    }

    /// Whether the function did not run, or ran and may run again.
    pub(super) fn may_pass(&self, method: &Method) -> bool {
        // Told before the function is called.
        self.status == StatusCode::TOO_MANY_REQUESTS
            || (*method == Method::GET && self.status.is_server_error())
    }

    /// Whether new credentials may help.
    pub(super) fn is_about_expiry(&self) -> bool {
        self.code == "ExpiredTokenException" || self.code == "ExpiredToken"
    }

    /// In words that say what to do next: `doubt`, when nobody knows whether it was done.
    pub(super) fn told_by(&self, place: &Place, doubt: Option<&str>) -> CliError {
        if let Ok(problem) = serde_json::from_slice::<Problem>(&self.body) {
            return CliError::new(problem.kind, problem.detail);
        }
        match place {
            Place::Machine(_) => self.told_by_machine(place.endpoint()),
            Place::Deployment(deployment) => self.told_by_deployment(deployment, doubt),
        }
    }

    fn told_by_machine(&self, endpoint: &str) -> CliError {
        match self.status {
            // The front of the region: its credentials are those of another data directory.
            StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => CliError::new(
                FailureKind::Internal,
                format!(
                    "what listens at {endpoint} does not take the credentials of this data \
                     directory; is it the `matinee up` of another one? (--data-dir)"
                ),
            ),
            status => CliError::internal(format!("the API at {endpoint} answers {status}")),
        }
    }

    fn told_by_deployment(&self, deployment: &Deployment, doubt: Option<&str>) -> CliError {
        let Deployment { name, region, .. } = deployment;
        let Words { message } = serde_json::from_slice(&self.body).unwrap_or_default();
        if let Some(denied) = deployment.denied().by(&self.code, &message) {
            return denied;
        }
        let log = format!("/aws/lambda/{name}-api in {region}");
        match self.status {
            StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => {
                // What has no code is about the right to call it.
                deployment
                    .denied()
                    .by("AccessDenied", &message)
                    .unwrap_or_else(|| {
                        CliError::internal(format!("the API answers {}", self.status))
                    })
            }
            StatusCode::NOT_FOUND => CliError::unavailable(format!(
                "the API of {name:?} in {region} is not there; run `./deploy` again"
            )),
            StatusCode::TOO_MANY_REQUESTS => CliError::unavailable(format!(
                "the API of {name:?} in {region} has too much to do; try again in a minute"
            )),
            // The function broke off or took too long, perhaps after it was done.
            status if status.is_server_error() => {
                let next = match doubt {
                    Some(doubt) => format!("{doubt}; its log {log} says more"),
                    None => {
                        format!("try again, and if that does not help, its log {log} says why")
                    }
                };
                CliError::unavailable(format!(
                    "the API of {name:?} in {region} answers {status}; {next}"
                ))
            }
            status => CliError::internal(format!(
                "the API of {name:?} in {region} answers {status}; its log is {log}"
            )),
        }
    }
}
