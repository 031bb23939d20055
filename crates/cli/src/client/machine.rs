//! The API of `matinee up`, and the proof that it is that which listens.

use std::path::Path;

use region::Challenge;
use tokio::sync::OnceCell;

use super::profile::Profile;
use crate::error::CliError;

/// `matinee up` with one data directory.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    pub(super) profile: Profile,
    /// Set when who listens has proved to be the region of the data directory.
    known: OnceCell<()>,
}

impl Machine {
    /// Does not ask yet whether it runs.
    pub(super) fn of(data_dir: &Path) -> Result<Self, CliError> {
        Ok(Self {
            profile: Profile::read(data_dir)?,
            known: OnceCell::new(),
        })
    }

    /// Makes sure, once, that it is the region of the data directory that listens: what is sent
    /// may hold a key, and that is not for whoever took the port while `matinee up` was down.
    pub(super) async fn make_known(&self, http: &reqwest::Client) -> Result<(), CliError> {
        self.known
            .get_or_try_init(|| self.ask_for_proof(http))
            .await?;
        Ok(())
    }

    async fn ask_for_proof(&self, http: &reqwest::Client) -> Result<(), CliError> {
        let endpoint = &self.profile.endpoint;
        let challenge = Challenge::new().ok_or_else(|| {
            CliError::internal("the system's random number generator failed".to_owned())
        })?;
        let url = format!("{endpoint}{}", challenge.path());
        let answer = async { http.get(&url).send().await?.bytes().await }
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

    /// Why there is no answer.
    pub(super) fn unreachable(&self, error: &reqwest::Error) -> CliError {
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
}
