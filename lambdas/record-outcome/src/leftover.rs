//! Tasks that nobody waits for any more.
//!
//! Step Functions stops its task itself when an execution is stopped, but only as well as it can;
//! a streamer that is left over is fenced off at its next word to the table. What is here makes
//! sure that none is paid for that does nothing. Of a show that has aired no task is left: Step
//! Functions waited until ECS said that it is stopped; and none of one that was missed.
//!
//! ListTasks filters neither by group nor, for these tasks, by who started them (Step Functions
//! gives all of them the same StartedBy), and there may be thousands. So a task is looked up in the
//! history of its execution, where RunTask's answer is: three calls, however many there are.

use aws_sdk_ecs::{error::ProvideErrorMetadata, types::DesiredStatus};
use aws_sdk_sfn::types::HistoryEventType;
use broadcast::{BroadcastId, Failure, FailureKind, aws};
use serde_json::Value;

use crate::State;

/// How far back in its history an execution's last task is looked for. From one task to the next
/// are two dozen events.
const EVENTS: i32 = 200;
/// How many tasks DescribeTasks takes at once.
const AT_ONCE: usize = 100;
/// How many pages of tasks are looked through for one that no history names.
const PAGES: usize = 10;

/// Stops the last task that an execution ran, if it still runs.
pub(crate) async fn stop_last_of(
    state: &State,
    broadcast: &BroadcastId,
    execution: &str,
    reason: &str,
) -> Result<(), Failure> {
    let tasks = last_of(state, execution).await?;
    if tasks.is_empty() {
        return Ok(());
    }
    let described = state
        .tasks
        .describe_tasks()
        .cluster(&state.cluster)
        .set_tasks(Some(tasks))
        .send()
        .await
        .map_err(|error| internal(&error))?;
    for task in described.tasks() {
        if let (Some(arn), Some("RUNNING")) = (task.task_arn(), task.desired_status()) {
            stop(state, broadcast, arn, reason).await?;
        }
    }
    Ok(())
}

/// Stops every task of a broadcast, which are those of the group that is named after it: when the
/// answer to RunTask was lost, Step Functions ran a second one that no history names.
///
/// It looks through a thousand tasks at most. One that is not among them leaves by itself within
/// seconds, because the next attempt fences it off.
pub(crate) async fn stop_all_of(
    state: &State,
    broadcast: &BroadcastId,
    reason: &str,
) -> Result<(), Failure> {
    let mut pages = state
        .tasks
        .list_tasks()
        .cluster(&state.cluster)
        .desired_status(DesiredStatus::Running)
        .into_paginator()
        .send();
    for _ in 0..PAGES {
        let Some(page) = pages.next().await else {
            break;
        };
        let arns = page
            .map_err(|error| internal(&error))?
            .task_arns
            .unwrap_or_default();
        for arns in arns.chunks(AT_ONCE) {
            let described = state
                .tasks
                .describe_tasks()
                .cluster(&state.cluster)
                .set_tasks(Some(arns.to_vec()))
                .send()
                .await
                .map_err(|error| internal(&error))?;
            for task in described.tasks() {
                if let (Some(arn), true) =
                    (task.task_arn(), task.group() == Some(broadcast.as_str()))
                {
                    stop(state, broadcast, arn, reason).await?;
                }
            }
        }
    }
    Ok(())
}

/// The ARNs of the last task that an execution ran.
async fn last_of(state: &State, execution: &str) -> Result<Vec<String>, Failure> {
    let history = state
        .workflows
        .get_execution_history()
        .execution_arn(execution)
        .reverse_order(true)
        .include_execution_data(true)
        .max_results(EVENTS)
        .send()
        .await;
    let history = match history {
        Ok(history) => history,
        Err(error) if error.code() == Some("ExecutionDoesNotExist") => return Ok(Vec::new()),
        Err(error) => return Err(internal(&error)),
    };
    let submitted = history
        .events
        .iter()
        .filter(|event| event.r#type == HistoryEventType::TaskSubmitted)
        .find_map(|event| event.task_submitted_event_details()?.output());
    Ok(submitted.map(submitted_tasks).unwrap_or_default())
}

/// The tasks in RunTask's answer as the history has it.
fn submitted_tasks(output: &str) -> Vec<String> {
    let output: Value = serde_json::from_str(output).unwrap_or_default();
    let tasks = output["Tasks"].as_array();
    tasks
        .into_iter()
        .flatten()
        .filter_map(|task| task["TaskArn"].as_str())
        .map(str::to_owned)
        .collect()
}

async fn stop(
    state: &State,
    broadcast: &BroadcastId,
    arn: &str,
    reason: &str,
) -> Result<(), Failure> {
    tracing::warn!(%broadcast, task = arn, reason, "a task is left over; stopping it");
    let stopped = state
        .tasks
        .stop_task()
        .cluster(&state.cluster)
        .task(arn)
        .reason(reason)
        .send()
        .await;
    match stopped {
        Ok(_) => Ok(()),
        // It is gone for so long that ECS has forgotten it.
        Err(error) if error.code() == Some("InvalidParameterException") => Ok(()),
        Err(error) => Err(internal(&error)),
    }
}

fn internal(error: &dyn std::error::Error) -> Failure {
    let message = format!(
        "the streamer's tasks cannot be looked after: {}",
        aws::words(error)
    );
    Failure::new(FailureKind::Internal, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_of_an_answer() {
        let answer = r#"{"Failures":[],"Tasks":[{"TaskArn":"arn:a","LastStatus":"PROVISIONING"}]}"#;
        assert_eq!(submitted_tasks(answer), ["arn:a"]);
        assert!(submitted_tasks("{}").is_empty() && submitted_tasks("").is_empty());
    }
}
