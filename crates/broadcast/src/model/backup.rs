//! The second ingest of a destination.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Ingest;

/// How long the first ingest may be away before the backup is used, in seconds, unless its owner
/// says otherwise: longer than a connection takes to be made again, shorter than viewers stay.
pub const DEFAULT_BACKUP_AFTER: u64 = 10;
/// The longest that can be asked for, in seconds: half of the time after which a destination that
/// cannot be reached is given up.
pub const MAX_BACKUP_AFTER: u64 = 300;

/// Another ingest of the same destination, published to with the same key while the first cannot
/// be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// The ingest, without the key.
    pub ingest: Ingest,
    /// How long the first ingest may be away before this one is used, in seconds.
    #[serde(default = "default_after")]
    pub after_seconds: u64,
}

impl Backup {
    /// A backup that is used when the first ingest was away for [`DEFAULT_BACKUP_AFTER`].
    pub const fn new(ingest: Ingest) -> Self {
        Self {
            ingest,
            after_seconds: DEFAULT_BACKUP_AFTER,
        }
    }

    /// How long the first ingest may be away before this one is used.
    pub const fn after(&self) -> Duration {
        Duration::from_secs(self.after_seconds)
    }
}

const fn default_after() -> u64 {
    DEFAULT_BACKUP_AFTER
}
