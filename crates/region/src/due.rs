//! Doing durable work when it is due.

use std::{collections::HashSet, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use tokio::{sync::Notify, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{clock::Clock, store::StoreError};

/// Pause after the store failed, so that a full disk does not become a busy loop.
const STORE_FAILED: Duration = Duration::from_secs(1);

/// A table of work with a due time. An item stays in the table until `perform` has taken it out
/// or given it a later time, so a crash repeats it: at least once.
pub(crate) trait DueWork: Send + Sync + 'static {
    /// One piece of work.
    type Item: Send + 'static;

    /// What is due at `now`, each with its id.
    fn due(
        &self,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Vec<(String, Self::Item)>, StoreError>> + Send;

    /// The first due time after `now`.
    fn next_after(
        &self,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Option<DateTime<Utc>>, StoreError>> + Send;

    /// Does it and writes down the result.
    fn perform(&self, item: Self::Item) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Performs `work` as it comes due, items side by side, until `stop`.
/// `changed` tells that the table changed.
pub(crate) async fn run<W: DueWork>(
    work: Arc<W>,
    clock: Clock,
    changed: Arc<Notify>,
    stop: CancellationToken,
) {
    let mut running = JoinSet::new();
    let mut in_flight = HashSet::new();
    loop {
        let next = match start_due(&work, clock, &mut running, &mut in_flight).await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(error = %crate::error::chain(&error), "due work could not be read");
                Some(clock.now() + STORE_FAILED)
            }
        };
        let until_next = async {
            match next {
                Some(next) => clock.sleep_until(next).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = changed.notified() => {}
            () = until_next => {}
            Some(done) = running.join_next() => {
                if let Ok(id) = done {
                    in_flight.remove(&id);
                }
            }
        }
    }
}

async fn start_due<W: DueWork>(
    work: &Arc<W>,
    clock: Clock,
    running: &mut JoinSet<String>,
    in_flight: &mut HashSet<String>,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let now = clock.now();
    for (id, item) in work.due(now).await? {
        if !in_flight.insert(id.clone()) {
            continue;
        }
        let work = Arc::clone(work);
        running.spawn(async move {
            // Its own task, so that a panic costs this item only, and its id comes back.
            let performed = tokio::spawn(async move { work.perform(item).await }).await;
            match performed {
                Ok(Ok(())) => return id,
                Ok(Err(error)) => {
                    tracing::error!(error = %crate::error::chain(&error), id, "due work could not be recorded");
                }
                Err(error) => tracing::error!(%error, id, "due work panicked"),
            }
            tokio::time::sleep(STORE_FAILED).await;
            id
        });
    }
    work.next_after(now).await
}
