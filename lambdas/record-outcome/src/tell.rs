//! Telling the owner of a broadcast how it went, over SNS.

use aws_config::SdkConfig;
use aws_sdk_sns::types::MessageAttributeValue;
use broadcast::{BroadcastId, Failure, FailureKind, aws};

use crate::{
    State,
    message::{Deployment, Message, message},
};

/// Where outcomes are told.
#[derive(Clone, Debug)]
pub(crate) struct Topic {
    client: aws_sdk_sns::Client,
    arn: String,
    deployment: Option<String>,
}

impl Topic {
    pub(crate) fn new(sdk: &SdkConfig, arn: String, deployment: Option<String>) -> Self {
        Self {
            client: aws_sdk_sns::Client::new(sdk),
            arn,
            deployment,
        }
    }

    fn deployment(&self) -> Deployment<'_> {
        Deployment {
            name: self.deployment.as_deref(),
            // arn:aws:sns:REGION:ACCOUNT:NAME
            region: self.arn.split(':').nth(3).filter(|it| !it.is_empty()),
        }
    }
}

/// Tells how a broadcast went if it is settled and this settlement was not told yet: at least
/// once, and twice only when what was told cannot be remembered or two hear of it at one moment.
/// `execution` is the ARN of what ran it, if it is known.
///
/// # Errors
/// It could not be told. What was settled stays so; whoever is invoked again tells it then.
pub(crate) async fn tell(
    state: &State,
    id: &BroadcastId,
    execution: Option<&str>,
) -> Result<(), Failure> {
    let Some(topic) = &state.topic else {
        return Ok(());
    };
    let Some((broadcast, outcome)) = state.table.untold(id).await? else {
        return Ok(());
    };
    let told = message(&broadcast, &outcome, topic.deployment(), execution);
    publish(topic, id, broadcast.status.name(), told).await?;
    if let Err(error) = state.table.remember_told(id, &outcome).await {
        let error = aws::words(&error);
        tracing::warn!(broadcast = %id, error, "told, which is not remembered");
    }
    Ok(())
}

/// As [`tell`], for a state of the workflow, which must not fail for it: the change of the
/// execution's status that follows tells it.
pub(crate) async fn tell_or_log(state: &State, id: &BroadcastId, execution: Option<&str>) {
    if let Err(failure) = tell(state, id, execution).await {
        tracing::error!(
            broadcast = %id, reason = failure.message,
            "its outcome could not be told; it is tried again when the execution has ended"
        );
    }
}

async fn publish(
    topic: &Topic,
    id: &BroadcastId,
    status: &str,
    told: Message,
) -> Result<(), Failure> {
    let failed = |error: &dyn std::error::Error| {
        let message = format!("the outcome could not be told: {}", aws::words(error));
        Failure::new(FailureKind::Internal, message)
    };
    let attribute = |value: &str| {
        MessageAttributeValue::builder()
            .data_type("String")
            .string_value(value)
            .build()
            .map_err(|error| failed(&error))
    };
    topic
        .client
        .publish()
        .topic_arn(&topic.arn)
        .subject(told.subject)
        .message(told.text)
        .message_attributes("status", attribute(status)?)
        .message_attributes("broadcast", attribute(id.as_str())?)
        .send()
        .await
        .map_err(|error| failed(&error))?;
    tracing::info!(broadcast = %id, status, "told");
    Ok(())
}
