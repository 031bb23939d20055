//! How much went over the wire, and when the last of it did.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
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
}

/// One attempt: what it sent, and when something moved last. Dropped, it takes back what it sent.
#[derive(Debug)]
pub(crate) struct Attempt {
    sending: Sending,
}

/// What goes out in an attempt.
#[derive(Clone, Debug)]
pub(crate) struct Sending {
    meter: Meter,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    sent: u64,
    moved: Instant,
    /// Whether the attempt is over: the connection may still hold its body for a while.
    over: bool,
}

impl Attempt {
    pub(crate) fn new(meter: Meter) -> Self {
        let state = State {
            sent: 0,
            moved: Instant::now(),
            over: false,
        };
        let sending = Sending {
            meter,
            state: Arc::new(Mutex::new(state)),
        };
        Self { sending }
    }

    pub(crate) fn sending(&self) -> Sending {
        self.sending.clone()
    }

    /// It begins, perhaps once more.
    pub(crate) fn start(&self) {
        self.sending.take_back(false);
    }

    /// Something came in.
    pub(crate) fn moved(&self) {
        self.sending.moved(0);
    }

    /// It went well: what it sent stays counted.
    pub(crate) fn keep(self) {
        self.sending.lock().sent = 0;
    }

    /// Waits for `future` as long as something moves; `None` when nothing did for `patience`.
    pub(crate) async fn while_it_moves<T>(
        &self,
        patience: Duration,
        future: impl Future<Output = T>,
    ) -> Option<T> {
        let mut future = std::pin::pin!(future);
        loop {
            let due = self.sending.lock().moved + patience;
            tokio::select! {
                output = &mut future => return Some(output),
                () = tokio::time::sleep_until(due) => {
                    if self.sending.lock().moved + patience <= Instant::now() {
                        return None;
                    }
                }
            }
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.sending.take_back(true);
    }
}

impl Sending {
    /// So many bytes went out.
    pub(crate) fn moved(&self, sent: usize) {
        let mut state = self.lock();
        state.moved = Instant::now();
        if !state.over {
            state.sent += sent as u64;
            self.meter.sent.fetch_add(sent as u64, Ordering::Relaxed);
        }
    }

    fn take_back(&self, over: bool) {
        let mut state = self.lock();
        state.over = over;
        let sent = std::mem::take(&mut state.sent);
        self.meter.sent.fetch_sub(sent, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
