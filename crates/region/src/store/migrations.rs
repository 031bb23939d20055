//! The database's shape, one named step after the other.

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

/// One step. A step that was released is never edited; a change is a new step.
pub(crate) struct Migration {
    /// `<module>/<number> <what it adds>`
    pub(crate) name: &'static str,
    /// What is run, in one transaction with the note that it was.
    pub(crate) sql: &'static str,
}

pub(super) fn apply(
    connection: &mut Connection,
    migrations: &[&[Migration]],
) -> Result<(), StoreError> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS migration (
            name TEXT PRIMARY KEY,
            applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ'))
        ) STRICT",
    )?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let applied = transaction
        .prepare("SELECT name FROM migration")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<Vec<String>, _>>()?;
    let known = || migrations.iter().copied().flatten();
    if let Some(unknown) = applied
        .iter()
        .find(|name| known().all(|m| m.name != **name))
    {
        return Err(StoreError::FromTheFuture(unknown.clone()));
    }
    for migration in known().filter(|m| applied.iter().all(|name| name != m.name)) {
        transaction.execute_batch(migration.sql)?;
        transaction.execute("INSERT INTO migration (name) VALUES (?1)", [migration.name])?;
    }
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Migration = Migration {
        name: "test/0001 one",
        sql: "CREATE TABLE one (id INTEGER PRIMARY KEY) STRICT",
    };
    const SECOND: Migration = Migration {
        name: "test/0002 two",
        sql: "ALTER TABLE one ADD COLUMN two TEXT",
    };

    #[test]
    fn each_step_runs_once_and_in_order() {
        let mut connection = Connection::open_in_memory().unwrap();
        apply(&mut connection, &[&[FIRST]]).unwrap();
        apply(&mut connection, &[&[FIRST, SECOND]]).unwrap();
        apply(&mut connection, &[&[FIRST, SECOND]]).unwrap();
        connection
            .execute("INSERT INTO one (two) VALUES ('x')", [])
            .unwrap();
    }

    #[test]
    fn a_file_of_a_newer_version_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        apply(&mut connection, &[&[FIRST, SECOND]]).unwrap();
        let error = apply(&mut connection, &[&[FIRST]]).unwrap_err();
        assert!(error.to_string().contains("test/0002 two"), "{error}");
    }
}
