//! Writing to the table. Each write says what must be true for it.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    error::{BuildError, ProvideErrorMetadata, SdkError},
    operation::update_item::builders::UpdateItemFluentBuilder,
    types::{AttributeValue, Put, TransactWriteItem, Update},
};
use chrono::{DateTime, Utc};

use super::{
    Attempt, Claim, Table, TableError,
    claim::Fence,
    item::{PK, attempt_item, attempt_key, broadcast_item, broadcast_key, number, text, value},
};
use crate::{
    Broadcast, BroadcastId, Failure, IllegalTransition, Outcome, Progress, RetryBudget, Status,
};

/// How often an attempt is tried to be opened while others write.
const OPEN_TRIES: u32 = 5;

impl Table {
    /// Stores a new broadcast; refuses when there is one with its id.
    pub async fn put_new(&self, broadcast: &Broadcast) -> Result<(), TableError> {
        self.client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(broadcast_item(broadcast)?))
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", PK)
            .send()
            .await
            .map_err(|error| {
                if is_condition(&error) {
                    TableError::Exists(broadcast.id.clone())
                } else {
                    self.unavailable(error)
                }
            })?;
        Ok(())
    }

    /// Opens the next attempt: from now on every older one is fenced off.
    /// Returns the broadcast as it then stands; its `attempts` is the number of the new attempt.
    pub async fn open_attempt(
        &self,
        id: &BroadcastId,
        execution: &str,
        now: DateTime<Utc>,
    ) -> Result<Broadcast, TableError> {
        for _ in 0..OPEN_TRIES {
            let before = self.get(id).await?;
            let mut after = before.clone();
            after
                .become_status(Status::Starting)
                .map_err(|transition| TableError::Refused {
                    id: id.clone(),
                    transition,
                })?;
            after.attempts = before.attempts.saturating_add(1);
            after.outcome = None;
            let attempt = Attempt {
                number: after.attempts,
                execution: execution.to_owned(),
                opened_at: now,
                started_from: before
                    .progress
                    .as_ref()
                    .map(Progress::position)
                    .unwrap_or_default(),
                ended_at: None,
                failure: None,
            };
            let put = attempt_item(&after, &attempt)?;
            let update = || -> Result<_, BuildError> {
                let update = Update::builder()
                    .table_name(&self.name)
                    .set_key(Some(broadcast_key(id)))
                    .update_expression("SET #status = :to, attempts = :new REMOVE outcome")
                    .condition_expression("#status = :from AND attempts = :old")
                    .expression_attribute_names("#status", "status")
                    .expression_attribute_values(":to", status(after.status))
                    .expression_attribute_values(":from", status(before.status))
                    .expression_attribute_values(":new", number(after.attempts))
                    .expression_attribute_values(":old", number(before.attempts))
                    .build()?;
                let put = Put::builder()
                    .table_name(&self.name)
                    .set_item(Some(put))
                    .build()?;
                Ok([
                    TransactWriteItem::builder().update(update).build(),
                    TransactWriteItem::builder().put(put).build(),
                ])
            };
            let items = update().map_err(|error| self.unavailable(error))?;
            let written = self
                .client
                .transact_write_items()
                .set_transact_items(Some(items.into()))
                .send()
                .await;
            match written {
                Ok(_) => return Ok(after),
                // Another was faster: look again.
                Err(error) if error.code() == Some("TransactionCanceledException") => {}
                Err(error) => return Err(self.unavailable(error)),
            }
        }
        Err(TableError::Contended(id.clone()))
    }

    /// Claims an attempt for a streamer, by a name that no other streamer has. From now on what an
    /// older streamer of the same attempt writes is refused.
    /// Refuses when a newer attempt owns the broadcast or the broadcast is settled.
    pub async fn claim(
        &self,
        id: &BroadcastId,
        attempt: u32,
        streamer: impl Into<String>,
    ) -> Result<Claim, TableError> {
        let streamer = streamer.into();
        // The streamer begins; that it is claimed again changes nothing else.
        let to = Status::Starting;
        let from = to.predecessors().filter(|from| !from.is_settled());
        let request = self
            .update(id)
            .update_expression("SET #status = :to, streamer = :streamer")
            .expression_attribute_values(":streamer", text(&streamer));
        self.change(request, id, Fence::Attempt(attempt), from, to)
            .await?;
        Ok(Claim { attempt, streamer })
    }

    /// Writes what the streamer of an attempt says, and the status that follows from it.
    /// Refuses when a newer attempt owns the broadcast, another streamer has claimed this one, or
    /// the broadcast is settled.
    pub async fn report_progress(
        &self,
        id: &BroadcastId,
        claim: &Claim,
        progress: &Progress,
        to: Status,
    ) -> Result<(), TableError> {
        // A settled broadcast is opened again by its owner, never by a streamer.
        let from = to
            .predecessors()
            .chain([to])
            .filter(|from| !from.is_settled());
        let request = self
            .update(id)
            .update_expression("SET #status = :to, progress = :progress")
            .expression_attribute_values(":progress", value(id, progress)?);
        self.change(request, id, Fence::Claim(claim), from, to)
            .await
    }

    /// Settles a broadcast: nothing more happens to it without its owner.
    /// With an attempt, only when that is still the latest one.
    pub async fn settle(
        &self,
        id: &BroadcastId,
        attempt: Option<u32>,
        to: Status,
        outcome: &Outcome,
    ) -> Result<(), TableError> {
        let request = self
            .update(id)
            .update_expression("SET #status = :to, outcome = :outcome")
            .expression_attribute_values(":outcome", value(id, outcome)?);
        let fence = attempt.map_or(Fence::None, Fence::Attempt);
        self.change(request, id, fence, to.predecessors(), to).await
    }

    /// Prepares another try after a failure: writes what is left of the automatic retries and
    /// where the broadcast stands meanwhile. A broadcast that was given up is open again by it.
    /// `seen` is the broadcast that the decision was made on; refuses when it has changed.
    pub async fn try_again(
        &self,
        seen: &Broadcast,
        budget: &RetryBudget,
        to: Status,
    ) -> Result<(), TableError> {
        let id = &seen.id;
        let request = self
            .update(id)
            .update_expression("SET #status = :to, retry_budget = :budget REMOVE outcome")
            .expression_attribute_values(":budget", value(id, budget)?);
        let fence = Fence::Attempt(seen.attempts);
        self.change(request, id, fence, [seen.status], to)
            .await
            .map_err(|error| match error {
                TableError::Refused { id, .. } => TableError::Contended(id),
                other => other,
            })
    }

    /// Records how an attempt ended. The first record stays: who saw the end first knows best.
    pub async fn end_attempt(
        &self,
        id: &BroadcastId,
        attempt: u32,
        now: DateTime<Utc>,
        failure: Option<&Failure>,
    ) -> Result<(), TableError> {
        let mut request = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(attempt_key(id, attempt)))
            .condition_expression("attribute_exists(#pk) AND attribute_not_exists(ended_at)")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_values(":now", value(id, &now)?);
        request = match failure {
            Some(failure) => request
                .update_expression("SET ended_at = :now, failure = :failure")
                .expression_attribute_values(":failure", value(id, failure)?),
            None => request.update_expression("SET ended_at = :now"),
        };
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_condition(&error) => Ok(()),
            Err(error) => Err(self.unavailable(error)),
        }
    }

    fn update(&self, id: &BroadcastId) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(broadcast_key(id)))
            .expression_attribute_names("#status", "status")
    }

    /// A write on the condition that the broadcast stands at one of `from`.
    async fn change(
        &self,
        request: UpdateItemFluentBuilder,
        id: &BroadcastId,
        fence: Fence<'_>,
        from: impl IntoIterator<Item = Status>,
        to: Status,
    ) -> Result<(), TableError> {
        let from: Vec<Status> = from.into_iter().collect();
        let names: HashMap<String, AttributeValue> = from
            .iter()
            .enumerate()
            .map(|(i, from)| (format!(":from{i}"), status(*from)))
            .collect();
        let mut placeholders: Vec<&str> = names.keys().map(String::as_str).collect();
        placeholders.sort_unstable();
        let mut condition = format!("#status IN ({})", placeholders.join(", "));
        let mut request = request.expression_attribute_values(":to", status(to));
        if let Some(attempt) = fence.attempt() {
            condition.push_str(" AND attempts = :attempt");
            request = request.expression_attribute_values(":attempt", number(attempt));
        }
        if let Fence::Claim(claim) = fence {
            condition.push_str(" AND streamer = :streamer");
            request = request.expression_attribute_values(":streamer", text(&claim.streamer));
        }
        request = request.condition_expression(condition);
        for (placeholder, value) in names {
            request = request.expression_attribute_values(placeholder, value);
        }
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_condition(&error) => Err(self.refusal(id, fence, &from, to).await?),
            Err(error) => Err(self.unavailable(error)),
        }
    }

    /// Why a conditional write was refused, from what the broadcast looks like now.
    async fn refusal(
        &self,
        id: &BroadcastId,
        fence: Fence<'_>,
        from: &[Status],
        to: Status,
    ) -> Result<TableError, TableError> {
        let now = self.get(id).await?;
        let id = id.clone();
        Ok(match fence.attempt() {
            Some(attempt) if attempt != now.attempts => TableError::Superseded {
                id,
                attempt,
                latest: now.attempts,
            },
            _ if !from.contains(&now.status) => TableError::Refused {
                id,
                transition: IllegalTransition {
                    from: now.status,
                    to,
                },
            },
            _ => match fence {
                Fence::Claim(claim) => TableError::Displaced {
                    id,
                    attempt: claim.attempt,
                },
                // It was refused and now would not be.
                Fence::None | Fence::Attempt(_) => TableError::Contended(id),
            },
        })
    }
}

fn status(status: Status) -> AttributeValue {
    text(status.name())
}

pub(super) fn is_condition<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.code() == Some("ConditionalCheckFailedException")
}
