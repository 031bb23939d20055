//! The Lambda function behind the state ValidateToken.

use std::env;

use broadcast::{Failure, aws};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn, tracing};
use serde_json::Value;
use streamer::{address::AddressPolicy, ingest::DialPolicy};
use validate_token::{Request, State, handler};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let table = env::var("TABLE").expect("the environment variable TABLE names the table");
    let addresses = AddressPolicy {
        allow_private: env::var("ALLOW_PRIVATE_ADDRESSES").is_ok_and(|value| value == "true"),
    };
    let state = State::new(&aws::config().await, table, DialPolicy::new(addresses));
    run(service_fn(async |event: LambdaEvent<Value>| {
        let answer = async { handler(&state, Request::read(event.payload)?).await };
        answer.await.map_err(|failure: Failure| Diagnostic {
            error_type: failure.kind.name().to_owned(),
            error_message: failure.message,
        })
    }))
    .await
}
