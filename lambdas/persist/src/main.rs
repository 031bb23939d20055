//! The Lambda function behind the state Persist.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may panic"))]

#[path = "../../log.rs"]
mod log;

use std::env;

use broadcast::{Failure, aws, read_payload, table::Table};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn};
use persist::{State, handler};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log::begin();
    let name = env::var("TABLE").map_err(|_| "the environment variable TABLE names no table")?;
    let state = State {
        table: Table::new(&aws::config().await, name),
    };
    run(service_fn(async |event: LambdaEvent<Value>| {
        let answer = async { handler(&state, read_payload(event.payload)?).await };
        answer.await.map_err(|failure: Failure| Diagnostic {
            error_type: failure.kind.name().to_owned(),
            error_message: failure.message,
        })
    }))
    .await
}
