//! The `api` function on AWS, behind a function URL with IAM authentication.

use std::env;

use api::{Api, Config, router};
use broadcast::aws;
use lambda_http::{
    Error,
    tracing::subscriber::{
        EnvFilter, Layer, filter::filter_fn, fmt, layer::SubscriberExt, registry,
        util::SubscriberInitExt,
    },
};

#[tokio::main]
async fn main() -> Result<(), Error> {
    begin_to_log();
    let config = Config::from_variables(|name| env::var(name).ok())?;
    let api = Api::new(&aws::config().await, config);
    lambda_http::run(router(api)).await
}

/// As the run time of Lambda would by itself, without what may tell a key.
fn begin_to_log() {
    let wanted = env::var("AWS_LAMBDA_LOG_LEVEL").or_else(|_| env::var("RUST_LOG"));
    let wanted = EnvFilter::new(wanted.as_deref().unwrap_or("info"));
    let terse = filter_fn(|line| !broadcast::is_quiet(line.target(), *line.level()));
    let lines = fmt::layer().with_target(false).without_time();
    let lines = match env::var("AWS_LAMBDA_LOG_FORMAT") {
        Ok(format) if format.eq_ignore_ascii_case("json") => lines.json().boxed(),
        _ => lines.boxed(),
    };
    registry()
        .with(lines.with_filter(wanted).with_filter(terse))
        .init();
}
