//! Parameters in the store. The value of a `SecureString` is ciphertext here already.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use crate::store::Migration;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    name: "ssm/0001 parameters",
    sql: "CREATE TABLE parameter (
            name TEXT PRIMARY KEY,
            type TEXT NOT NULL CHECK (type IN ('String', 'StringList', 'SecureString')),
            value TEXT NOT NULL,
            version INTEGER NOT NULL,
            description TEXT,
            key_id TEXT,
            data_type TEXT NOT NULL,
            tier TEXT NOT NULL,
            modified_at INTEGER NOT NULL -- ms
          ) STRICT;",
}];

/// A stored parameter. No `Debug`: a `String`'s value may be sensitive too.
#[derive(Clone)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) value: String,
    pub(super) version: i64,
    pub(super) description: Option<String>,
    pub(super) key_id: Option<String>,
    pub(super) data_type: String,
    pub(super) tier: String,
    pub(super) modified_at: DateTime<Utc>,
}

pub(super) const SECURE: &str = "SecureString";

const COLUMNS: &str =
    "name, type, value, version, description, key_id, data_type, tier, modified_at";

pub(super) fn put(transaction: &Transaction<'_>, parameter: &Parameter) -> rusqlite::Result<()> {
    transaction.execute(
        &format!("INSERT OR REPLACE INTO parameter ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"),
        params![
            parameter.name,
            parameter.kind,
            parameter.value,
            parameter.version,
            parameter.description,
            parameter.key_id,
            parameter.data_type,
            parameter.tier,
            parameter.modified_at.timestamp_millis(),
        ],
    )?;
    Ok(())
}

pub(super) fn get(
    transaction: &Transaction<'_>,
    name: &str,
) -> rusqlite::Result<Option<Parameter>> {
    transaction
        .query_row(
            &format!("SELECT {COLUMNS} FROM parameter WHERE name = ?1"),
            [name],
            read,
        )
        .optional()
}

/// All, ordered by name.
pub(super) fn all(transaction: &Transaction<'_>) -> rusqlite::Result<Vec<Parameter>> {
    transaction
        .prepare_cached(&format!("SELECT {COLUMNS} FROM parameter ORDER BY name"))?
        .query_map([], read)?
        .collect()
}

pub(super) fn delete(transaction: &Transaction<'_>, name: &str) -> rusqlite::Result<bool> {
    let deleted = transaction.execute("DELETE FROM parameter WHERE name = ?1", [name])?;
    Ok(deleted > 0)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Parameter> {
    Ok(Parameter {
        name: row.get(0)?,
        kind: row.get(1)?,
        value: row.get(2)?,
        version: row.get(3)?,
        description: row.get(4)?,
        key_id: row.get(5)?,
        data_type: row.get(6)?,
        tier: row.get(7)?,
        modified_at: DateTime::from_timestamp_millis(row.get(8)?).unwrap_or_default(),
    })
}
