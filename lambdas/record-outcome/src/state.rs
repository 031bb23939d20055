//! The handler: one function for all occasions.

use aws_config::SdkConfig;
use broadcast::{aws, keys::Keys, table::Table};
use chrono::Utc;
use serde_json::Value;

use crate::{
    Config, RecordError, aired, dead_letter, event::Event, failure, status_change, tag, tell::Topic,
};

/// What an invocation finds ready.
#[derive(Clone, Debug)]
pub struct State {
    /// The broadcasts.
    pub table: Table,
    /// The stream keys.
    pub(crate) keys: Keys,
    /// The executions.
    pub(crate) workflows: aws_sdk_sfn::Client,
    /// The streamer's tasks.
    pub(crate) tasks: aws_sdk_ecs::Client,
    /// The cluster they run in.
    pub(crate) cluster: String,
    /// Where outcomes are told, if anywhere.
    pub(crate) topic: Option<Topic>,
    /// The bucket whose videos are tagged, if any.
    pub(crate) videos: Option<s3::Client>,
}

impl State {
    /// Clients of the AWS that `sdk` points to. A bucket that cannot be is told in the log: a show
    /// is recorded without it.
    pub fn new(sdk: &SdkConfig, config: Config) -> Self {
        let deployment = config.deployment;
        let videos = config.videos_bucket.and_then(|name| {
            tag::bucket(sdk, &name)
                .inspect_err(|error| {
                    let error = aws::words(error);
                    tracing::error!(bucket = name, error, "videos cannot be tagged");
                })
                .ok()
        });
        Self {
            table: Table::new(sdk, config.table),
            keys: Keys::new(sdk),
            workflows: aws_sdk_sfn::Client::new(sdk),
            tasks: aws_sdk_ecs::Client::new(sdk),
            cluster: config.cluster,
            topic: config.topic_arn.map(|arn| Topic::new(sdk, arn, deployment)),
            videos,
        }
    }
}

/// Records what an event says. What the answer holds depends on the occasion.
pub async fn handler(state: &State, event: Value) -> Result<Value, RecordError> {
    let now = Utc::now();
    match Event::parse(event)? {
        Event::Outcome(request) => aired::record(state, request, now).await,
        Event::Failure(request) => failure::record(state, request, now).await,
        Event::StatusChange(change) => status_change::record(state, *change, now).await,
        Event::DeadLetters(letters) => dead_letter::record(state, letters, now).await,
    }
}
