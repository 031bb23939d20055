//! The engine's own state: one SQLite file, one writer.

mod migrations;

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, Transaction, TransactionBehavior};

pub(crate) use migrations::Migration;

/// Why the store could not be opened or used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite refused.
    #[error("the state database refused")]
    Sqlite(#[from] rusqlite::Error),
    /// A newer version of the program has written the file.
    #[error(
        "the state database has the change `{0}`, which this version does not know; use the newer version that wrote it"
    )]
    FromTheFuture(String),
    /// A stored document does not read as what it should be.
    #[error("a record in the state database cannot be read or written")]
    Document(#[source] serde_json::Error),
    /// The worker thread went away, which happens at shutdown only.
    #[error("the state database is closed")]
    Closed,
}

/// A handle to the engine's SQLite database. Cheap to clone.
///
/// WAL with `synchronous=FULL`: a transaction that was answered for survives a power cut, not
/// just a `kill -9`, because a schedule that fired twice or not at all is what this project is
/// there to avoid; the engine writes tens of transactions per broadcast, so the fsync is cheap.
#[derive(Clone)]
pub(crate) struct Store {
    connection: Arc<Mutex<Connection>>,
}

impl Store {
    /// Opens or creates the file and applies the migrations it lacks.
    pub(crate) fn open(path: &Path, migrations: &[&[Migration]]) -> Result<Self, StoreError> {
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        migrations::apply(&mut connection, migrations)?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
        })
    }

    /// Runs `work` in one transaction: committed when it is `Ok`, rolled back otherwise.
    ///
    /// It runs to its end even when the caller stops waiting.
    pub(crate) async fn transaction<T, E>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let connection = Arc::clone(&self.connection);
        let worker = tokio::task::spawn_blocking(move || {
            // A panic in `work` rolled its transaction back, so the connection is sound.
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = connection
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(StoreError::from)?;
            let answer = work(&transaction)?;
            transaction.commit().map_err(StoreError::from)?;
            Ok(answer)
        });
        worker
            .await
            .unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }
}
