//! Credentials that stay fresh.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError},
};
use aws_types::SdkConfig;
use tokio::{
    sync::Mutex,
    task::JoinHandle,
    time::{Instant, timeout},
};

use crate::Error;

/// Credentials are renewed this long before they expire.
const RENEW_BEFORE: Duration = Duration::from_secs(300);
/// How often a provider is asked at most while it gives none that last longer, or none at all:
/// instances and containers renew theirs some minutes before they expire, and a process that gives
/// credentials takes its time.
const ASK_EVERY: Duration = Duration::from_secs(10);
/// How long a provider may take. A process that signs someone in takes its time.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long others are waited for while those at hand are good: less than what is read ahead lasts.
const A_MOMENT: Duration = Duration::from_millis(500);

/// Keeps the credentials that a provider gives until they are about to expire.
///
/// Those that are still good are used while the provider is asked for others, so that it may be
/// slow, or away for some minutes. Who waits for the first ones and gives up does not break off
/// the question: who comes next waits for the same answer.
#[derive(Debug)]
pub struct Keeper {
    provider: SharedCredentialsProvider,
    kept: Arc<Mutex<Option<Kept>>>,
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
            kept: Arc::default(),
        })
    }

    /// Credentials that are good for a while, as far as the provider has such.
    ///
    /// # Errors
    /// [`Error::NoCredentials`], [`Error::Credentials`].
    pub async fn get(&self) -> Result<Credentials, Error> {
        let mut kept = Arc::clone(&self.kept).lock_owned().await;
        if let Some(good) = kept.as_mut().filter(|kept| kept.is_good()) {
            if !good.is_fresh() && good.ask_at <= Instant::now() {
                // Not again before there is an answer.
                good.ask_at = Instant::now() + PATIENCE;
                let good = good.credentials.clone();
                drop(kept);
                let others = timeout(A_MOMENT, self.renew()).await;
                return Ok(others.ok().and_then(Result::ok).flatten().unwrap_or(good));
            }
            return Ok(good.credentials.clone());
        }
        let provider = self.provider.clone();
        let first = tokio::spawn(async move {
            let given = ask(&provider).await?;
            *kept = Some(Kept::new(given.clone()));
            Ok(given)
        });
        match first.await.map_err(CredentialsError::unhandled).flatten() {
            Ok(given) => Ok(given),
            // Nowhere to be found; what is merely out of reach may come back.
            Err(CredentialsError::CredentialsNotLoaded(_)) => Err(Error::NoCredentials),
            Err(error) => Err(Error::Credentials(error)),
        }
    }

    /// Asks for others, whether anyone waits for them or not.
    fn renew(&self) -> JoinHandle<Option<Credentials>> {
        let (provider, kept) = (self.provider.clone(), Arc::clone(&self.kept));
        tokio::spawn(async move {
            let given = ask(&provider).await;
            let mut kept = kept.lock().await;
            match given {
                Ok(given) => {
                    *kept = Some(Kept::new(given.clone()));
                    Some(given)
                }
                Err(error) => {
                    tracing::warn!("credentials are not renewed yet: {error}");
                    *kept = kept.take().map(|kept| Kept::new(kept.credentials));
                    None
                }
            }
        })
    }

    /// Asks anew the next time: these are not taken any more.
    pub async fn forget(&self) {
        *self.kept.lock().await = None;
    }
}

