//! Why stream keys were refused when they were last tried.

use std::collections::BTreeMap;

use super::{
    Table, TableError,
    item::{broadcast_key, value},
    write::is_condition,
};
use crate::{BroadcastId, Failure};

impl Table {
    /// Notes why keys were refused, by destination, in place of what was noted before. It changes
    /// nothing else, so it is no matter who is faster.
    pub async fn note_key_failures(
        &self,
        id: &BroadcastId,
        failures: &BTreeMap<String, Failure>,
    ) -> Result<(), TableError> {
        let request = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(broadcast_key(id)))
            .condition_expression("attribute_exists(#status)")
            .expression_attribute_names("#status", "status");
        let request = if failures.is_empty() {
            request.update_expression("REMOVE key_failures")
        } else {
            request
                .update_expression("SET key_failures = :failures")
                .expression_attribute_values(":failures", value(id, failures)?)
        };
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_condition(&error) => Err(TableError::NotFound(id.clone())),
            Err(error) => Err(self.unavailable(error)),
        }
    }

    /// Forgets why the key of a destination was refused: there is another one now.
    pub async fn forget_key_failure(
        &self,
        id: &BroadcastId,
        destination: &str,
    ) -> Result<(), TableError> {
        let forgotten = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(broadcast_key(id)))
            .update_expression("REMOVE key_failures.#destination")
            .condition_expression("attribute_exists(key_failures.#destination)")
            .expression_attribute_names("#destination", destination)
            .send()
            .await;
        match forgotten {
            Ok(_) => Ok(()),
            Err(error) if is_condition(&error) => Ok(()),
            Err(error) => Err(self.unavailable(error)),
        }
    }
}
