//! Taking back a broadcast that never was.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;

use super::{
    Table, TableError,
    item::{broadcast_key, number, text},
};
use crate::{BroadcastId, Status};

impl Table {
    /// Removes a broadcast for which nothing has happened yet, because it could not be scheduled.
    /// One that is gone or has begun is left as it is.
    pub async fn remove_new(&self, id: &BroadcastId) -> Result<(), TableError> {
        let removed = self
            .client
            .delete_item()
            .table_name(&self.name)
            .set_key(Some(broadcast_key(id)))
            .condition_expression("#status = :scheduled AND attempts = :none")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":scheduled", text(Status::Scheduled.name()))
            .expression_attribute_values(":none", number(0))
            .send()
            .await;
        match removed {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(()),
            Err(error) => Err(self.unavailable(error)),
        }
    }
}
