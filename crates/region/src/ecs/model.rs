//! A task, and how ECS and Step Functions show it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::capitalised;
use crate::arn;

/// A task as it is stored. Its wire forms are [`Task::to_api`] and [`Task::to_step_functions`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Task {
    /// 32 hexadecimal digits.
    pub(crate) id: String,
    pub(crate) family: String,
    /// The one container's name.
    pub(crate) container: String,
    /// As the API has it, `{"containerOverrides": […]}`.
    pub(crate) overrides: Value,
    pub(crate) started_by: Option<String>,
    pub(crate) group: String,
    pub(crate) tags: Value,
    /// `FARGATE` or `FARGATE_SPOT`, where RunTask was asked for one of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) capacity_provider: Option<String>,
    pub(crate) desired: Status,
    pub(crate) last: Status,
    /// Counts the changes.
    pub(crate) version: u64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) started_at: Option<DateTime<Utc>>,
    pub(crate) stopping_at: Option<DateTime<Utc>>,
    pub(crate) stopped_at: Option<DateTime<Utc>>,
    pub(crate) stop_code: Option<StopCode>,
    pub(crate) stopped_reason: Option<String>,
    pub(crate) exit_code: Option<i32>,
    pub(crate) container_reason: Option<String>,
}

/// Where a task is, or is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Status {
    Pending,
    Running,
    Stopped,
}

impl Status {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Stopped => "STOPPED",
        }
    }
}

/// Why a task stopped, in ECS's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum StopCode {
    TaskFailedToStart,
    EssentialContainerExited,
    UserInitiated,
    TerminationNotice,
}

impl StopCode {
    fn name(self) -> &'static str {
        match self {
            Self::TaskFailedToStart => "TaskFailedToStart",
            Self::EssentialContainerExited => "EssentialContainerExited",
            Self::UserInitiated => "UserInitiated",
            Self::TerminationNotice => "TerminationNotice",
        }
    }
}

impl Task {
    pub(crate) fn arn(&self) -> String {
        arn::task(&self.id)
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.last == Status::Stopped
    }

    /// The task in an answer of the ECS API: camelCase, times in epoch seconds.
    pub(crate) fn to_api(&self) -> Value {
        self.render(|instant| json!(epoch_seconds(instant)))
    }

    /// The task in the result of `ecs:runTask.sync`, and in the Cause of its failure:
    /// PascalCase, times in epoch milliseconds.
    pub(crate) fn to_step_functions(&self) -> Value {
        capitalised(&self.render(|instant| json!(instant.timestamp_millis())))
    }

    fn render(&self, time: impl Fn(DateTime<Utc>) -> Value) -> Value {
        let arn = self.arn();
        let container = object([
            (
                "containerArn",
                Some(json!(format!(
                    "{}/{}",
                    arn.replacen(":task/", ":container/", 1),
                    self.id
                ))),
            ),
            ("exitCode", self.exit_code.map(|code| json!(code))),
            ("lastStatus", Some(json!(self.last.name()))),
            ("name", Some(json!(self.container))),
            ("networkBindings", Some(json!([]))),
            ("networkInterfaces", Some(json!([]))),
            (
                "reason",
                self.container_reason.as_ref().map(|reason| json!(reason)),
            ),
            ("taskArn", Some(json!(arn))),
        ]);
        object([
            ("attachments", Some(json!([]))),
            ("attributes", Some(json!([]))),
            (
                "capacityProviderName",
                self.capacity_provider.as_ref().map(|name| json!(name)),
            ),
            ("clusterArn", Some(json!(arn::cluster()))),
            ("connectivity", self.started_at.map(|_| json!("CONNECTED"))),
            ("connectivityAt", self.started_at.map(&time)),
            ("containers", Some(json!([container]))),
            ("createdAt", Some(time(self.created_at))),
            ("desiredStatus", Some(json!(self.desired.name()))),
            ("enableExecuteCommand", Some(json!(false))),
            ("executionStoppedAt", self.stopped_at.map(&time)),
            ("group", Some(json!(self.group))),
            ("healthStatus", Some(json!("UNKNOWN"))),
            ("lastStatus", Some(json!(self.last.name()))),
            ("launchType", Some(json!("FARGATE"))),
            ("overrides", Some(self.overrides.clone())),
            ("platformVersion", Some(json!("1.4.0"))),
            ("startedAt", self.started_at.map(&time)),
            ("startedBy", self.started_by.as_ref().map(|by| json!(by))),
            ("stopCode", self.stop_code.map(|code| json!(code.name()))),
            ("stoppedAt", self.stopped_at.map(&time)),
            (
                "stoppedReason",
                self.stopped_reason.as_ref().map(|reason| json!(reason)),
            ),
            ("stoppingAt", self.stopping_at.map(&time)),
            ("tags", Some(self.tags.clone())),
            ("taskArn", Some(json!(arn))),
            (
                "taskDefinitionArn",
                Some(json!(arn::task_definition(&self.family))),
            ),
            ("version", Some(json!(self.version))),
        ])
    }
}

/// Seconds since the epoch with milliseconds, as the JSON protocols write an instant.
pub(crate) fn epoch_seconds(instant: DateTime<Utc>) -> f64 {
    // Exact up to the year 287396.
    let milliseconds = instant.timestamp_millis() as f64;
    milliseconds / 1000.0
}

fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let present: Map<String, Value> = members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect();
    Value::Object(present)
}
