//! The Lambda function behind the states RecordOutcome and RecordFailure, the rule on the change
//! of an execution's status, and the dead-letter queue of the schedules.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may panic"))]

#[path = "../../log.rs"]
mod log;

use std::env;

use broadcast::aws;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn};
use record_outcome::{Config, State, handler};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log::begin();
    let config = Config::from_variables(|name| env::var(name).ok())?;
    let state = State::new(&aws::config().await, config);
    run(service_fn(async |event: LambdaEvent<Value>| {
        handler(&state, event.payload)
            .await
            .map_err(Diagnostic::from)
    }))
    .await
}
