//! Dead-letter queues: a function gets what would lie in the queue, as its SQS trigger hands it.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};
use rusqlite::Transaction;
use serde_json::{Value, json};
use uuid::Uuid;

use super::model::{Event, Target};
use crate::{
    arn,
    lambda::{Invocations, RetryFor},
};

/// Why an event was given up.
#[derive(Debug, Clone)]
pub(super) struct GivenUp {
    /// The target's error, or ours.
    pub(super) code: String,
    pub(super) message: String,
    /// `MaximumRetryAttempts` or `MaximumEventAgeInSeconds`, when that is what ended it.
    pub(super) exhausted: Option<&'static str>,
}

/// The queues and the functions that consume them. Cheap to clone.
#[derive(Clone)]
pub(crate) struct DeadLetterQueues {
    invocations: Invocations,
    consumers: Arc<BTreeMap<String, String>>,
}

impl DeadLetterQueues {
    /// `consumers`: queue ARN → function name.
    pub(crate) fn new(invocations: Invocations, consumers: BTreeMap<String, String>) -> Self {
        Self {
            invocations,
            consumers: Arc::new(consumers),
        }
    }

    pub(super) fn has(&self, queue: &str) -> bool {
        self.consumers.contains_key(queue)
    }

    /// Hands the event over within the transaction that ends it.
    pub(super) fn send(
        &self,
        transaction: &Transaction<'_>,
        target: &Target,
        event: &Event,
        why: &GivenUp,
        now: DateTime<Utc>,
    ) -> rusqlite::Result<()> {
        let Some(queue) = target.dead_letter_queue() else {
            tracing::error!(
                schedule = event.schedule_arn,
                code = why.code,
                "event dropped: it has no dead-letter queue"
            );
            return Ok(());
        };
        let Some(function) = self.consumers.get(queue) else {
            tracing::error!(
                schedule = event.schedule_arn,
                queue,
                "event dropped: its dead-letter queue is not on this machine"
            );
            return Ok(());
        };
        tracing::warn!(
            schedule = event.schedule_arn,
            code = why.code,
            "event given up"
        );
        let message = sqs_event(queue, target, event, why, now);
        self.invocations
            .enqueue(transaction, function, &message, RetryFor::ServiceEvent)
    }
}

/// The Lambda event of one SQS message, with the attributes that Scheduler documents.
fn sqs_event(
    queue: &str,
    target: &Target,
    event: &Event,
    why: &GivenUp,
    now: DateTime<Utc>,
) -> Value {
    let mut attributes = json!({});
    let mut attribute = |name: &str, value: &str| {
        attributes[name] = json!({
            "stringValue": value,
            "stringListValues": [],
            "binaryListValues": [],
            "dataType": "String",
        });
    };
    attribute("ERROR_CODE", &why.code);
    attribute("ERROR_MESSAGE", &why.message);
    attribute("EXECUTION_ID", &event.id);
    if let Some(condition) = why.exhausted {
        attribute("EXHAUSTED_RETRY_CONDITION", condition);
    }
    attribute("IS_PAYLOAD_TRUNCATED", "false");
    attribute(
        "RETRY_ATTEMPTS",
        &event.attempts.saturating_sub(1).max(0).to_string(),
    );
    attribute("SCHEDULED_TIME", &event.scheduled_time());
    attribute("SCHEDULE_ARN", &event.schedule_arn);
    attribute("TARGET_ARN", &target.arn);
    let sent = now.timestamp_millis().to_string();
    json!({ "Records": [{
        "messageId": event.id,
        "receiptHandle": Uuid::new_v4().to_string(),
        "body": event.fill_in(target.input.as_deref().unwrap_or("{}")),
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": sent,
            "SenderId": arn::ACCOUNT,
            "ApproximateFirstReceiveTimestamp": sent,
        },
        "messageAttributes": attributes,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue,
        "awsRegion": arn::REGION,
    }]})
}
