//! Writing progress to the table while the show goes on.
//!
//! A table that does not answer never stops a show: what could not be written is written with
//! the next report. A write that is refused because the broadcast belongs to another attempt, or
//! is settled, does stop it.

use std::time::Duration;

use broadcast::{
    BroadcastId, Failure, FailureKind, Phase, Progress, Status,
    table::{Claim, Table, TableError},
};
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval, timeout},
};

use crate::show::Update;

/// How often progress is written when nothing changes but the position. Also the longest time in
/// which an attempt that was overtaken learns of it.
const INTERVAL: Duration = Duration::from_secs(5);
/// How long one report may take: a newer one is waiting.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long the last report is tried; nothing comes after it.
pub(super) const LAST_PATIENCE: Duration = Duration::from_secs(20);
/// The same after SIGTERM, which gives 30 s for this and for all that is before and after it.
pub(super) const LAST_PATIENCE_ON_STOP: Duration = Duration::from_secs(10);
/// The pause between two tries of the last report.
const LAST_PAUSE: Duration = Duration::from_millis(500);

/// Writes the progress of one attempt.
pub(super) struct Reporter {
    table: Table,
    id: BroadcastId,
    claim: Claim,
    status: Status,
}

impl Reporter {
    /// A reporter of an attempt that was just claimed.
    pub(super) fn new(table: Table, id: BroadcastId, claim: Claim) -> Self {
        Self {
            table,
            id,
            claim,
            status: Status::Starting,
        }
    }

    /// Writes what `updates` say, at each change of phase and every five seconds, until there are
    /// no more. Ends early with the refusal when the broadcast is no longer this attempt's.
    /// `whole` makes progress of an update.
    pub(super) async fn follow(
        &mut self,
        mut updates: watch::Receiver<Update>,
        whole: impl Fn(Update) -> Progress,
    ) -> Result<(), TableError> {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut written: Option<Phase> = None;
        loop {
            let over = tokio::select! {
                _ = ticks.tick() => false,
                changed = phase_other_than(&mut updates, written) => changed.is_err(),
            };
            if over {
                return Ok(());
            }
            let update = updates.borrow_and_update().clone();
            let progress = whole(update);
            match timeout(PATIENCE, self.write(&progress)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) if is_final(&error) => return Err(error),
                Ok(Err(error)) => {
                    tracing::warn!(
                        reason = broadcast::aws::words(&error),
                        "progress not written"
                    );
                }
                Err(_) => tracing::warn!("progress not written: the table does not answer"),
            }
            // Even when it could not be written: it will be with the next tick.
            written = Some(progress.phase);
        }
    }

    /// Writes the last word of this attempt, with patience: a try that begins within it is waited
    /// for.
    pub(super) async fn last(
        &mut self,
        progress: &Progress,
        patience: Duration,
    ) -> Result<(), Failure> {
        let until = Instant::now() + patience;
        loop {
            let failure = match timeout(PATIENCE, self.write(progress)).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) if is_final(&error) => return Err(error.into()),
                Ok(Err(error)) => Failure::from(error),
                Err(_) => Failure::new(FailureKind::Internal, "the table does not answer"),
            };
            if Instant::now() >= until {
                return Err(failure);
            }
            tracing::warn!(
                reason = failure.message,
                "the last progress is not written yet"
            );
            tokio::time::sleep(LAST_PAUSE).await;
        }
    }

    async fn write(&mut self, progress: &Progress) -> Result<(), TableError> {
        // Where the phase leads nowhere from here, the broadcast stays where it is.
        let to = status_of(progress.phase)
            .and_then(|to| self.status.to(to).ok())
            .unwrap_or(self.status);
        self.table
            .report_progress(&self.id, &self.claim, progress, to)
            .await?;
        self.status = to;
        Ok(())
    }
}

/// Whether an error says that this attempt has nothing more to do.
fn is_final(error: &TableError) -> bool {
    matches!(
        error.kind(),
        FailureKind::Superseded | FailureKind::BadRequest
    )
}

/// The status of a broadcast whose streamer is in a phase; none where the state machine decides.
fn status_of(phase: Phase) -> Option<Status> {
    match phase {
        Phase::Opening => Some(Status::Starting),
        Phase::Standby => Some(Status::Standby),
        Phase::OnAir => Some(Status::OnAir),
        Phase::Interrupted => Some(Status::Interrupted),
        Phase::Finished => None,
    }
}

/// Waits until the phase is another than the one written. Fails when there are no more updates.
async fn phase_other_than(
    updates: &mut watch::Receiver<Update>,
    written: Option<Phase>,
) -> Result<(), watch::error::RecvError> {
    updates
        .wait_for(|update| Some(update.phase) != written)
        .await
        .map(|_| ())
}
