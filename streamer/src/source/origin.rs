//! The places a source can come from, behind one question: these bytes, please.

use std::{ops::Range, time::Instant};

use broadcast::aws::words;
use bytes::Bytes;

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
}

impl Origin {
    /// One attempt at a range that lies within the source.
    pub(crate) async fn attempt(&self, range: Range<u64>) -> Result<Bytes, AttemptError> {
        match self {
            Self::File(file) => Ok(file.read(range).await?),
            Self::Web(web) => web.read(range).await,
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
        let fault = match attempt().await {
            Ok(value) => return Ok(value),
            Err(AttemptError::Fatal(error)) => return Err(error),
            Err(AttemptError::Passing(fault)) => fault,
        };
        attempts += 1;
        let pause = retry.pause(attempts);
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