async fn ask(provider: &SharedCredentialsProvider) -> Result<Credentials, CredentialsError> {
    timeout(PATIENCE, provider.provide_credentials())
        .await
        .unwrap_or_else(|_| Err(CredentialsError::provider_timed_out(PATIENCE)))
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
    use std::sync::atomic::{AtomicU32, Ordering};

    use aws_credential_types::provider::future;

    use super::*;

    /// What a provider does when it is asked.
    enum Answer {
        /// Gives credentials after some seconds.
        After(u64),
        Fails,
        Hangs,
    }

    /// Gives credentials that are good for some seconds.
    #[derive(Debug)]
    struct Provider {
        seconds: u64,
        /// By how often it was asked, from one.
        answer: fn(u32) -> Answer,
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
            let given = Credentials::new("AKID", "secret", token, Some(expiry), "test");
            let answer = (self.answer)(asked);
            future::ProvideCredentials::new(async move {
                match answer {
                    Answer::After(seconds) => {
                        tokio::time::sleep(Duration::from_secs(seconds)).await;
                        Ok(given)
                    }
                    Answer::Fails => Err(CredentialsError::provider_error("out of order")),
                    Answer::Hangs => std::future::pending().await,
                }
            })
        }
    }

    struct Asked {
        keeper: Keeper,
        asked: Arc<AtomicU32>,
    }

    impl Asked {
        fn new(seconds: u64, answer: fn(u32) -> Answer) -> Self {
            let asked = Arc::new(AtomicU32::new(0));
            let provider = Provider {
                seconds,
                answer,
                asked: Arc::clone(&asked),
            };
            let sdk = SdkConfig::builder()
                .credentials_provider(SharedCredentialsProvider::new(provider))
                .build();
            let keeper = Keeper::new(&sdk).unwrap();
            Self { keeper, asked }
        }

        /// There are credentials soon, those of the answer of this number.
        async fn gives(&self, number: u32) {
            let before = Instant::now();
            let given = self.keeper.get().await.unwrap();
            assert_eq!(given.session_token(), Some(&*number.to_string()));
            assert!(before.elapsed() < Duration::from_secs(1));
        }

        async fn gives_none(&self) {
            let given = self.keeper.get().await;
            assert!(matches!(given, Err(Error::Credentials(_))), "{given:?}");
        }

        #[track_caller]
        fn was_asked(&self, times: u32) {
            assert_eq!(self.asked.load(Ordering::SeqCst), times);
        }
    }

    /// Time passes, and what goes on in the background gets its turn.
    async fn pass(seconds: u64) {
        tokio::time::sleep(Duration::from_millis(seconds * 1_000 + 1)).await;
    }

    fn one(asked: u32) -> Answer {
        match asked {
            1 => Answer::After(0),
            _ => Answer::Fails,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn those_that_last_are_kept() {
        let it = Asked::new(3600, |_| Answer::After(0));
        for _ in 0..5 {
            it.gives(1).await;
            pass(60).await;
        }
        it.was_asked(1);
    }

    #[tokio::test(start_paused = true)]
    async fn those_that_do_not_are_asked_for_now_and_then() {
        let it = Asked::new(200, |_| Answer::After(0));
        for _ in 0..5 {
            it.gives(1).await;
            pass(1).await;
        }
        it.was_asked(1);
        pass(10).await;
        it.gives(2).await;
        it.was_asked(2);
    }

    #[tokio::test(start_paused = true)]
    async fn those_that_are_good_are_used_while_there_are_no_others() {
        let it = Asked::new(200, one);
        for times in 1..5 {
            it.gives(1).await;
            it.was_asked(times);
            it.gives(1).await;
            it.was_asked(times);
            pass(10).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_a_provider_that_hangs_while_they_are_good() {
        let it = Asked::new(200, |asked| match asked {
            1 | 4 => Answer::After(0),
            _ => Answer::Hangs,
        });
        it.gives(1).await;
        // It is given up after 30 s, and asked again 10 s later.
        for times in [2, 3] {
            pass(10).await;
            for _ in 0..3 {
                it.gives(1).await;
                pass(10).await;
                it.was_asked(times);
            }
        }
        pass(10).await;
        it.gives(4).await;
    }

    #[tokio::test(start_paused = true)]
    async fn those_that_come_late_are_kept_nevertheless() {
        let it = Asked::new(200, |asked| match asked {
            1 => Answer::After(0),
            _ => Answer::After(5),
        });
        it.gives(1).await;
        pass(10).await;
        it.gives(1).await;
        pass(5).await;
        it.gives(2).await;
        it.was_asked(2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_provider_is_not_asked_anew_by_each_who_gives_up() {
        let it = Asked::new(3600, |_| Answer::After(20));
        for _ in 0..3 {
            let waited = timeout(Duration::from_secs(6), it.keeper.get()).await;
            assert!(waited.is_err());
        }
        it.keeper.get().await.unwrap();
        it.gives(1).await;
        it.was_asked(1);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_hangs_from_the_start_is_given_up() {
        let it = Asked::new(3600, |_| Answer::Hangs);
        let before = Instant::now();
        it.gives_none().await;
        assert!(before.elapsed() < PATIENCE + Duration::from_secs(1));
    }

    #[tokio::test]
    async fn those_that_have_expired_are_not() {
        let it = Asked::new(0, one);
        it.keeper.get().await.unwrap();
        it.gives_none().await;
    }

    #[tokio::test]
    async fn those_that_were_refused_are_not() {
        let it = Asked::new(3600, one);
        it.keeper.get().await.unwrap();
        it.keeper.forget().await;
        it.gives_none().await;
    }
}
