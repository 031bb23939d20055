//! Ending a broadcast that runs.

use broadcast::{Broadcast, Failure, FailureKind, Outcome, Status};
use chrono::{DateTime, Utc};

use super::{forget_keys, table_problem};
use crate::{Api, Problem, execution::Stopped};

/// Stops the execution of a broadcast; the rule on its change of status then settles the
/// broadcast. One whose execution is gone, which nobody else would settle, is settled here.
pub(super) async fn end(api: &Api, broadcast: &Broadcast, cause: &str) -> Result<(), Problem> {
    let id = &broadcast.id;
    if api.stop_execution(id, cause).await? == Stopped::NotRunning {
        // Refused when it was settled since it was read: aired in this moment, for one.
        api.table
            .settle(
                id,
                Some(broadcast.attempts),
                Status::Cancelled,
                &called_off(broadcast, cause, Utc::now()),
            )
            .await
            .map_err(table_problem)?;
    }
    forget_keys(api, broadcast).await;
    Ok(())
}

/// The outcome of a broadcast that its owner called off.
pub(super) fn called_off(broadcast: &Broadcast, cause: &str, now: DateTime<Utc>) -> Outcome {
    let destinations = broadcast
        .progress
        .as_ref()
        .map(|progress| progress.destinations.clone())
        .unwrap_or_default();
    Outcome {
        settled_at: now,
        attempts: broadcast.attempts,
        on_air_error_ms: destinations.iter().find_map(|one| one.on_air_error_ms),
        destinations,
        failure: Some(Failure::new(FailureKind::Interrupted, cause)),
    }
}
