//! `matinee`: takes a recorded video live at an exact date and time.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may panic"))]

mod args;
mod error;
mod log;

mod schedule;
mod upload;

mod list;
mod show;
mod watch;

mod check;

mod act;
mod key;

mod play;

mod cost;

mod up;

mod demo;

mod arrangement;
mod aws;
mod client;
mod delivery;
mod destination;
mod local_time;
mod on_backup;
mod screen;
mod signals;
mod stream_keys;
mod video;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    // The supervisor of a task must be alone in its process, before there are any threads.
    if arguments.next().is_some_and(|first| first == up::TASK_SHIM) {
        return region::task::shim_main(arguments);
    }
    match args::run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code)
        }
    }
}
