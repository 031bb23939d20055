//! The occasions, told apart by a field that only one of them has: no guessing by what fits.

use broadcast::{BroadcastId, CANCELLED_BY_OWNER, Failure, FailureKind};
use chrono::{DateTime, Utc};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

/// The `detail-type` of the EventBridge event.
const STATUS_CHANGE: &str = "Step Functions Execution Status Change";

/// What the function is invoked with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Event {
    /// From the state RecordOutcome.
    Outcome(OutcomeRequest),
    /// From the state RecordFailure.
    Failure(FailureRequest),
    /// From the rule on the change of an execution's status.
    StatusChange(Box<StatusChange>),
    /// From the schedules' dead-letter queue.
    DeadLetters(Vec<Letter>),
}

/// What the state RecordOutcome sends.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OutcomeRequest {
    pub(crate) broadcast_id: BroadcastId,
    /// The attempt that brought the show to its end.
    pub(crate) attempt: u32,
}

/// What the state RecordFailure sends.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FailureRequest {
    pub(crate) broadcast_id: BroadcastId,
    /// The latest attempt that this execution opened; 0 for none.
    #[serde(default)]
    pub(crate) attempt: u32,
    pub(crate) stage: Stage,
    /// The error that was caught.
    pub(crate) error: String,
    /// Its cause, most often JSON in a text.
    #[serde(default)]
    pub(crate) cause: String,
    #[serde(default)]
    pub(crate) redrive_count: u32,
    pub(crate) execution_arn: String,
    /// When the execution came to RecordFailure; with the redrive count it tells an invocation
    /// that is repeated because its answer was lost. An execution of an older definition has none.
    #[serde(default)]
    pub(crate) entered_time: Option<DateTime<Utc>>,
}

/// The state that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Stage {
    ValidateToken,
    Persist,
    Stream,
    RecordOutcome,
}

/// The detail of the EventBridge event.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html>
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatusChange {
    pub(crate) execution_arn: String,
    /// The execution's name.
    pub(crate) name: String,
    /// RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED or PENDING_REDRIVE.
    pub(crate) status: String,
    /// The execution's input as text; none when it was too large for the event.
    #[serde(default)]
    pub(crate) input: Option<String>,
    #[serde(default)]
    pub(crate) error: Option<String>,
    #[serde(default)]
    pub(crate) cause: Option<String>,
}

/// One message of the dead-letter queue.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Letter {
    pub(crate) message_id: String,
    /// The target's input that could not be delivered: the arguments of StartExecution.
    pub(crate) body: String,
    #[serde(default)]
    pub(crate) message_attributes: std::collections::BTreeMap<String, Attribute>,
}

/// One attribute of a message. Only texts are used.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attribute {
    #[serde(default)]
    pub(crate) string_value: Option<String>,
}

impl Event {
    /// Reads an event.
    pub(crate) fn parse(event: Value) -> Result<Self, Failure> {
        match (
            event["state"].as_str(),
            event["detail-type"].as_str(),
            event["Records"].is_array(),
        ) {
            (Some("RecordOutcome"), None, false) => read("RecordOutcome", event).map(Self::Outcome),
            (Some("RecordFailure"), None, false) => read("RecordFailure", event).map(Self::Failure),
            (None, Some(STATUS_CHANGE), false) => {
                let detail = event.get("detail").cloned().unwrap_or_default();
                read(STATUS_CHANGE, detail).map(|change| Self::StatusChange(Box::new(change)))
            }
            (None, None, true) => {
                let records = event.get("Records").cloned().unwrap_or_default();
                read("the dead-letter queue", records).map(Self::DeadLetters)
            }
            _ => Err(Failure::new(
                FailureKind::BadRequest,
                "the event is neither of a state of the workflow, nor a change of an execution's \
                 status, nor from the dead-letter queue",
            )),
        }
    }
}

impl StatusChange {
    /// The broadcast that the execution is of: by its input, else by its name. None when it is an
    /// execution of something else.
    pub(crate) fn broadcast_id(&self) -> Option<BroadcastId> {
        self.input
            .as_deref()
            .and_then(id_of_input)
            .or_else(|| self.name.parse().ok())
    }

