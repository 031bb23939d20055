//! Getting a connection, with the patience that the show has.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use broadcast::{Failure, FailureKind};
use futures_util::{FutureExt, future::BoxFuture};
use tokio::time::{Instant, sleep};

use super::{destination::Destination, gate};
use crate::ingest::{Connection, OpenError};

/// How often an ingest may reject a key, or show a certificate that is not trusted, before we
/// believe it, where there is reason for doubt.
const DOUBTFUL_REJECTIONS: u32 = 3;

/// The longest wait before the air time, which is not to be missed by a backoff.
const LONGEST_WAIT_AHEAD: Duration = Duration::from_secs(1);

impl Destination {
    /// Connects and publishes, again and again until it works, it is pointless, or patience ends.
    pub(super) async fn open(&mut self) -> Result<Connection, Failure> {
        loop {
            // In a box, for it is large and short-lived, and the task lasts as long as the show.
            let attempt: BoxFuture<'_, _> =
                Connection::publish(&self.target.ingest, &self.target.key, &self.dial).boxed();
            let error = tokio::select! {
                () = self.stop.clone().cancelled_owned() => return Err(self.interrupted()),
                result = attempt => match result {
                    Ok(connection) => {
                        tracing::info!(destination = self.target.name, "the ingest took the key");
                        self.accepted = true;
                        self.rejections = 0;
                        self.reporter.connected();
                        return Ok(connection);
                    }
                    Err(error) => error,
                },
            };
            let wait = self.next_wait();
            let given_up = self.is_pointless(&error) || self.is_out_of_patience(wait);
            let failure = Failure::from(error);
            tracing::warn!(destination = self.target.name, %failure, given_up, "no ingest");
            self.reporter.disconnected(Some(failure.clone()));
            if given_up {
                return Err(failure);
            }
            tokio::select! {
                () = self.stop.clone().cancelled_owned() => return Err(self.interrupted()),
                () = sleep(wait) => {}
            }
        }
    }

    /// Whether another try cannot help.
    fn is_pointless(&mut self, error: &OpenError) -> bool {
        if matches!(error, OpenError::Certificate { .. }) {
            // One of several servers behind a name may have been set up wrong.
            self.rejections += 1;
            return !self.accepted || self.rejections >= DOUBTFUL_REJECTIONS;
        }
        match error.kind() {
            FailureKind::BadRequest | FailureKind::Internal => true,
            FailureKind::TokenRejected => {
                // Until the air time someone may still set the key right, or start the event that
                // it belongs to.
                if gate::left(self.show.air_time).is_some() {
                    return false;
                }
                self.rejections += 1;
                match (error, self.accepted) {
                    // It was good a moment ago; an ingest that restarts closes without a word.
                    (OpenError::ClosedOnKey, true) => false,
                    (OpenError::ClosedOnKey, false) | (_, true) => {
                        self.rejections >= DOUBTFUL_REJECTIONS
                    }
                    (_, false) => true,
                }
            }
            _ => false,
        }
    }

    /// How long to wait before the next try.
    pub(super) fn next_wait(&mut self) -> Duration {
        let wait = self.backoff.next(random());
        match gate::left(self.show.air_time) {
            Some(_) => wait.min(LONGEST_WAIT_AHEAD),
            None => wait,
        }
    }

    /// Counted from the last working connection, and never from before the air time. When
    /// everybody else is through, what is left of the patience is that of one who is alone.
    pub(super) fn is_out_of_patience(&mut self, wait: Duration) -> bool {
        let since = self.failing_since.get_or_insert_with(Instant::now);
        let without = since.elapsed().min(gate::past(self.show.air_time));
        let alone = self.alone.borrow().map(|since| since.elapsed());
        without + wait > self.show.patience
            || alone.is_some_and(|alone| without.min(alone) + wait > self.show.patience_alone)
    }
}

/// Something that differs each time; nothing secret hangs on it.
fn random() -> u64 {
    RandomState::new().hash_one("random")
}
