//! The supervisor of one task: a process of its own, so that the region may die.

use std::{
    ffi::OsString,
    io::{self, Read, Write},
    os::unix::process::{CommandExt, ExitStatusExt},
    path::PathBuf,
    process::{Command, ExitCode, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use chrono::Utc;
use rustix::process::{Signal, getppid, set_parent_process_death_signal, setsid};
use tokio::signal::unix::{SignalKind, signal};

use super::{
    files::{Ended, Exit, Spec, Started, TaskDir},
    log::BoundedLog,
    process::Process,
};
use crate::data_dir::{DataDirError, write_private};

/// What the region reads on the shim's standard output once `started.json` is there.
pub(crate) const STARTED: &str = "started";

/// First argument: supervise the task whose directory follows.
pub(crate) const SUPERVISE: &str = "supervise";

/// First argument: become the program that follows, and die with the shim.
const EXEC: &str = "exec";

/// How long the shim reads on after the program ended, in case something it started still holds
/// its output.
const OUTPUT_GRACE: Duration = Duration::from_secs(1);

/// The supervisor's entry: give it the arguments after those of
/// [`ShimCommand`](super::ShimCommand).
///
/// It must be called before threads are started, on the main thread.
pub fn shim_main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut args = args.into_iter();
    let result = match args.next().as_ref().and_then(|mode| mode.to_str()) {
        Some(SUPERVISE) => args
            .next()
            .map(|dir| supervise(&TaskDir::new(PathBuf::from(dir)))),
        Some(EXEC) => exec(args),
        _ => None,
    };
    match result {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(error)) => {
            // Standard error is the task's log.
            let _ = writeln!(io::stderr(), "supervisor: {}", crate::error::chain(&error));
            ExitCode::FAILURE
        }
        None => ExitCode::from(64),
    }
}

#[derive(Debug, thiserror::Error)]
enum ShimError {
    #[error(transparent)]
    File(#[from] DataDirError),
    #[error("the supervisor failed")]
    Io(#[from] io::Error),
}

fn supervise(dir: &TaskDir) -> Result<(), ShimError> {
    // Out of the terminal's reach: Ctrl-C is for the region. Fails only for a group leader,
    // which a shim that was started by hand may be.
    let _ = setsid();
    let Some(_lock) = dir.try_lock()? else {
        return Ok(());
    };
    if dir.exit()?.is_some() {
        return Ok(());
    }
    let spec = dir.spec()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let how = runtime.block_on(run(dir, &spec))?;
    dir.set_exit(&Exit {
        how,
        at: Utc::now().timestamp_millis(),
    })?;
    Ok(())
}

async fn run(dir: &TaskDir, spec: &Spec) -> Result<Ended, ShimError> {
    // Registered first: from here on no signal ends the shim.
    let mut terminate = signal(SignalKind::terminate())?;
    let _interrupt = signal(SignalKind::interrupt())?;
    let _hang_up = signal(SignalKind::hangup())?;
    if dir.stop_requested() {
        return Ok(Ended::NotStarted {
            reason: "stopped before it was started".to_owned(),
        });
    }

    let (reader, writer) = io::pipe()?;
    let output = copy_output(reader, BoundedLog::open(dir.clone(), spec.log_limit)?);
    let mut command = Command::new(&spec.shim.program);
    command
        .args(&spec.shim.args)
        .arg(EXEC)
        .arg(std::process::id().to_string())
        .arg(dir.path())
        .arg(&spec.program)
        .args(&spec.args)
        .current_dir(dir.path())
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .process_group(0);
    let mut command = tokio::process::Command::from(command);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            return Ok(Ended::NotStarted {
                reason: format!("{}: {error}", spec.shim.program.display()),
            });
        }
    };
    // Its copies of the pipe would keep the log from ending.
    drop(command);

    let program = child.id().and_then(Process::with_pid);
    let shim = Process::with_pid(std::process::id());
    if let (Some(program), Some(shim)) = (program.clone(), shim) {
        let at = Utc::now().timestamp_millis();
        dir.set_started(&Started { program, shim, at })?;
        // Nobody may be listening any more.
        let _ = writeln!(io::stdout(), "{STARTED}");
    }

    let signal_program = |signal| match &program {
        Some(program) => program.signal_group(signal).map(drop),
        None => Ok(()),
    };
    let status = tokio::select! {
        status = child.wait() => status?,
        () = stop(&mut terminate, dir) => {
            signal_program(Signal::TERM)?;
            match tokio::time::timeout(spec.stop_timeout(), child.wait()).await {
                Ok(status) => status?,
                Err(_elapsed) => {
                    signal_program(Signal::KILL)?;
                    child.wait().await?
                }
            }
        }
    };
    let _ = output.recv_timeout(OUTPUT_GRACE);
    Ok(match std::fs::read_to_string(exec_error(dir)) {
        Ok(reason) => Ended::NotStarted { reason },
        Err(_) => Ended::Exited {
            code: exit_code(status),
        },
    })
}

/// Returns when the task is to stop: by SIGTERM, or because it was said before the shim could
/// hear it.
async fn stop(terminate: &mut tokio::signal::unix::Signal, dir: &TaskDir) {
    if !dir.stop_requested() {
        terminate.recv().await;
    }
}

/// Copies the program's output into its log until it ends; the receiver hears of that.
fn copy_output(mut from: impl Read + Send + 'static, mut log: BoundedLog) -> mpsc::Receiver<()> {
    let (ended, end) = mpsc::channel();
    thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            // A full disk must not stop the program by filling its pipe.
            let _ = log.write_all(&buffer[..length]);
        }
        let _ = ended.send(());
    });
    end
}

fn exit_code(status: ExitStatus) -> i32 {
    status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .unwrap_or(-1)
}

/// Where the process that was to become the program says why it could not.
fn exec_error(dir: &TaskDir) -> PathBuf {
    dir.path().join("exec-error")
}

/// `exec <shim's pid> <task directory> <program> [argument…]`
fn exec(mut args: impl Iterator<Item = OsString>) -> Option<Result<(), ShimError>> {
    let shim: i32 = args.next()?.to_str()?.parse().ok()?;
    let dir = TaskDir::new(PathBuf::from(args.next()?));
    let program = args.next()?;
    Some(become_program(shim, &dir, &program, args))
}

fn become_program(
    shim: i32,
    dir: &TaskDir,
    program: &OsString,
    args: impl Iterator<Item = OsString>,
) -> Result<(), ShimError> {
    // Without its supervisor nobody would note how the program ended, nor could stop it: a new
    // attempt would run beside it. Kept across exec.
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(io::Error::from)?;
    if getppid().map(|pid| pid.as_raw_nonzero().get()) != Some(shim) {
        return Err(io::Error::other("the supervisor is gone").into());
    }
    let error = Command::new(program).args(args).exec();
    let reason = format!("{}: {error}", PathBuf::from(program).display());
    write_private(&exec_error(dir), reason.as_bytes())?;
    Err(error.into())
}