    /// Whether the owner of the broadcast ended it: who did it need not be told.
    pub(crate) fn is_by_owner(&self) -> bool {
        self.error.as_deref() == Some(CANCELLED_BY_OWNER)
    }
}

impl Letter {
    /// The broadcast that was to be started.
    pub(crate) fn broadcast_id(&self) -> Option<BroadcastId> {
        let body: Value = serde_json::from_str(&self.body).ok()?;
        let name = || body["Name"].as_str()?.parse().ok();
        body["Input"].as_str().and_then(id_of_input).or_else(name)
    }

    /// The text of an attribute.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.message_attributes.get(name)?.string_value.as_deref()
    }
}

fn id_of_input(input: &str) -> Option<BroadcastId> {
    let input: Value = serde_json::from_str(input).ok()?;
    input["broadcastId"].as_str()?.parse().ok()
}

fn read<T: DeserializeOwned>(what: &str, json: Value) -> Result<T, Failure> {
    serde_json::from_value(json).map_err(|error| {
        Failure::new(
            FailureKind::BadRequest,
            format!("the event of {what} cannot be read: {error}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "20261201-1930-abcd";

    fn event(text: &str) -> Event {
        Event::parse(serde_json::from_str(text).unwrap()).unwrap()
    }

    #[test]
    fn states_of_the_workflow() {
        let outcome = json!({ "state": "RecordOutcome", "broadcastId": ID, "attempt": 2 });
        assert_eq!(
            Event::parse(outcome),
            Ok(Event::Outcome(OutcomeRequest {
                broadcast_id: ID.parse().unwrap(),
                attempt: 2
            }))
        );
        let failure = json!({
            "state": "RecordFailure", "broadcastId": ID, "attempt": 0, "stage": "ValidateToken",
            "error": "TokenRejected", "cause": "", "redriveCount": 0, "executionArn": "arn:…",
            "enteredTime": "2026-12-01T19:26:00.123Z",
        });
        assert!(matches!(
            Event::parse(failure).unwrap(),
            Event::Failure(FailureRequest {
                stage: Stage::ValidateToken,
                ..
            })
        ));
    }

    #[test]
    fn an_execution_that_was_aborted() {
        let Event::StatusChange(change) =
            event(include_str!("../tests/events/execution-aborted.json"))
        else {
            panic!("another event");
        };
        assert_eq!(change.status, "ABORTED");
        assert_eq!(change.broadcast_id(), ID.parse().ok());
        assert_eq!(change.cause.as_deref(), Some("stopped by its owner"));
        let without_input = StatusChange {
            input: None,
            ..*change
        };
        assert_eq!(without_input.broadcast_id(), ID.parse().ok());
    }

    #[test]
    fn an_execution_of_something_else() {
        let Event::StatusChange(change) = event(include_str!(
            "../tests/events/execution-of-something-else.json"
        )) else {
            panic!("another event");
        };
        assert_eq!(change.broadcast_id(), None);
    }

    #[test]
    fn a_dead_letter() {
        let Event::DeadLetters(letters) = event(include_str!("../tests/events/dead-letter.json"))
        else {
            panic!("another event");
        };
        assert_eq!(letters[0].broadcast_id(), ID.parse().ok());
        assert_eq!(
            letters[0].attribute("ERROR_CODE"),
            Some("StateMachineDoesNotExist")
        );
    }

    #[test]
    fn what_is_no_event_is_refused_in_words() {
        for event in [
            json!({}),
            json!([]),
            json!({ "state": "Stream" }),
            json!({ "detail-type": "ECS Task State Change" }),
            json!({ "state": "RecordOutcome", "broadcastId": "no id", "attempt": 1 }),
        ] {
            let refusal = Event::parse(event).unwrap_err();
            assert_eq!(refusal.kind, FailureKind::BadRequest);
            assert!(refusal.message.starts_with("the event"), "{refusal}");
        }
    }
}
