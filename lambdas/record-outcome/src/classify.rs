//! From a caught error to a kind of failure and words. Pure.

use broadcast::{Failure, FailureKind, MediaTime, Progress};
use serde::Deserialize;
use serde_json::Value;

use crate::event::Stage;

/// What the streamer itself said before it ended. Its words are better than its exit code, as
/// long as both say the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Witness {
    /// How the streamer recorded its end.
    pub(crate) attempt: Option<Failure>,
    /// Its last progress.
    pub(crate) progress: Option<Progress>,
}

/// The parts of an ECS task that tell how it ended, as Step Functions puts it into a cause.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Task {
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

/// What an error that a state of the workflow caught means.
pub(crate) fn classify(stage: Stage, error: &str, cause: &str, witness: &Witness) -> Failure {
    let json: Option<Value> = serde_json::from_str(cause).ok();
    let failure = if let Ok(kind) = error.parse::<FailureKind>() {
        // A function of ours: the cause is {"errorType", "errorMessage"}.
        let message = json
            .as_ref()
            .and_then(|cause| cause["errorMessage"].as_str());
        Failure::new(kind, message.unwrap_or(cause))
    } else if let Some(task) = json.and_then(task) {
        of_task(&task, witness)
    } else {
        Failure::new(FailureKind::Internal, of_service(stage, error, cause))
    };
    match position(witness) {
        Some(position) if failure.position.is_none() => failure.at(position),
        _ => failure,
    }
}

/// A task, if the JSON is one.
fn task(json: Value) -> Option<Task> {
    let is_task = json.get("Containers").is_some() || json.get("StopCode").is_some();
    is_task.then(|| serde_json::from_value(json).ok()).flatten()
}

fn of_task(task: &Task, witness: &Witness) -> Failure {
    let exit_code = task
        .containers
        .iter()
        .filter_map(|container| container.exit_code)
        .find(|code| *code != 0);
    let never_ran = task.stop_code.as_deref() == Some("TaskFailedToStart");
    let kind = match exit_code {
        Some(code) => of_exit_code(code),
        None if never_ran => FailureKind::Internal,
        None => FailureKind::Interrupted,
    };
    if let Some(failure) = testimony(kind, witness) {
        return failure;
    }
    let reason = task
        .containers
        .iter()
        .find_map(|container| container.reason.as_deref())
        .or(task.stopped_reason.as_deref())
        .unwrap_or("no reason was given");
    let message = match exit_code {
        Some(code) => format!("the streamer ended with exit code {code}: {reason}"),
        None if never_ran => format!("the streamer could not be started: {reason}"),
        None => format!("the streamer was stopped: {reason}"),
    };
    Failure::new(kind, message)
}

fn of_exit_code(code: i64) -> FailureKind {
    match FailureKind::from_exit_code(code) {
        Some(kind) => kind,
        // 128 + SIGINT, SIGKILL (also for want of memory), SIGTERM.
        None if matches!(code, 130 | 137 | 143) => FailureKind::Interrupted,
        None => FailureKind::Internal,
    }
}

/// What the streamer said of a failure of this kind.
fn testimony(kind: FailureKind, witness: &Witness) -> Option<Failure> {
    if let Some(failure) = witness
        .attempt
        .as_ref()
        .filter(|failure| failure.kind == kind)
    {
        return Some(failure.clone());
    }
    let destinations = &witness.progress.as_ref()?.destinations;
    let of_kind: Vec<(&str, &Failure)> = destinations
        .iter()
        .filter(|destination| !destination.finished)
        .filter_map(|destination| Some((destination.name.as_str(), destination.failure.as_ref()?)))
        .filter(|(_, failure)| failure.kind == kind)
        .collect();
    match of_kind.as_slice() {
        [] => None,
        [(_, failure)] => Some((*failure).clone()),
        several => {
            let messages: Vec<String> = several
                .iter()
                .map(|(name, failure)| format!("{name}: {}", failure.message))
                .collect();
            Some(Failure::new(kind, messages.join("; ")))
        }
    }
}

/// An error of AWS, not of ours.
fn of_service(stage: Stage, error: &str, cause: &str) -> String {
    let what = match stage {
        Stage::Stream => "the streamer's task",
        Stage::ValidateToken => "trying the stream keys",
        Stage::Persist => "opening an attempt",
        Stage::RecordOutcome => "recording the outcome",
    };
    if error == "States.Timeout" {
        return format!("{what} took too long");
    }
    // A cause may be a whole task or trace; a person reads this.
    let cause: String = cause.chars().take(500).collect();
    if cause.is_empty() {
        format!("{what} failed with {error}")
    } else {
        format!("{what} failed with {error}: {cause}")
    }
}

fn position(witness: &Witness) -> Option<MediaTime> {
    let position = witness.progress.as_ref()?.position();
    (position > MediaTime::ZERO).then_some(position)
}
