//! Tasks that nobody waits for any more.

use broadcast::{BroadcastId, Failure, FailureKind, aws};

use crate::State;

/// Stops the tasks that were started by a broadcast.
///
/// Step Functions does so itself when an execution is stopped, but only as well as it can; a
/// streamer that is left over would be fenced off at its next word to the table.
pub(crate) async fn stop(
    state: &State,
    broadcast: &BroadcastId,
    reason: &str,
) -> Result<(), Failure> {
    let running = state
        .tasks
        .list_tasks()
        .cluster(&state.cluster)
        .started_by(broadcast.as_str())
        .send()
        .await
        .map_err(|error| internal(&error))?;
    for task in running.task_arns() {
        tracing::warn!(%broadcast, task, reason, "a task is left over; stopping it");
        state
            .tasks
            .stop_task()
            .cluster(&state.cluster)
            .task(task)
            .reason(reason)
            .send()
            .await
            .map_err(|error| internal(&error))?;
    }
    Ok(())
}

fn internal(error: &dyn std::error::Error) -> Failure {
    let message = format!(
        "the streamer's tasks cannot be looked after: {}",
        aws::words(error)
    );
    Failure::new(FailureKind::Internal, message)
}
