//! The container's program: one attempt at one broadcast, named by the environment.

use std::process::ExitCode;

use broadcast::FailureKind;

fn main() -> ExitCode {
    // One thread: what a show does in a second takes a few milliseconds, and threads that wake one
    // another would double that.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => streamer::run_time::block_on(runtime, streamer::task::run()),
        Err(error) => {
            eprintln!("cannot start: {error}");
            ExitCode::from(FailureKind::Internal.exit_code())
        }
    }
}
