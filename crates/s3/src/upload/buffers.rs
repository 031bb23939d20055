//! Memory for parts, used again and again.
//!
//! An allocator that gives and takes pieces of 16 MiB in many threads keeps twice of what is used.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// Buffers that are not in use. A clone shares them.
#[derive(Clone, Debug, Default)]
pub(super) struct Buffers {
    free: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// A buffer in use, which goes back when it is dropped.
#[derive(Debug)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    home: Buffers,
}

impl Buffers {
    /// A buffer of `length` bytes, with whatever was in it.
    pub(super) fn take(&self, length: usize) -> Buffer {
        let mut bytes = self.lock().pop().unwrap_or_default();
        // No more than that, which doubling would make of it.
        bytes.reserve_exact(length.saturating_sub(bytes.len()));
        bytes.resize(length, 0);
        Buffer {
            bytes,
            home: self.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Buffer {
    pub(super) fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// The buffer goes back when the last of these bytes is dropped.
    pub(super) fn freeze(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        self.home.lock().push(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_come_back() {
        let buffers = Buffers::default();
        let bytes = buffers.take(3).freeze();
        let part = bytes.slice(1..);
        drop(bytes);
        assert_eq!(buffers.lock().len(), 0);
        drop(part);
        assert_eq!(buffers.lock().len(), 1);
        assert_eq!(buffers.take(5).as_ref().len(), 5);
        assert_eq!(buffers.lock().len(), 1);
        assert_eq!(buffers.take(2).as_ref().len(), 2);
        assert_eq!(buffers.lock().len(), 1);
    }
}
