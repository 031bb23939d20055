//! After something went wrong: a pause and another try, or the end.

use std::{
    future,
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use broadcast::Failure;
use tokio::time::{Instant, sleep, sleep_until};

use super::{
    destination::Destination,
    gate,
    outcome::of_both,
    route::{Next, Side},
};

/// The longest wait before the air time, which is not to be missed by a backoff.
const LONGEST_WAIT_AHEAD: Duration = Duration::from_secs(1);

impl Destination {
    /// Waits before the next try, or gives up and says why.
    pub(super) async fn go_on(&mut self, failure: Failure, next: Next) -> Result<(), Failure> {
        self.reporter.disconnected(Some(failure.clone()));
        let wait = match next {
            Next::Never => return Err(self.given_up(failure)),
            Next::AtOnce => Duration::ZERO,
            Next::Later => self.next_wait(),
        };
        if self.is_out_of_patience(wait) {
            // A backup is not left untried.
            return match self.route.make_way() {
                true => Ok(()),
                false => Err(self.given_up(failure)),
            };
        }
        tokio::select! {
            () = self.stop.clone().cancelled_owned() => Err(self.interrupted()),
            () = sleep(wait) => Ok(()),
            // The rest of the pause would be the backup's time.
            () = until(self.makes_way_at()) => Ok(()),
        }
    }

    /// The end, in the words of all ingests that were tried.
    pub(super) fn given_up(&mut self, last: Failure) -> Failure {
        let first = self.standing(Side::First).failure.clone();
        let backup = self.standing(Side::Backup).failure.clone();
        let failure = of_both(first, backup).unwrap_or(last);
        tracing::warn!(destination = self.target.name, %failure, "given up");
        failure
    }

    /// A connection has brought the show further: what went wrong before is over.
    pub(super) fn recovered(&mut self) {
        self.failing_since = None;
        self.backoff = Default::default();
        self.standing(Side::First).failure = None;
        self.standing(Side::Backup).failure = None;
    }

    /// How long to wait before the next try.
    fn next_wait(&mut self) -> Duration {
        let wait = self.backoff.next(random());
        match gate::left(self.show.air_time) {
            Some(_) => wait.min(LONGEST_WAIT_AHEAD),
            None => wait,
        }
    }

    /// Counted from the last working connection, and never from before the air time. When
    /// everybody else is through, what is left of the patience is that of one who is alone.
    fn is_out_of_patience(&mut self, wait: Duration) -> bool {
        let since = self.failing_since.get_or_insert_with(Instant::now);
        let without = since.elapsed().min(gate::past(self.show.air_time));
        let alone = self.alone.borrow().map(|since| since.elapsed());
        without + wait > self.show.patience
            || alone.is_some_and(|alone| without.min(alone) + wait > self.show.patience_alone)
    }
}

/// Waits for a moment; for ever if there is none.
pub(super) async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => future::pending().await,
    }
}

/// Something that differs each time; nothing secret hangs on it.
fn random() -> u64 {
    RandomState::new().hash_one("random")
}
