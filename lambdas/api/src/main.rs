//! The `api` function on AWS, behind a function URL with IAM authentication.

use api::{Api, Config, router};
use broadcast::aws;
use lambda_http::{Error, tracing};

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let config = Config::from_variables(|name| std::env::var(name).ok())?;
    let api = Api::new(&aws::config().await, config);
    lambda_http::run(router(api)).await
}
