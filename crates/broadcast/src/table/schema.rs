//! The shape of the table, for one machine. On AWS the infrastructure makes the same.

use std::time::Duration;

use aws_sdk_dynamodb::{
    error::{BuildError, ProvideErrorMetadata},
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
        Projection, ProjectionType, ScalarAttributeType, TableStatus, TimeToLiveSpecification,
        TimeToLiveStatus,
    },
};

use super::{
    Table, TableError,
    item::{AIR_TIME, BY_MONTH, EXPIRES_AT, MONTH, PK, SK},
};

/// What the index knows of a broadcast: all but what changes while it is on air. DynamoDB takes a
/// thousand writes a second for one key of an index, and an attribute that is not in the index
/// costs none.
pub(super) const IN_INDEX: [&str; 20] = [
    "id",
    "title",
    "source",
    "destinations",
    "air_time",
    "time_zone",
    "lead_seconds",
    "on_drop",
    "spot",
    "audio_track",
    "silence",
    "head_seconds",
    "tail_seconds",
    "status",
    "attempts",
    "key_failures",
    "backup_failures",
    "outcome",
    "created_at",
    EXPIRES_AT,
];

/// How often a new table is asked whether it is there yet, and how many times.
const POLL: (Duration, u32) = (Duration::from_millis(200), 150);

impl Table {
    /// Makes the table where there is none, and waits until it can be used.
    pub async fn ensure(&self) -> Result<(), TableError> {
        if !self.is_active().await? {
            self.create().await?;
            let mut polls = 0;
            while !self.is_active().await? {
                polls += 1;
                if polls > POLL.1 {
                    return Err(self.unavailable(NotActive));
                }
                tokio::time::sleep(POLL.0).await;
            }
        }
        self.ensure_expiry().await
    }

    async fn is_active(&self) -> Result<bool, TableError> {
        let described = self
            .client
            .describe_table()
            .table_name(&self.name)
            .send()
            .await;
        match described {
            Ok(answer) => Ok(answer
                .table
                .and_then(|table| table.table_status)
                .is_some_and(|status| status == TableStatus::Active)),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|service| service.is_resource_not_found_exception()) =>
            {
                Ok(false)
            }
            Err(error) => Err(self.unavailable(error)),
        }
    }

    async fn create(&self) -> Result<(), TableError> {
        let create = || -> Result<_, BuildError> {
            let mut request = self
                .client
                .create_table()
                .table_name(&self.name)
                .billing_mode(BillingMode::PayPerRequest)
                .key_schema(key(PK, KeyType::Hash)?)
                .key_schema(key(SK, KeyType::Range)?)
                .global_secondary_indexes(
                    GlobalSecondaryIndex::builder()
                        .index_name(BY_MONTH)
                        .key_schema(key(MONTH, KeyType::Hash)?)
                        .key_schema(key(AIR_TIME, KeyType::Range)?)
                        .projection(
                            Projection::builder()
                                .projection_type(ProjectionType::Include)
                                .set_non_key_attributes(Some(IN_INDEX.map(str::to_owned).into()))
                                .build(),
                        )
                        .build()?,
                );
            for name in [PK, SK, MONTH, AIR_TIME] {
                request = request.attribute_definitions(
                    AttributeDefinition::builder()
                        .attribute_name(name)
                        .attribute_type(ScalarAttributeType::S)
                        .build()?,
                );
            }
            Ok(request)
        };
        let request = create().map_err(|error| self.unavailable(error))?;
        match request.send().await {
            Ok(_) => Ok(()),
            // Another process makes it just now.
            Err(error) if error.code() == Some("ResourceInUseException") => Ok(()),
            Err(error) => Err(self.unavailable(error)),
        }
    }

    async fn ensure_expiry(&self) -> Result<(), TableError> {
        let described = self
            .client
            .describe_time_to_live()
            .table_name(&self.name)
            .send()
            .await
            .map_err(|error| self.unavailable(error))?;
        let status = described
            .time_to_live_description
            .and_then(|ttl| ttl.time_to_live_status);
        if matches!(
            status,
            Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)
        ) {
            return Ok(());
        }
        let specification = TimeToLiveSpecification::builder()
            .enabled(true)
            .attribute_name(EXPIRES_AT)
            .build()
            .map_err(|error| self.unavailable(error))?;
        self.client
            .update_time_to_live()
            .table_name(&self.name)
            .time_to_live_specification(specification)
            .send()
            .await
            .map_err(|error| self.unavailable(error))?;
        Ok(())
    }
}

/// The table was made and never became usable.
#[derive(Debug, thiserror::Error)]
#[error("it was made and does not become active")]
struct NotActive;

fn key(name: &str, role: KeyType) -> Result<KeySchemaElement, BuildError> {
    KeySchemaElement::builder()
        .attribute_name(name)
        .key_type(role)
        .build()
}
