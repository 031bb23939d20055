//! Why stream keys were refused when they were last tried, and what was wrong with backup ingests.

use std::collections::BTreeMap;

use super::{
    Table, TableError,
    item::{broadcast_key, value},
    write::is_condition,
};
use crate::{BroadcastId, Failure};

const OF_KEYS: &str = "key_failures";
const OF_BACKUPS: &str = "backup_failures";

impl Table {
    /// Notes why keys were refused, by destination, in place of what was noted before. It changes
    /// nothing else, so it is no matter who is faster.
    pub async fn note_key_failures(
        &self,
        id: &BroadcastId,
        failures: &BTreeMap<String, Failure>,
    ) -> Result<(), TableError> {
        self.note(id, OF_KEYS, failures).await
    }

    /// Notes what was wrong with backup ingests, by destination, in place of what was noted before.
    pub async fn note_backup_failures(
        &self,
        id: &BroadcastId,
        failures: &BTreeMap<String, Failure>,
    ) -> Result<(), TableError> {
        self.note(id, OF_BACKUPS, failures).await
    }

    /// Forgets why the key of a destination was refused, at its ingest and at its backup: there is
    /// another one now.
    pub async fn forget_key_failure(
        &self,
        id: &BroadcastId,
        destination: &str,
    ) -> Result<(), TableError> {
        for noted in [OF_KEYS, OF_BACKUPS] {
            let forgotten = self
                .client
                .update_item()
                .table_name(&self.name)
                .set_key(Some(broadcast_key(id)))
                .update_expression("REMOVE #noted.#destination")
                .condition_expression("attribute_exists(#noted.#destination)")
                .expression_attribute_names("#noted", noted)
                .expression_attribute_names("#destination", destination)
                .send()
                .await;
            match forgotten {
                Ok(_) => {}
                Err(error) if is_condition(&error) => {}
                Err(error) => return Err(self.unavailable(error)),
            }
        }
        Ok(())
    }

    async fn note(
        &self,
        id: &BroadcastId,
        attribute: &str,
        failures: &BTreeMap<String, Failure>,
    ) -> Result<(), TableError> {
        let request = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(broadcast_key(id)))
            .condition_expression("attribute_exists(#status)")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#noted", attribute);
        let request = if failures.is_empty() {
            request.update_expression("REMOVE #noted")
        } else {
            request
                .update_expression("SET #noted = :failures")
                .expression_attribute_values(":failures", value(id, failures)?)
        };
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_condition(&error) => Err(TableError::NotFound(id.clone())),
            Err(error) => Err(self.unavailable(error)),
        }
    }
}
