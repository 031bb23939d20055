//! `StopExecution` and `RedriveExecution`: what only the execution itself can answer.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{
    actor::{Message, Reply},
    arguments::{Arguments, no_execution},
    engine::Shared,
    execution_rows, machine_rows,
    record::seconds,
};
use crate::{error::AwsError, store::StoreError};

pub(super) async fn stop(shared: &Arc<Shared>, arguments: &Arguments) -> Result<Value, AwsError> {
    let arn = arguments.execution()?;
    let text = |member: &str| Ok::<_, AwsError>(arguments.optional(member)?.map(str::to_owned));
    let (error, cause) = (text("error")?, text("cause")?);
    require_execution(shared, arn).await?;
    let stopped_at = ask(shared, arn, |reply| Message::Stop {
        error,
        cause,
        reply,
    });
    Ok(json!({"stopDate": seconds(stopped_at.await?)}))
}

pub(super) async fn redrive(
    shared: &Arc<Shared>,
    arguments: &Arguments,
) -> Result<Value, AwsError> {
    let arn = arguments.execution()?;
    let token = arguments.optional("clientToken")?.map(str::to_owned);
    let deleting = require_execution(shared, arn).await?;
    if deleting {
        return Err(AwsError::new(
            "ExecutionNotRedrivable",
            "State machine is in DELETING status",
        ));
    }
    let redriven_at = ask(shared, arn, |reply| Message::Redrive { token, reply });
    Ok(json!({"redriveDate": seconds(redriven_at.await?)}))
}

/// Whether the execution's state machine is being deleted; an error when there is no execution.
async fn require_execution(shared: &Shared, arn: &str) -> Result<bool, AwsError> {
    let key = arn.to_owned();
    let found = shared.seams.store.transaction(move |transaction| {
        let Some(record) = execution_rows::get(transaction, &key)? else {
            return Ok::<_, StoreError>(None);
        };
        let machine = machine_rows::get(transaction, &record.state_machine)?;
        Ok(Some(machine.is_none_or(|machine| machine.deleting)))
    });
    found.await?.ok_or_else(|| no_execution(arn))
}

async fn ask(
    shared: &Arc<Shared>,
    arn: &str,
    message: impl FnOnce(Reply) -> Message,
) -> Result<DateTime<Utc>, AwsError> {
    let (reply, answer) = oneshot::channel();
    shared.tell(arn, message(reply));
    answer
        .await
        .unwrap_or_else(|_| Err(AwsError::internal(&StoreError::Closed)))
}
