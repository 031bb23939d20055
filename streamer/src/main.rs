//! The container's program: one attempt at one broadcast, named by the environment.

use std::process::ExitCode;

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    streamer::task::run().await
}
