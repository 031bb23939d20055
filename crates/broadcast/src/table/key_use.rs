//! Which broadcasts may have the same stream key, so that one that is on air is never tried.
//!
//! To compare keys one has to read them, and the key store answers only some dozen reads a second.
//! So the table keeps a note of two bytes of each key's hash: enough to leave out all but one in
//! 65,536 of the broadcasts with other keys, and nothing that could tell a key. Whoever finds a
//! note compares the keys themselves.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::{
    Table, TableError,
    item::{EXPIRES_AT, PK, SK, from_item, instant, number, text, to_item},
};
use crate::{Broadcast, BroadcastId, Destination, Ingest, StreamKey};

/// How long after the air time a show may still be on air: Step Functions redrives an execution
/// for 14 days, and the longest show that is begun then takes less than three.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html>
const MAY_BE_ON_AIR: TimeDelta = TimeDelta::days(14 + 3);

/// A destination of a broadcast that was given a key much like the one in question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyUse {
    /// The broadcast.
    pub broadcast: BroadcastId,
    /// The name of its destination.
    pub destination: String,
}

impl Table {
    /// Notes that a destination of a broadcast has a key, before it has it: under its ingest and
    /// under its backup's, for it may be on air at either. What is noted of a key that was replaced
    /// does no harm and goes by itself.
    pub async fn note_key(
        &self,
        broadcast: &Broadcast,
        destination: &Destination,
        key: &StreamKey,
    ) -> Result<(), TableError> {
        let id = &broadcast.id;
        let key_use = KeyUse {
            broadcast: id.clone(),
            destination: destination.name.clone(),
        };
        let sort = format!("{}#{id}#{}", instant(broadcast.air_time), destination.name);
        let forgotten = broadcast
            .air_time
            .checked_add_signed(MAY_BE_ON_AIR)
            .unwrap_or(DateTime::<Utc>::MAX_UTC);
        let backup = destination.backup.as_ref().map(|backup| &backup.ingest);
        for ingest in [&destination.ingest].into_iter().chain(backup) {
            let mut item = to_item(id, &key_use)?;
            item.insert(PK.to_owned(), partition(ingest, key));
            item.insert(SK.to_owned(), text(sort.clone()));
            item.insert(EXPIRES_AT.to_owned(), number(forgotten.timestamp()));
            self.client
                .put_item()
                .table_name(&self.name)
                .set_item(Some(item))
                .send()
                .await
                .map_err(|error| self.unavailable(error))?;
        }
        Ok(())
    }

    /// Destinations that may have this key at this ingest, be it their first or their backup, of broadcasts that may be on air or are
    /// due before `to`.
    pub async fn may_have_key(
        &self,
        ingest: &Ingest,
        key: &StreamKey,
        now: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<KeyUse>, TableError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .key_condition_expression("#pk = :pk AND #sk BETWEEN :from AND :to")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#sk", SK)
            .expression_attribute_values(":pk", partition(ingest, key))
            .expression_attribute_values(":from", text(instant(now - MAY_BE_ON_AIR)))
            .expression_attribute_values(":to", text(instant(to)))
            .into_paginator()
            .items()
            .send();
        let mut uses = Vec::new();
        while let Some(item) = pages.next().await {
            uses.push(from_item(item.map_err(|error| self.unavailable(error))?)?);
        }
        Ok(uses)
    }
}

/// The partition of the notes of keys that are much like this one.
fn partition(ingest: &Ingest, key: &StreamKey) -> AttributeValue {
    let hash = digest(
        &SHA256,
        format!("{}\0{}", ingest.as_str(), key.expose()).as_bytes(),
    );
    let bits = u16::from_be_bytes([hash.as_ref()[0], hash.as_ref()[1]]);
    text(format!("KEY#{bits:04x}"))
}
