//! The handler: one function for all occasions.

use aws_config::SdkConfig;
use broadcast::{keys::Keys, table::Table};
use chrono::Utc;
use serde_json::Value;

use crate::{RecordError, aired, dead_letter, event::Event, failure, status_change};

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
}

impl State {
    /// What is in an account and region, with the name of the table and the ARN of the cluster.
    pub fn new(config: &SdkConfig, table: impl Into<String>, cluster: impl Into<String>) -> Self {
        Self {
            table: Table::new(config, table),
            keys: Keys::new(config),
            workflows: aws_sdk_sfn::Client::new(config),
            tasks: aws_sdk_ecs::Client::new(config),
            cluster: cluster.into(),
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
