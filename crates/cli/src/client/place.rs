//! Where the API is: on this machine or on AWS.

use std::{path::Path, sync::Arc};

use aws_credential_types::Credentials;

use super::machine::Machine;
use crate::{aws::Deployment, error::CliError};

/// Where the API is, and who asks.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// `matinee up`.
    Machine(Box<Machine>),
    /// A deployment on AWS.
    Deployment(Arc<Deployment>),
}

impl Place {
    pub(super) fn machine(data_dir: &Path) -> Result<Self, CliError> {
        Ok(Self::Machine(Box::new(Machine::of(data_dir)?)))
    }

    /// The address of the API, without a slash at its end.
    pub(super) fn endpoint(&self) -> &str {
        match self {
            Self::Machine(machine) => &machine.profile.endpoint,
            Self::Deployment(deployment) => deployment.api_url(),
        }
    }

    /// The region that requests are signed for.
    pub(super) fn region(&self) -> &str {
        match self {
            Self::Machine(machine) => &machine.profile.region,
            Self::Deployment(deployment) => &deployment.region,
        }
    }

    pub(super) async fn credentials(&self) -> Result<Credentials, CliError> {
        match self {
            Self::Machine(machine) => Ok(machine.profile.credentials.clone()),
            Self::Deployment(deployment) => deployment.credentials().await,
        }
    }

    /// Makes sure that a body may be sent there.
    pub(super) async fn make_known(&self, http: &reqwest::Client) -> Result<(), CliError> {
        match self {
            Self::Machine(machine) => machine.make_known(http).await,
            // Its certificate makes it known.
            Self::Deployment(_) => Ok(()),
        }
    }

    /// Why there is no answer, and in `doubt` what to do when there could have been one.
    pub(super) fn unreachable(&self, error: &reqwest::Error, doubt: Option<&str>) -> CliError {
        let told = match self {
            Self::Machine(machine) => machine.unreachable(error),
            Self::Deployment(deployment) => unreachable(deployment, error, doubt.is_some()),
        };
        match doubt {
            // What was never connected was never asked.
            Some(doubt) if !error.is_connect() => told.and(doubt),
            _ => told,
        }
    }
}

fn unreachable(deployment: &Deployment, error: &reqwest::Error, in_doubt: bool) -> CliError {
    let api = format!("the API of {:?} in {}", deployment.name, deployment.region);
    CliError::unavailable(if error.is_connect() {
        format!(
            "cannot reach {api} ({}); is there a way to the internet?",
            broadcast::aws::words(error)
        )
    } else if !error.is_timeout() {
        format!("{api} broke off: {}", broadcast::aws::words(error))
    } else if in_doubt {
        format!("{api} does not answer")
    } else {
        format!("{api} does not answer; try again, or see the log of its function")
    })
}
