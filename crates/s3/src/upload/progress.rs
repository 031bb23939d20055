//! How far an upload is, for whoever looks on.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use crate::Meter;

/// How far an upload is. A clone looks at the same one.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    pub(super) meter: Meter,
    kept: Arc<AtomicU64>,
    resumed: Arc<AtomicBool>,
}

impl Progress {
    /// Bytes that this run has sent, those in flight included.
    pub fn sent(&self) -> u64 {
        self.meter.sent()
    }

    /// Bytes that were there already.
    pub fn kept(&self) -> u64 {
        self.kept.load(Ordering::Relaxed)
    }

    /// Whether it goes on with what an earlier run began.
    pub fn is_resumed(&self) -> bool {
        self.resumed.load(Ordering::Relaxed)
    }

    pub(super) fn keep(&self, bytes: u64) {
        self.kept.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn resume(&self) {
        self.resumed.store(true, Ordering::Relaxed);
    }
}
