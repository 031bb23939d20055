//! Tasks that nobody waits for any more.

use aws_sdk_ecs::types::{DesiredStatus, Task};
use broadcast::{BroadcastId, Failure, FailureKind, aws};

use crate::State;

/// How many tasks DescribeTasks takes at once.
const AT_ONCE: usize = 100;

/// Stops the tasks of a broadcast, which are those of the group that is named after it. (Step
/// Functions keeps StartedBy to itself, by which ListTasks could find them.)
///
/// Step Functions stops its task itself when an execution is stopped, but only as well as it can;
/// a streamer that is left over would be fenced off at its next word to the table.
pub(crate) async fn stop(
    state: &State,
    broadcast: &BroadcastId,
    reason: &str,
) -> Result<(), Failure> {
    for task in running(state).await? {
        let Some(arn) = task.task_arn() else { continue };
        if task.group() != Some(broadcast.as_str()) {
            continue;
        }
        tracing::warn!(%broadcast, task = arn, reason, "a task is left over; stopping it");
        state
            .tasks
            .stop_task()
            .cluster(&state.cluster)
            .task(arn)
            .reason(reason)
            .send()
            .await
            .map_err(|error| internal(&error))?;
    }
    Ok(())
}

/// All tasks of the cluster that are to run. There are as many as shows at the same time.
async fn running(state: &State) -> Result<Vec<Task>, Failure> {
    let mut pages = state
        .tasks
        .list_tasks()
        .cluster(&state.cluster)
        .desired_status(DesiredStatus::Running)
        .into_paginator()
        .items()
        .send();
    let mut arns = Vec::new();
    while let Some(arn) = pages.next().await {
        arns.push(arn.map_err(|error| internal(&error))?);
    }
    let mut tasks = Vec::new();
    for arns in arns.chunks(AT_ONCE) {
        let described = state
            .tasks
            .describe_tasks()
            .cluster(&state.cluster)
            .set_tasks(Some(arns.to_vec()))
            .send()
            .await
            .map_err(|error| internal(&error))?;
        tasks.extend(described.tasks.unwrap_or_default());
    }
    Ok(tasks)
}

fn internal(error: &dyn std::error::Error) -> Failure {
    let message = format!(
        "the streamer's tasks cannot be looked after: {}",
        aws::words(error)
    );
    Failure::new(FailureKind::Internal, message)
}
