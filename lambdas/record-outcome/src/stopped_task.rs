//! What ECS says of a task that stopped or never started, and what that means to people. Pure.

use broadcast::FailureKind;
use serde::Deserialize;
use serde_json::Value;

/// The parts of an ECS task that tell how it ended, as Step Functions puts it into a cause.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StoppedTask {
    #[serde(default)]
    stop_code: Option<String>,
    #[serde(default)]
    stopped_reason: Option<String>,
    #[serde(default)]
    containers: Vec<Container>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Container {
    #[serde(default)]
    exit_code: Option<i64>,
    #[serde(default)]
    reason: Option<String>,
}

/// What the beginning of a reason means, by
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html> and
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html>.
const MEANINGS: [(&str, &str); 8] = [
    (
        "Capacity is unavailable",
        "AWS has no room for the streamer just now",
    ),
    ("RESOURCE:", "AWS has no room for the streamer just now"),
    (
        "You've reached the limit on the number of vCPUs",
        "the account's quota of Fargate vCPUs is used up; raise it in Service Quotas",
    ),
    (
        "CannotPullContainerError",
        "the streamer's image could not be pulled; see that its tag is in the repository and that \
         the subnets have a way to it",
    ),
    (
        "CannotPullImageManifestError",
        "the streamer's image could not be pulled; see that its tag is in the repository",
    ),
    (
        "ResourceInitializationError",
        "the streamer's task could not be set up; see that its execution role and its subnets let \
         it reach the image repository and the log group",
    ),
    (
        "OutOfMemoryError",
        "the streamer ran out of memory; give its task more",
    ),
    (
        "Timeout waiting for network interface provisioning",
        "the streamer's task got no network interface; see that its subnets have free addresses",
    ),
];

impl StoppedTask {
    /// A task, if the JSON is one.
    pub(crate) fn read(json: &Value) -> Option<Self> {
        let is_task = json.get("Containers").is_some() || json.get("StopCode").is_some();
        is_task.then(|| Self::deserialize(json).ok()).flatten()
    }

    pub(crate) fn kind(&self) -> FailureKind {
        match self.exit_code() {
            Some(code) => of_exit_code(code),
            None if self.never_ran() => FailureKind::Internal,
            None => FailureKind::Interrupted,
        }
    }

    /// Whether AWS took the spare capacity back that it ran on. The streamer only knows that it
    /// was told to stop.
    pub(crate) fn lost_spare_capacity(&self) -> bool {
        self.stop_code.as_deref() == Some("SpotInterruption")
            && self.kind() == FailureKind::Interrupted
    }

    pub(crate) fn message(&self) -> String {
        let reason = self
            .containers
            .iter()
            .find_map(|container| container.reason.as_deref())
            .or(self.stopped_reason.as_deref())
            .unwrap_or("no reason was given");
        if self.lost_spare_capacity() {
            return format!("AWS took back the spare capacity that the streamer ran on: {reason}");
        }
        if let Some(meaning) = meaning(reason) {
            return format!("{meaning}: {reason}");
        }
        match self.exit_code() {
            Some(code) => format!("the streamer ended with exit code {code}: {reason}"),
            None if self.never_ran() => format!("the streamer could not be started: {reason}"),
            None => format!("the streamer was stopped: {reason}"),
        }
    }

    fn exit_code(&self) -> Option<i64> {
        let mut codes = self.containers.iter().filter_map(|one| one.exit_code);
        codes.find(|code| *code != 0)
    }

    fn never_ran(&self) -> bool {
        self.stop_code.as_deref() == Some("TaskFailedToStart")
    }
}

/// What RunTask said when it started no task: the `Failures` of its answer.
pub(crate) fn refusal(json: &Value) -> Option<String> {
    let failures = json.get("Failures")?.as_array()?;
    let reasons: Vec<String> = failures
        .iter()
        .filter_map(|failure| failure["Reason"].as_str())
        .map(|reason| match meaning(reason) {
            Some(meaning) => format!("{meaning}: {reason}"),
            None => format!("the streamer could not be started: {reason}"),
        })
        .collect();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

/// What a reason means to people, if it is one that is known.
pub(crate) fn meaning(reason: &str) -> Option<&'static str> {
    let (_, meaning) = MEANINGS
        .iter()
        .find(|(beginning, _)| reason.contains(beginning))?;
    Some(meaning)
}

fn of_exit_code(code: i64) -> FailureKind {
    match FailureKind::from_exit_code(code) {
        Some(kind) => kind,
        // 128 + SIGINT, SIGKILL (also for want of memory), SIGTERM.
        None if matches!(code, 130 | 137 | 143) => FailureKind::Interrupted,
        None => FailureKind::Internal,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(task: Value, kind: FailureKind, message: &str) {
        let task = StoppedTask::read(&task).unwrap();
        let found = task.message();
        assert_eq!(task.kind(), kind, "{found}");
        assert!(found.starts_with(message), "{found}");
    }

    fn failed_to_start(reason: &str) -> Value {
        json!({ "StopCode": "TaskFailedToStart", "StoppedReason": reason, "Containers": [{}] })
    }

    #[test]
    fn what_never_ran_is_tried_again() {
        for (reason, message) in [
            (
                "Capacity is unavailable at this time. Please try again later or in a different \
                 availability zone",
                "AWS has no room for the streamer just now: Capacity is",
            ),
            (
                "CannotPullContainerError: pull image manifest has been retried 5 time(s)",
                "the streamer's image could not be pulled; see",
            ),
            (
                "ResourceInitializationError: failed to validate logger args: context deadline",
                "the streamer's task could not be set up; see",
            ),
            (
                "Timeout waiting for network interface provisioning to complete.",
                "the streamer's task got no network interface; see",
            ),
            (
                "CannotStartContainerError: no such file",
                "the streamer could not be started: CannotStartContainerError",
            ),
        ] {
            check(failed_to_start(reason), FailureKind::Internal, message);
        }
    }

    #[test]
    fn what_was_taken_away_is_an_interruption() {
        let spot = |container: Value| {
            json!({
                "StopCode": "SpotInterruption", "StoppedReason": "Your Spot Task was interrupted.",
                "Containers": [container],
            })
        };
        let words = "AWS took back the spare capacity that the streamer ran on: Your Spot Task";
        check(spot(json!({})), FailureKind::Interrupted, words);
        check(
            spot(json!({ "ExitCode": 75 })),
            FailureKind::Interrupted,
            words,
        );
        check(
            spot(json!({ "ExitCode": 0 })),
            FailureKind::Interrupted,
            words,
        );
        check(
            spot(json!({ "ExitCode": 77 })),
            FailureKind::TokenRejected,
            "the streamer ended with exit code 77",
        );
    }

    #[test]
    fn want_of_memory_is_told() {
        let task = json!({
            "StopCode": "EssentialContainerExited",
            "StoppedReason": "Essential container in task exited",
            "Containers": [{
                "ExitCode": 137,
                "Reason": "OutOfMemoryError: Container killed due to memory usage",
            }],
        });
        check(
            task,
            FailureKind::Interrupted,
            "the streamer ran out of memory; give its task more: OutOfMemoryError",
        );
    }

    #[test]
    fn refusals_of_run_task() {
        let refused = json!({ "Tasks": [], "Failures": [
            { "Reason": "RESOURCE:CPU" }, { "Reason": "AGENT" },
        ]});
        assert_eq!(
            refusal(&refused).as_deref(),
            Some(
                "AWS has no room for the streamer just now: RESOURCE:CPU; \
                 the streamer could not be started: AGENT"
            )
        );
        assert_eq!(refusal(&json!({ "Failures": [] })), None);
    }
}
