//! Credentials that stay fresh.

use std::time::{Duration, SystemTime};

use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError},
};
use aws_types::SdkConfig;
use tokio::{sync::Mutex, time::Instant};

use crate::Error;

/// Credentials are renewed this long before they expire.
const RENEW_BEFORE: Duration = Duration::from_secs(300);
/// How often a provider is asked at most while it gives none that last longer, or none at all:
/// instances and containers renew theirs some minutes before they expire, and a process that gives
/// credentials takes its time.
const ASK_EVERY: Duration = Duration::from_secs(10);

/// Keeps the credentials that a provider gives until they are about to expire.
///
/// Those that are still good are used while the provider is out of order, so that it may be away
/// for some minutes.
#[derive(Debug)]
pub struct Keeper {
    provider: SharedCredentialsProvider,
    kept: Mutex<Option<Kept>>,
}

#[derive(Debug)]
struct Kept {
    credentials: Credentials,
    /// Until then the provider is not asked, as long as these are good.
    ask_at: Instant,
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

    /// Credentials that are good for a while, as far as the provider has such.
    ///
    /// # Errors
    /// [`Error::NoCredentials`], [`Error::Credentials`].
    pub async fn get(&self) -> Result<Credentials, Error> {
        let mut kept = self.kept.lock().await;
        let good = kept.as_ref().filter(|kept| kept.is_good());
        if let Some(good) = good.filter(|kept| kept.ask_at > Instant::now() || kept.is_fresh()) {
            return Ok(good.credentials.clone());
        }
        match (self.provider.provide_credentials().await, good) {
            (Ok(fresh), _) => {
                *kept = Some(Kept::new(fresh.clone()));
                Ok(fresh)
            }
            (Err(error), Some(good)) => {
                tracing::warn!("credentials are not renewed yet: {error}");
                let credentials = good.credentials.clone();
                *kept = Some(Kept::new(credentials.clone()));
                Ok(credentials)
            }
            // Nowhere to be found; what is merely out of reach may come back.
            (Err(CredentialsError::CredentialsNotLoaded(_)), None) => Err(Error::NoCredentials),
            (Err(error), None) => Err(Error::Credentials(error)),
        }
    }

    /// Asks anew the next time: these are not taken any more.
    pub async fn forget(&self) {
        *self.kept.lock().await = None;
    }
}

impl Kept {
    fn new(credentials: Credentials) -> Self {
        let now = SystemTime::now();
        let left = credentials
            .expiry()
            .map(|expiry| expiry.duration_since(now).unwrap_or_default());
        // Often enough to have others in time, however short these last.
        let pause = left.map_or(ASK_EVERY, |left| ASK_EVERY.min(left / 4));
        Self {
            credentials,
            ask_at: Instant::now() + pause,
        }
    }

    fn is_fresh(&self) -> bool {
        self.lasts(RENEW_BEFORE)
    }

    fn is_good(&self) -> bool {
        self.lasts(Duration::ZERO)
    }

    fn lasts(&self, duration: Duration) -> bool {
        self.credentials
            .expiry()
            .is_none_or(|expiry| expiry > SystemTime::now() + duration)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    use aws_credential_types::provider::future;

    use super::*;

    /// Gives credentials that are good for some seconds, and then none.
    #[derive(Debug)]
    struct Provider {
        seconds: u64,
        gives: u32,
        asked: Arc<AtomicU32>,
    }

    impl ProvideCredentials for Provider {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let asked = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
            let expiry = SystemTime::now() + Duration::from_secs(self.seconds);
            let token = Some(asked.to_string());
            let given = match asked <= self.gives {
                true => Ok(Credentials::new(
                    "AKID",
                    "secret",
                    token,
                    Some(expiry),
                    "test",
                )),
                false => Err(CredentialsError::provider_error("out of order")),
            };
            future::ProvideCredentials::ready(given)
        }
    }

    fn keeper(seconds: u64, gives: u32) -> (Keeper, Arc<AtomicU32>) {
        let asked = Arc::new(AtomicU32::new(0));
        let provider = Provider {
            seconds,
            gives,
            asked: Arc::clone(&asked),
        };
        let sdk = SdkConfig::builder()
            .credentials_provider(SharedCredentialsProvider::new(provider))
            .build();
        (Keeper::new(&sdk).unwrap(), asked)
    }

    #[tokio::test]
    async fn those_that_last_are_kept() {
        let (keeper, asked) = keeper(3600, 9);
        for _ in 0..5 {
            assert_eq!(keeper.get().await.unwrap().session_token(), Some("1"));
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn those_that_do_not_are_asked_for_now_and_then() {
        let (keeper, asked) = keeper(200, 9);
        for _ in 0..5 {
            keeper.get().await.unwrap();
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        let kept = keeper.kept.lock().await;
        let pause = kept.as_ref().unwrap().ask_at - Instant::now();
        assert!(pause <= ASK_EVERY, "{pause:?}");
    }

    #[tokio::test]
    async fn those_that_are_good_are_used_while_there_are_no_others() {
        let (keeper, asked) = keeper(200, 1);
        keeper.get().await.unwrap();
        let mut kept = keeper.kept.lock().await;
        kept.as_mut().unwrap().ask_at = Instant::now();
        drop(kept);
        assert_eq!(keeper.get().await.unwrap().session_token(), Some("1"));
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn those_that_have_expired_are_not() {
        let (keeper, _) = keeper(0, 1);
        keeper.get().await.unwrap();
        assert!(matches!(keeper.get().await, Err(Error::Credentials(_))));
    }

    #[tokio::test]
    async fn those_that_were_refused_are_not() {
        let (keeper, _) = keeper(3600, 1);
        keeper.get().await.unwrap();
        keeper.forget().await;
        assert!(matches!(keeper.get().await, Err(Error::Credentials(_))));
    }
}
