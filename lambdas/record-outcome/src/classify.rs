//! From a caught error to a kind of failure and words. Pure.

use broadcast::{Failure, FailureKind, MediaTime, Progress};
use serde_json::Value;

use crate::{
    event::Stage,
    stopped_task::{StoppedTask, meaning, refusal},
};

/// What the streamer itself said before it ended. Its words are better than its exit code, as
/// long as both say the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Witness {
    /// How the streamer recorded its end.
    pub(crate) attempt: Option<Failure>,
    /// Its last progress.
    pub(crate) progress: Option<Progress>,
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
    } else if let Some(task) = json.as_ref().and_then(StoppedTask::read) {
        of_task(&task, witness)
    } else {
        let refusal = json.as_ref().and_then(refusal);
        let message = refusal.unwrap_or_else(|| of_service(stage, error, cause));
        Failure::new(FailureKind::Internal, message)
    };
    match position(witness) {
        Some(position) if failure.position.is_none() => failure.at(position),
        _ => failure,
    }
}

fn of_task(task: &StoppedTask, witness: &Witness) -> Failure {
    let kind = task.kind();
    match testimony(kind, witness) {
        Some(failure) if !task.lost_spare_capacity() => failure,
        _ => Failure::new(kind, task.message()),
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
    if let Some(meaning) = meaning(&cause) {
        return format!("{meaning}: {cause}");
    }
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

#[cfg(test)]
mod tests {
    use broadcast::{DestinationProgress, Phase};

    use super::*;

    const EXITED: &str = include_str!("../tests/events/task-exited.json");

    #[track_caller]
    fn check(stage: Stage, error: &str, cause: &str, kind: FailureKind, message: &str) {
        let failure = classify(stage, error, cause, &Witness::default());
        assert_eq!((failure.kind, failure.message.as_str()), (kind, message));
    }

    #[test]
    fn errors_of_our_functions_keep_their_kind_and_words() {
        check(
            Stage::ValidateToken,
            "TokenRejected",
            r#"{"errorType":"TokenRejected","errorMessage":"facebook: the ingest refused the key"}"#,
            FailureKind::TokenRejected,
            "facebook: the ingest refused the key",
        );
    }

    #[test]
    fn tasks_by_their_exit_code() {
        let cause =
            |code: &str| EXITED.replace("\"ExitCode\": 77", &format!("\"ExitCode\": {code}"));
        let check = |code: &str, kind, message: &str| {
            check(
                Stage::Stream,
                "States.TaskFailed",
                &cause(code),
                kind,
                message,
            );
        };
        let ended = |code: &str| {
            format!("the streamer ended with exit code {code}: Essential container in task exited")
        };
        for kind in FailureKind::ALL {
            let code = kind.exit_code().to_string();
            check(&code, kind, &ended(&code));
        }
        check("137", FailureKind::Interrupted, &ended("137"));
        check("143", FailureKind::Interrupted, &ended("143"));
        check("101", FailureKind::Internal, &ended("101"));
        let reason = "the streamer was stopped: Essential container in task exited";
        check("null", FailureKind::Interrupted, reason);
    }

    #[test]
    fn tasks_without_an_exit_code() {
        check(
            Stage::Stream,
            "States.TaskFailed",
            include_str!("../tests/events/task-spot-interruption.json"),
            FailureKind::Interrupted,
            "AWS took back the spare capacity that the streamer ran on: Your Spot Task was interrupted.",
        );
        let cause = include_str!("../tests/events/task-failed-to-start.json");
        let failure = classify(
            Stage::Stream,
            "TaskFailedToStart",
            cause,
            &Witness::default(),
        );
        assert_eq!(failure.kind, FailureKind::Internal);
        assert!(
            failure
                .message
                .starts_with("the streamer's image could not be pulled"),
            "{failure}"
        );
    }

    #[test]
    fn errors_of_the_services() {
        let check = |stage, error, cause, message| {
            check(stage, error, cause, FailureKind::Internal, message);
        };
        check(
            Stage::Stream,
            "States.Timeout",
            "",
            "the streamer's task took too long",
        );
        check(
            Stage::Persist,
            "Lambda.TooManyRequestsException",
            "Rate exceeded",
            "opening an attempt failed with Lambda.TooManyRequestsException: Rate exceeded",
        );
        check(
            Stage::Stream,
            "AmazonECS.Unknown",
            "",
            "the streamer's task failed with AmazonECS.Unknown",
        );
        let none = "AWS has no room for the streamer just now: Capacity is unavailable";
        for cause in [
            r#"{"Failures":[{"Reason":"Capacity is unavailable"}],"Tasks":[]}"#,
            "Capacity is unavailable",
        ] {
            check(Stage::Stream, "AmazonECS.Unknown", cause, none);
        }
    }

    fn witness(recorded: Option<FailureKind>, seen: &[(&str, FailureKind)]) -> Witness {
        let destinations = seen.iter().map(|(name, kind)| DestinationProgress {
            name: (*name).to_owned(),
            position: MediaTime::from_millis(5_000),
            failure: Some(Failure::new(*kind, format!("{name} was seen as {kind}"))),
            ..DestinationProgress::default()
        });
        Witness {
            attempt: recorded.map(|kind| Failure::new(kind, format!("recorded as {kind}"))),
            progress: Some(Progress {
                attempt: 1,
                phase: Phase::Finished,
                duration: MediaTime::ZERO,
                heartbeat: "2026-12-01T19:30:00Z".parse().unwrap(),
                destinations: destinations.collect(),
            }),
        }
    }

    #[test]
    fn the_streamer_is_believed_when_its_exit_code_agrees() {
        let words = |witness: &Witness| {
            let failure = classify(Stage::Stream, "States.TaskFailed", EXITED, witness);
            assert_eq!(failure.kind, FailureKind::TokenRejected);
            failure.message
        };
        let rejected = FailureKind::TokenRejected;
        let interrupted = FailureKind::Interrupted;
        assert_eq!(
            words(&witness(Some(rejected), &[("a", rejected)])),
            "recorded as TokenRejected"
        );
        assert_eq!(
            words(&witness(
                Some(interrupted),
                &[("a", rejected), ("b", interrupted)]
            )),
            "a was seen as TokenRejected"
        );
        assert_eq!(
            words(&witness(None, &[("a", rejected), ("b", rejected)])),
            "a: a was seen as TokenRejected; b: b was seen as TokenRejected"
        );
        assert_eq!(
            words(&witness(None, &[("a", interrupted)])),
            "the streamer ended with exit code 77: Essential container in task exited"
        );
    }

    #[test]
    fn the_position_is_where_the_show_was() {
        let witness = witness(None, &[("a", FailureKind::Interrupted)]);
        let failure = classify(Stage::Stream, "States.Timeout", "", &witness);
        assert_eq!(failure.position, Some(MediaTime::from_millis(5_000)));
    }
}
