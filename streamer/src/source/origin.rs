//! The places a source can come from, behind one question: these bytes, please.

use std::ops::Range;

use broadcast::aws::words;
use bytes::Bytes;
use tokio::time::Instant;

use super::{
    error::{AttemptError, SourceError},
    file::FileOrigin,
    options::Retry,
    web::WebOrigin,
};

/// An opened place.
#[derive(Debug)]
pub(crate) enum Origin {
    File(FileOrigin),
    Web(WebOrigin),
    Memory(Bytes),
}

impl Origin {
    /// Whether reading ahead gains nothing.
    pub(crate) fn is_at_hand(&self) -> bool {
        matches!(self, Self::Memory(_))
    }

    /// Reads a range that lies within the source, as often as `retry` allows.
    pub(crate) async fn read(
        &self,
        range: Range<u64>,
        retry: &Retry,
    ) -> Result<Bytes, SourceError> {
        match self {
            Self::File(file) => with_retries(retry, || file.attempt(range.clone())).await,
            Self::Web(web) => web.read(&range, retry).await,
            Self::Memory(bytes) => Ok(bytes.slice(range.start as usize..range.end as usize)),
        }
    }
}

/// Repeats `attempt` while what it meets may pass.
///
/// The attempts are futures of one type and not an `AsyncFnMut`, of whose futures the compiler
/// cannot prove that a task may hold them.
pub(crate) async fn with_retries<T, Attempt>(
    retry: &Retry,
    mut attempt: impl FnMut() -> Attempt,
) -> Result<T, SourceError>
where
    Attempt: Future<Output = Result<T, AttemptError>>,
{
    let started = Instant::now();
    let mut attempts = 0;
    loop {
        let (fault, asked) = match attempt().await {
            Ok(value) => {
                if attempts > 0 {
                    let seconds = started.elapsed().as_secs_f32();
                    tracing::info!(attempts, seconds, "the source is being read again");
                }
                return Ok(value);
            }
            Err(AttemptError::Fatal(error)) => return Err(error),
            Err(AttemptError::Passing(fault, asked)) => (fault, asked),
        };
        attempts += 1;
        let pause = retry.pause(attempts, asked);
        let elapsed = started.elapsed();
        if elapsed + pause > retry.give_up_after {
            return Err(SourceError::GaveUp {
                attempts,
                elapsed,
                last: fault,
            });
        }
        tracing::warn!(
            attempts,
            pause_ms = pause.as_millis(),
            "reading the source failed, trying again: {}",
            words(&fault)
        );
        tokio::time::sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::source::error::Fault;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// The usual patience at a hundredth of its length.
    fn retry() -> Retry {
        let usual = Retry::default();
        Retry {
            first_pause: usual.first_pause / 100,
            longest_pause: usual.longest_pause / 100,
            longest_asked: usual.longest_asked / 100,
            give_up_after: usual.give_up_after / 100,
        }
    }

    /// A source that gives no byte for some time; how often it was asked.
    async fn out_for(away: Duration, asked: Option<Duration>) -> Result<u32, SourceError> {
        let started = Instant::now();
        let mut attempts = 0;
        let attempt = || {
            attempts += 1;
            let attempts = attempts;
            async move {
                if started.elapsed() >= away {
                    return Ok(attempts);
                }
                tokio::time::sleep(ms(60)).await;
                Err(AttemptError::Passing(Fault::Stalled(ms(60)), asked))
            }
        };
        with_retries(&retry(), attempt).await
    }

    #[tokio::test]
    async fn an_outage_of_twenty_seconds_is_survived() {
        let attempts = out_for(ms(200), None).await.unwrap();
        assert!((2..=5).contains(&attempts), "{attempts}");
    }

    #[tokio::test]
    async fn one_without_end_is_given_up() {
        let error = out_for(Duration::MAX, None).await.unwrap_err();
        let SourceError::GaveUp { elapsed, last, .. } = error else {
            panic!("{error:?}");
        };
        assert!(elapsed >= ms(700), "{elapsed:?}");
        assert!(matches!(last, Fault::Stalled(_)));
    }

    #[tokio::test]
    async fn a_server_that_asks_for_an_hour_is_asked_again_nevertheless() {
        let hour = Some(Duration::from_secs(3600));
        assert_eq!(out_for(ms(200), hour).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn what_does_not_pass_is_not_tried_again() {
        let mut attempts = 0;
        let result: Result<(), _> = with_retries(&retry(), || {
            attempts += 1;
            async { Err(SourceError::Changed.into()) }
        })
        .await;
        assert!(matches!(result, Err(SourceError::Changed)));
        assert_eq!(attempts, 1);
    }
}
