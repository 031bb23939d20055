//! Topics in the store.

use rusqlite::{Transaction, params};

use crate::store::Migration;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    name: "sns/0001 topics",
    sql: "CREATE TABLE topic (name TEXT PRIMARY KEY) STRICT",
}];

/// Makes a topic, or finds it made.
pub(super) fn create(transaction: &Transaction<'_>, name: &str) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO topic (name) VALUES (?1) ON CONFLICT DO NOTHING",
        params![name],
    )?;
    Ok(())
}

pub(super) fn exists(transaction: &Transaction<'_>, name: &str) -> rusqlite::Result<bool> {
    transaction
        .prepare_cached("SELECT 1 FROM topic WHERE name = ?1")?
        .exists([name])
}

/// Every topic's name, sorted.
pub(super) fn all(transaction: &Transaction<'_>) -> rusqlite::Result<Vec<String>> {
    transaction
        .prepare_cached("SELECT name FROM topic ORDER BY name")?
        .query_map([], |row| row.get(0))?
        .collect()
}
