//! How much went over the wire, and when the last of it did.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

/// Bytes of bodies that were sent, over all requests that share it. What a failed attempt sent is
/// taken back.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    sent: Arc<AtomicU64>,
}

impl Meter {
    /// Bytes so far.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    fn add(&self, bytes: u64) {
        self.sent.fetch_add(bytes, Ordering::Relaxed);
    }

    fn take_back(&self, bytes: u64) {
        self.sent.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// One attempt: what it sent, and when something moved last.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    meter: Meter,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    sent: u64,
    moved: Instant,
}

impl Attempt {
    pub(crate) fn new(meter: Meter) -> Self {
        Self {
            meter,
            state: Arc::new(Mutex::new(State {
                sent: 0,
                moved: Instant::now(),
            })),
        }
    }

    /// So many bytes went out; none for something that came in.
    pub(crate) fn moved(&self, sent: usize) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.sent += sent as u64;
        state.moved = Instant::now();
        self.meter.add(sent as u64);
    }

    /// It failed: what it sent does not count.
    pub(crate) fn take_back(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.meter.take_back(std::mem::take(&mut state.sent));
    }

    /// Waits for `future` as long as something moves; `None` when nothing did for `patience`.
    pub(crate) async fn while_it_moves<T>(
        &self,
        patience: Duration,
        future: impl Future<Output = T>,
    ) -> Option<T> {
        let mut future = std::pin::pin!(future);
        loop {
            let due = self.last() + patience;
            tokio::select! {
                output = &mut future => return Some(output),
                () = tokio::time::sleep_until(due) => {
                    if self.last() + patience <= Instant::now() {
                        return None;
                    }
                }
            }
        }
    }

    fn last(&self) -> Instant {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .moved
    }
}
