//! Leaving in time.

use std::time::Duration;

use tokio::runtime::Runtime;

/// What has begun and cannot be broken off is waited for this long.
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// Runs a program's work on `runtime`, and then leaves.
///
/// A read that hangs in a network file system whose server is away cannot be broken off. To drop
/// the run time would be to wait for it, deaf to signals, for as long as the server stays away.
pub fn block_on<T>(runtime: Runtime, work: impl Future<Output = T>) -> T {
    let done = runtime.block_on(work);
    runtime.shutdown_timeout(LAST_MOMENT);
    done
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Instant};

    use tokio::{runtime::Builder, task::spawn_blocking};

    use super::*;

    #[test]
    fn a_read_that_hangs_is_not_waited_for() {
        let (_never, hangs) = mpsc::channel::<()>();
        let (begins, begun) = tokio::sync::oneshot::channel();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let started = Instant::now();
        let done = block_on(runtime, async {
            spawn_blocking(move || {
                begins.send(()).unwrap();
                // As good as without end.
                let _ = hangs.recv_timeout(Duration::from_secs(60));
            });
            begun.await.unwrap();
            7
        });
        assert_eq!(done, 7);
        assert!(started.elapsed() < Duration::from_secs(30));
    }
}
