//! Whether the owner of a broadcast was told how it went.
//!
//! The item keeps, beside the broadcast, the instant of the settlement that was told last: one
//! that is opened again and settled anew is told anew.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    Table, TableError,
    item::{broadcast_key, from_item, value},
    write::is_condition,
};
use crate::{Broadcast, BroadcastId, Outcome};

/// The settlement that was told last.
const TOLD: &str = "told";

impl Table {
    /// The broadcast with its outcome, if it is settled and nobody was told of it.
    pub async fn untold(
        &self,
        id: &BroadcastId,
    ) -> Result<Option<(Broadcast, Outcome)>, TableError> {
        let Some(item) = self.item(broadcast_key(id)).await? else {
            return Ok(None);
        };
        let told: Option<AttributeValue> = item.get(TOLD).cloned();
        let broadcast: Broadcast = from_item(item)?;
        let Some(outcome) = broadcast.outcome.clone() else {
            return Ok(None);
        };
        let is_told = told == Some(value(id, &outcome.settled_at)?);
        Ok((broadcast.status.is_settled() && !is_told).then_some((broadcast, outcome)))
    }

    /// Remembers that this outcome was told. Nothing happens when there is another by now.
    pub async fn remember_told(
        &self,
        id: &BroadcastId,
        outcome: &Outcome,
    ) -> Result<(), TableError> {
        let remembered = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(broadcast_key(id)))
            .update_expression("SET told = :settled_at")
            .condition_expression("outcome.settled_at = :settled_at")
            .expression_attribute_values(":settled_at", value(id, &outcome.settled_at)?)
            .send()
            .await;
        match remembered {
            Ok(_) => Ok(()),
            Err(error) if is_condition(&error) => Ok(()),
            Err(error) => Err(self.unavailable(error)),
        }
    }
}
