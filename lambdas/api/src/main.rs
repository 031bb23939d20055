//! The `api` function on AWS, behind a function URL with IAM authentication.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may panic"))]

#[path = "../../log.rs"]
mod log;

use std::env;

use api::{Api, Config, router};
use broadcast::aws;
use lambda_http::Error;

#[tokio::main]
async fn main() -> Result<(), Error> {
    log::begin();
    let config = Config::from_variables(|name| env::var(name).ok())?;
    let api = Api::new(&aws::config().await, config);
    lambda_http::run(router(api)).await
}
