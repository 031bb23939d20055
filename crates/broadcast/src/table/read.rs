//! Reading from the table.

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use super::{
    Attempt, Table, TableError,
    item::{
        AIR_TIME, ATTEMPT, BY_MONTH, Item, MONTH, PK, SK, attempt_key, broadcast_key, from_item,
        instant, month, partition, text,
    },
};
use crate::{Broadcast, BroadcastId};

impl Table {
    /// A broadcast as it stands now (a consistent read), if there is one.
    pub async fn find(&self, id: &BroadcastId) -> Result<Option<Broadcast>, TableError> {
        let item = self.item(broadcast_key(id)).await?;
        item.map(from_item).transpose()
    }

    /// A broadcast as it stands now (a consistent read).
    pub async fn get(&self, id: &BroadcastId) -> Result<Broadcast, TableError> {
        self.find(id)
            .await?
            .ok_or_else(|| TableError::NotFound(id.clone()))
    }

    /// The broadcasts with an air time from `from` on and before `to`, in the order of air times.
    /// One made a moment ago may be missing: the index follows the table. They come without their
    /// progress and retry budget, which the index leaves out, and from a table that is older than a
    /// field of theirs without that field.
    pub async fn list(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<Broadcast>, TableError> {
        let mut broadcasts: Vec<Broadcast> = Vec::new();
        for start in months(from, to) {
            let mut pages = self
                .client
                .query()
                .table_name(&self.name)
                .index_name(BY_MONTH)
                .key_condition_expression("#month = :month AND #air BETWEEN :from AND :to")
                .expression_attribute_names("#month", MONTH)
                .expression_attribute_names("#air", AIR_TIME)
                .expression_attribute_values(":month", text(start))
                .expression_attribute_values(":from", text(instant(from)))
                .expression_attribute_values(":to", text(instant(to)))
                .into_paginator()
                .items()
                .send();
            while let Some(item) = pages.next().await {
                broadcasts.push(from_item(item.map_err(|error| self.unavailable(error))?)?);
            }
        }
        Ok(broadcasts)
    }

    /// One attempt at a broadcast as it stands now (a consistent read), if there is one.
    pub async fn find_attempt(
        &self,
        id: &BroadcastId,
        attempt: u32,
    ) -> Result<Option<Attempt>, TableError> {
        let item = self.item(attempt_key(id, attempt)).await?;
        item.map(from_item).transpose()
    }

    /// The attempts at a broadcast, the first one first.
    pub async fn attempts(&self, id: &BroadcastId) -> Result<Vec<Attempt>, TableError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :attempt)")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#sk", SK)
            .expression_attribute_values(":pk", partition(id))
            .expression_attribute_values(":attempt", text(ATTEMPT))
            .into_paginator()
            .items()
            .send();
        let mut attempts = Vec::new();
        while let Some(item) = pages.next().await {
            let item: Item = item.map_err(|error| self.unavailable(error))?;
            attempts.push(from_item(item)?);
        }
        Ok(attempts)
    }

    /// The item of a key as it stands now (a consistent read), if there is one.
    pub(super) async fn item(&self, key: Item) -> Result<Option<Item>, TableError> {
        let asked = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(key))
            .consistent_read(true)
            .send();
        // In a box: the SDK's futures are nested so deeply that a few more layers around them are
        // too much for the compiler ("queries overflow the depth limit").
        let answer = Box::pin(asked)
            .await
            .map_err(|error| self.unavailable(error))?;
        Ok(answer.item)
    }

    pub(super) fn unavailable<E>(&self, error: E) -> TableError
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        TableError::Unavailable {
            table: self.name.clone(),
            source: Box::new(error),
        }
    }
}

/// The partitions of the index between two instants.
fn months(from: DateTime<Utc>, to: DateTime<Utc>) -> impl Iterator<Item = String> {
    let first = NaiveDate::from_ymd_opt(from.year(), from.month(), 1);
    std::iter::successors(first, |day| day.checked_add_months(chrono::Months::new(1)))
        .filter_map(|day| day.and_hms_opt(0, 0, 0))
        .map(|start| start.and_utc())
        .take_while(move |start| *start < to)
        .map(month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(from: &str, to: &str, expected: &[&str]) {
        let found: Vec<String> = months(from.parse().unwrap(), to.parse().unwrap()).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn months_between_two_instants() {
        check(
            "2026-12-31T23:59:59Z",
            "2027-01-01T00:00:01Z",
            &["MONTH#2026-12", "MONTH#2027-01"],
        );
        check(
            "2026-12-01T00:00:00Z",
            "2027-01-01T00:00:00Z",
            &["MONTH#2026-12"],
        );
        check("2026-12-02T00:00:00Z", "2026-12-01T00:00:00Z", &[]);
    }
}
