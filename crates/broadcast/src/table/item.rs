//! Items of the table: their keys and their form.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Datelike, SecondsFormat, TimeDelta, Utc};
use serde::{Serialize, de::DeserializeOwned};

use super::{Attempt, TableError};
use crate::{Broadcast, BroadcastId};

/// One item.
pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) const PK: &str = "PK";
pub(super) const SK: &str = "SK";
/// The index of broadcasts by month and air time.
pub(super) const BY_MONTH: &str = "ByMonth";
pub(super) const MONTH: &str = "GSI1PK";
pub(super) const AIR_TIME: &str = "GSI1SK";
/// When DynamoDB may forget an item, in seconds since 1970.
pub(super) const EXPIRES_AT: &str = "expires_at";
/// The sort key of the broadcast itself, and the beginning of those of its attempts.
pub(super) const BROADCAST: &str = "BROADCAST";
pub(super) const ATTEMPT: &str = "ATTEMPT#";

/// How long a broadcast is kept after its air time: a year's show can be looked up until the
/// next one is over.
const KEPT: TimeDelta = TimeDelta::days(400);

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// The key of a broadcast.
pub(super) fn broadcast_key(id: &BroadcastId) -> Item {
    key(id, BROADCAST.to_owned())
}

/// The key of an attempt.
pub(super) fn attempt_key(id: &BroadcastId, attempt: u32) -> Item {
    key(id, format!("{ATTEMPT}{attempt:04}"))
}

/// The partition of a broadcast and its attempts.
pub(super) fn partition(id: &BroadcastId) -> AttributeValue {
    text(format!("{BROADCAST}#{id}"))
}

/// The whole item of a broadcast.
pub(super) fn broadcast_item(broadcast: &Broadcast) -> Result<Item, TableError> {
    let mut item = to_item(&broadcast.id, broadcast)?;
    item.extend(broadcast_key(&broadcast.id));
    item.insert(MONTH.to_owned(), text(month(broadcast.air_time)));
    item.insert(
        AIR_TIME.to_owned(),
        text(format!("{}#{}", instant(broadcast.air_time), broadcast.id)),
    );
    item.insert(EXPIRES_AT.to_owned(), number(expiry(broadcast.air_time)));
    Ok(item)
}

/// The whole item of an attempt.
pub(super) fn attempt_item(broadcast: &Broadcast, attempt: &Attempt) -> Result<Item, TableError> {
    let mut item = to_item(&broadcast.id, attempt)?;
    item.extend(attempt_key(&broadcast.id, attempt.number));
    item.insert(EXPIRES_AT.to_owned(), number(expiry(broadcast.air_time)));
    Ok(item)
}

/// A part of an item.
pub(super) fn value(id: &BroadcastId, part: &impl Serialize) -> Result<AttributeValue, TableError> {
    serde_dynamo::to_attribute_value(part).map_err(|source| TableError::Malformed {
        id: id.to_string(),
        source,
    })
}

/// What an item holds. Keys and what newer versions may add are passed over.
pub(super) fn from_item<T: DeserializeOwned>(item: Item) -> Result<T, TableError> {
    let id = match item.get(PK) {
        Some(AttributeValue::S(partition)) => partition
            .split_once('#')
            .map_or(partition.as_str(), |(_, id)| id)
            .to_owned(),
        _ => "without a key".to_owned(),
    };
    serde_dynamo::from_item(item).map_err(|source| TableError::Malformed { id, source })
}

/// The partition of the index for a month.
pub(super) fn month(time: DateTime<Utc>) -> String {
    format!("MONTH#{:04}-{:02}", time.year(), time.month())
}

/// An instant so that texts sort as times do.
pub(super) fn instant(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

pub(super) fn to_item(id: &BroadcastId, whole: &impl Serialize) -> Result<Item, TableError> {
    serde_dynamo::to_item(whole).map_err(|source| TableError::Malformed {
        id: id.to_string(),
        source,
    })
}

fn key(id: &BroadcastId, sort: String) -> Item {
    HashMap::from([(PK.to_owned(), partition(id)), (SK.to_owned(), text(sort))])
}

fn expiry(air_time: DateTime<Utc>) -> i64 {
    air_time
        .checked_add_signed(KEPT)
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
        .timestamp()
}
