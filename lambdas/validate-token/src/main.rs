//! The Lambda function behind the state ValidateToken.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may panic"))]

#[path = "../../log.rs"]
mod log;

use std::env;

use broadcast::{Failure, aws, read_payload};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn};
use serde_json::Value;
use streamer::{address::AddressPolicy, ingest::DialPolicy};
use validate_token::{State, handler};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log::begin();
    let table = env::var("TABLE").map_err(|_| "the environment variable TABLE names no table")?;
    let addresses = AddressPolicy {
        allow_private: env::var("ALLOW_PRIVATE_ADDRESSES").is_ok_and(|value| value == "true"),
    };
    let dial = DialPolicy::new(addresses).with_certificates(|name| env::var(name).ok());
    let state = State::new(&aws::config().await, table, dial);
    run(service_fn(async |event: LambdaEvent<Value>| {
        // In a box: the futures of the SDK are nested too deeply for the compiler otherwise.
        let answer = async { Box::pin(handler(&state, read_payload(event.payload)?)).await };
        answer.await.map_err(|failure: Failure| Diagnostic {
            error_type: failure.kind.name().to_owned(),
            error_message: failure.message,
        })
    }))
    .await
}
