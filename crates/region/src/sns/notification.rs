//! The event with which SNS invokes a function.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html>

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::publication::Publication;
use crate::arn;

pub(super) fn event(publication: &Publication, id: &Uuid, now: DateTime<Utc>) -> Value {
    let topic = arn::topic(&publication.topic);
    let attributes: Map<String, Value> = publication
        .attributes
        .iter()
        .map(|(name, one)| {
            let attribute = json!({ "Type": one.data_type, "Value": one.value });
            (name.clone(), attribute)
        })
        .collect();
    json!({ "Records": [{
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": format!("{topic}:{id}"),
        "Sns": {
            "Type": "Notification",
            "MessageId": id.to_string(),
            "TopicArn": topic,
            "Subject": publication.subject,
            "Message": publication.message,
            "Timestamp": now.to_rfc3339_opts(SecondsFormat::Millis, true),
            "MessageAttributes": attributes,
        },
    }]})
}
