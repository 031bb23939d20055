//! Credentials that stay fresh.

use std::time::{Duration, SystemTime};

use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError},
};
use aws_types::SdkConfig;
use tokio::sync::Mutex;

use crate::Error;

/// Credentials are renewed this long before they expire.
const RENEW_BEFORE: Duration = Duration::from_secs(300);

/// Keeps the credentials that a provider gives until they are about to expire.
#[derive(Debug)]
pub struct Keeper {
    provider: SharedCredentialsProvider,
    kept: Mutex<Option<Credentials>>,
}

impl Keeper {
    /// The credentials that a configuration leads to. Does not ask for them yet.
    ///
    /// # Errors
    /// [`Error::NoCredentials`]: the configuration leads to none.
    pub fn new(sdk: &SdkConfig) -> Result<Self, Error> {
        Ok(Self {
            provider: sdk.credentials_provider().ok_or(Error::NoCredentials)?,
            kept: Mutex::default(),
        })
    }

    /// Credentials that are still good for a while.
    ///
    /// # Errors
    /// [`Error::NoCredentials`], [`Error::Credentials`].
    pub async fn get(&self) -> Result<Credentials, Error> {
        let mut kept = self.kept.lock().await;
        if let Some(credentials) = kept.as_ref().filter(|kept| is_fresh(kept)) {
            return Ok(credentials.clone());
        }
        let fresh = match self.provider.provide_credentials().await {
            Ok(fresh) => fresh,
            // Nowhere to be found; what is merely out of reach may come back.
            Err(CredentialsError::CredentialsNotLoaded(_)) => return Err(Error::NoCredentials),
            Err(error) => return Err(Error::Credentials(error)),
        };
        *kept = Some(fresh.clone());
        Ok(fresh)
    }

    /// Asks anew the next time: these are not taken any more.
    pub async fn forget(&self) {
        *self.kept.lock().await = None;
    }
}

fn is_fresh(credentials: &Credentials) -> bool {
    credentials
        .expiry()
        .is_none_or(|expiry| expiry > SystemTime::now() + RENEW_BEFORE)
}
