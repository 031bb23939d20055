//! The Lambda handlers as functions of the region. What their `main`s do with a failure on AWS is
//! done here too: its stable name becomes the error that the state machine matches.

use std::{pin::Pin, sync::Arc};

use broadcast::{Failure, FailureKind, read_payload};
use region::FunctionError;
use serde::Serialize;
use serde_json::Value;

/// What becomes of an invocation.
type Invocation = Pin<Box<dyn Future<Output = Result<Value, FunctionError>> + Send>>;

/// ValidateToken.
pub(super) fn validate_token(state: validate_token::State) -> impl Fn(Value) -> Invocation {
    let state = Arc::new(state);
    move |payload| {
        let state = Arc::clone(&state);
        Box::pin(async move {
            let request = read_payload(payload).map_err(failed)?;
            let response = validate_token::handler(&state, request).await;
            write(&response.map_err(failed)?)
        })
    }
}

/// Persist.
pub(super) fn persist(state: persist::State) -> impl Fn(Value) -> Invocation {
    let state = Arc::new(state);
    move |payload| {
        let state = Arc::clone(&state);
        Box::pin(async move {
            let request = read_payload(payload).map_err(failed)?;
            let response = persist::handler(&state, request).await;
            write(&response.map_err(failed)?)
        })
    }
}

/// RecordOutcome and RecordFailure, the change of an execution's status, and dead letters.
pub(super) fn record_outcome(state: record_outcome::State) -> impl Fn(Value) -> Invocation {
    let state = Arc::new(state);
    move |payload| {
        let state = Arc::clone(&state);
        Box::pin(async move {
            record_outcome::handler(&state, payload)
                .await
                .map_err(|error| FunctionError {
                    error_type: error.error_type().to_owned(),
                    error_message: error.to_string(),
                })
        })
    }
}

/// Says in the log what was published to the topic of outcomes: one line for each.
pub(super) async fn say(notification: Value) -> Result<Value, FunctionError> {
    for record in notification["Records"].as_array().into_iter().flatten() {
        let told = &record["Sns"];
        let subject = told["Subject"].as_str().unwrap_or_default();
        match told["MessageAttributes"]["status"]["Value"].as_str() {
            Some("aired") => tracing::info!("{subject}"),
            _ => {
                let text = told["Message"].as_str().unwrap_or_default();
                tracing::warn!("{subject}\n{text}");
            }
        }
    }
    Ok(Value::Null)
}

fn write(response: &impl Serialize) -> Result<Value, FunctionError> {
    serde_json::to_value(response)
        .map_err(|error| failed(Failure::new(FailureKind::Internal, error.to_string())))
}

fn failed(failure: Failure) -> FunctionError {
    FunctionError {
        error_type: failure.kind.name().to_owned(),
        error_message: failure.message,
    }
}
