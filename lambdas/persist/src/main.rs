//! The Lambda function behind the state Persist.

use std::env;

use broadcast::{aws, table::Table};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn, tracing};
use persist::{Request, State, handler};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let name = env::var("TABLE").expect("the environment variable TABLE names the table");
    let state = State {
        table: Table::new(&aws::config().await, name),
    };
    run(service_fn(async |event: LambdaEvent<Request>| {
        handler(&state, event.payload)
            .await
            .map_err(|failure| Diagnostic {
                error_type: failure.kind.name().to_owned(),
                error_message: failure.message,
            })
    }))
    .await
}
