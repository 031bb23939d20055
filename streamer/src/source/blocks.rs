//! The blocks of a source that are in memory, shared by all who read it.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use tokio::sync::OnceCell;

use super::lock;

/// Bytes in a block: the unit of reading. At 6 Mbit/s a third of a second.
pub(crate) const BLOCK_SIZE: u64 = 256 * 1024;
/// Blocks kept for one reader: the one it reads and those ahead of it, for each of two tracks that
/// lie apart. With fewer, what was read ahead would make room for itself.
const BLOCKS_FIRST: usize = 10;
/// Blocks kept for each further reader, should it be elsewhere in the file.
const BLOCKS_MORE: usize = 6;

/// One block, empty until someone has read it. Who comes meanwhile waits for the same read.
pub(crate) type Slot = Arc<OnceCell<Bytes>>;

/// The least recently used blocks make room for new ones.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    kept: Mutex<Kept>,
    readers: AtomicUsize,
}

#[derive(Debug, Default)]
struct Kept {
    slots: HashMap<u64, (Slot, u64)>,
    uses: u64,
}

impl Blocks {
    /// The slot of block `index`, made if there is none.
    pub(crate) fn slot(&self, index: u64) -> Slot {
        let mut kept = self.lock();
        kept.uses += 1;
        let now = kept.uses;
        let (slot, used) = kept.slots.entry(index).or_default();
        *used = now;
        let slot = slot.clone();
        kept.shrink(self.capacity());
        slot
    }

    /// The slot of block `index` if nobody asked for it yet.
    pub(crate) fn slot_if_new(&self, index: u64) -> Option<Slot> {
        let known = self.lock().slots.contains_key(&index);
        (!known).then(|| self.slot(index))
    }

    /// Block `index` if it is in memory.
    pub(crate) fn known(&self, index: u64) -> Option<Bytes> {
        let kept = self.lock();
        kept.slots.get(&index)?.0.get().cloned()
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        let kept = self.lock();
        let slots = kept.slots.values();
        slots
            .filter_map(|(slot, _)| slot.get().map(Bytes::len))
            .sum()
    }

    pub(crate) fn add_reader(&self) {
        self.readers.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn remove_reader(&self) {
        self.readers.fetch_sub(1, Ordering::Relaxed);
        self.lock().shrink(self.capacity());
    }

    fn capacity(&self) -> usize {
        let more = self.readers.load(Ordering::Relaxed).saturating_sub(1);
        BLOCKS_FIRST + more * BLOCKS_MORE
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        lock(&self.kept)
    }
}

impl Kept {
    fn shrink(&mut self, capacity: usize) {
        while self.slots.len() > capacity {
            let oldest = self.slots.iter().min_by_key(|(_, (_, used))| *used);
            let Some((&index, _)) = oldest else { return };
            self.slots.remove(&index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_block_goes_first() {
        let blocks = Blocks::default();
        for index in 0..BLOCKS_FIRST as u64 {
            blocks.slot(index);
        }
        blocks.slot(0);
        blocks.slot(100);
        assert!(blocks.slot_if_new(0).is_none());
        assert!(blocks.slot_if_new(1).is_some());
    }

    #[test]
    fn a_reader_that_leaves_takes_its_blocks_along() {
        let blocks = Blocks::default();
        blocks.add_reader();
        blocks.add_reader();
        for index in 0..100 {
            blocks.slot(index);
        }
        assert_eq!(blocks.lock().slots.len(), BLOCKS_FIRST + BLOCKS_MORE);
        blocks.remove_reader();
        assert_eq!(blocks.lock().slots.len(), BLOCKS_FIRST);
    }
}
