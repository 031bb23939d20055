//! The container's program: one attempt at one broadcast, named by the environment.

use std::process::ExitCode;

// One thread: what a show does in a second takes a few milliseconds, and threads that wake one
// another would double that.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    streamer::task::run().await
}
