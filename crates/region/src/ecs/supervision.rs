//! From a shim's files to the task's state.

use std::{process::Stdio, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use rustix::process::Signal;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use super::{
    Task,
    launch::Launch,
    model::{Status, StopCode},
    tasks::Shared,
};
use crate::{
    data_dir::{DataDirError, create_private},
    error::chain,
    store::StoreError,
    task::{
        files::{Ended, Exit, TaskDir},
        shim::SUPERVISE,
    },
};

/// How often a task whose shim is not our child is looked at. A lock is tried: one system call.
const LOOK: Duration = Duration::from_millis(100);

/// Pause before a failed write is tried again.
const STORE_FAILED: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
pub(super) enum SupervisionError {
    #[error(transparent)]
    File(#[from] DataDirError),
    #[error("a task's files cannot be read")]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Starts a task and follows it to its end.
pub(super) fn launch(shared: Arc<Shared>, launch: Launch) {
    tokio::spawn(async move {
        let id = launch.task.id.clone();
        if let Err(error) = start(&shared, &launch).await {
            tracing::error!(task = id, error = %chain(&error), "task could not be started");
        }
        follow_to_end(&shared, &id).await;
    });
}

/// Follows a task that is already there to its end; one that the last region wrote down but did
/// not get to start is started.
pub(super) fn follow(shared: Arc<Shared>, task: Task) {
    tokio::spawn(async move {
        let id = task.id.clone();
        if let Err(error) = start_unstarted(&shared, task).await {
            tracing::error!(task = id, error = %chain(&error), "task could not be started");
        }
        follow_to_end(&shared, &id).await;
    });
}

/// Stops a task before its container runs.
pub(super) fn fail_to_start(shared: Arc<Shared>, id: String, reason: String) {
    tokio::spawn(async move {
        let at = Some(shared.clock.now());
        let stopped = shared.change(&id, move |task| {
            task.stop_code.get_or_insert(StopCode::TaskFailedToStart);
            task.stopped_reason.get_or_insert(reason);
            task.desired = Status::Stopped;
            task.last = Status::Stopped;
            task.stopping_at = task.stopping_at.or(at);
            task.stopped_at = at;
        });
        if let Err(error) = stopped.await {
            tracing::error!(task = id, error = %chain(&error), "task could not be stopped");
        }
    });
}

async fn start_unstarted(shared: &Shared, task: Task) -> Result<(), SupervisionError> {
    let dir = shared.dir(&task.id);
    // A shim that is only just beginning holds the lock, or finds the second shim holding it and
    // leaves: whatever happens, one runs.
    let unstarted = task.last == Status::Pending
        && (!dir.path().exists()
            || dir.started()?.is_none() && dir.exit()?.is_none() && dir.try_lock()?.is_some());
    if !unstarted {
        return Ok(());
    }
    tracing::info!(task = task.id, "starting a task that was not started yet");
    match Launch::again(task, &shared.definitions) {
        Ok(launch) => start(shared, &launch).await,
        Err(error) => {
            create_private(dir.path())?;
            let reason = error.message;
            end(&dir, Ended::NotStarted { reason })
        }
    }
}

/// Asks the shim to stop the program. It notices even when it is only just starting.
pub(super) fn request_stop(dir: &TaskDir) -> Result<(), SupervisionError> {
    dir.request_stop()?;
    if let Some(started) = dir.started()? {
        started.shim.signal(Signal::TERM)?;
    }
    Ok(())
}

/// Runs the shim until it ends. Whatever goes wrong here leaves no exit record, and is then
/// found as such.
async fn start(shared: &Shared, launch: &Launch) -> Result<(), SupervisionError> {
    let dir = shared.dir(&launch.task.id);
    dir.create(&launch.spec)?;
    let spawned = Command::new(&launch.spec.shim.program)
        .args(&launch.spec.shim.args)
        .arg(SUPERVISE)
        .arg(dir.path())
        .env_clear()
        .envs(launch.environment(&shared.environment))
        .current_dir(dir.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(dir.append_log()?)
        .spawn();
    let mut shim = match spawned {
        Ok(shim) => shim,
        Err(error) => {
            let reason = format!("{}: {error}", launch.spec.shim.program.display());
            return end(&dir, Ended::NotStarted { reason });
        }
    };
    if reported_start(&mut shim).await {
        note_started(shared, &launch.task.id, &dir).await?;
    }
    shim.wait().await?;
    Ok(())
}

async fn reported_start(shim: &mut Child) -> bool {
    let Some(output) = shim.stdout.take() else {
        return false;
    };
    let mut line = String::new();
    let read = BufReader::new(output).read_line(&mut line).await;
    read.is_ok_and(|length| length > 0)
}

async fn follow_to_end(shared: &Shared, id: &str) {
    let dir = shared.dir(id);
    loop {
        match look(shared, id, &dir).await {
            Ok(true) => return,
            Ok(false) => tokio::time::sleep(LOOK).await,
            Err(error) => {
                tracing::error!(task = id, error = %chain(&error), "task cannot be followed");
                tokio::time::sleep(STORE_FAILED).await;
            }
        }
    }
}

/// Brings the stored task up to date; `true` when it has stopped.
async fn look(shared: &Shared, id: &str, dir: &TaskDir) -> Result<bool, SupervisionError> {
    if let Some(exit) = dir.exit()? {
        note_started(shared, id, dir).await?;
        stopped(shared, id, exit).await?;
        return Ok(true);
    }
    note_started(shared, id, dir).await?;
    // It may not even have been created: a full disk.
    create_private(dir.path())?;
    // With the lock in hand no shim lives, and none that is late can begin.
    let Some(_lock) = dir.try_lock()? else {
        return Ok(false);
    };
    if dir.exit()?.is_some() {
        // It ended between the two looks.
        return Ok(false);
    }
    match dir.started()? {
        Some(started) => {
            // What the shim left behind must not go on beside the next attempt.
            started.program.signal_group(Signal::KILL)?;
            end(dir, Ended::Vanished)?;
        }
        None => {
            let reason = "its supervisor ended before it started the program".to_owned();
            end(dir, Ended::NotStarted { reason })?;
        }
    }
    Ok(false)
}

fn end(dir: &TaskDir, how: Ended) -> Result<(), SupervisionError> {
    let at = Utc::now().timestamp_millis();
    dir.set_exit(&Exit { how, at })?;
    Ok(())
}

async fn note_started(shared: &Shared, id: &str, dir: &TaskDir) -> Result<(), SupervisionError> {
    if !shared.is_pending(id) {
        return Ok(());
    }
    let Some(started) = dir.started()? else {
        return Ok(());
    };
    let at = DateTime::from_timestamp_millis(started.at);
    shared
        .change(id, move |task| {
            if task.last == Status::Pending {
                task.last = Status::Running;
                task.started_at = at;
            }
        })
        .await?;
    Ok(())
}

async fn stopped(shared: &Shared, id: &str, exit: Exit) -> Result<(), SupervisionError> {
    tracing::info!(task = id, how = ?exit.how, "task stopped");
    let at = DateTime::from_timestamp_millis(exit.at);
    shared
        .change(id, move |task| {
            if task.is_stopped() {
                return;
            }
            let (code, reason) = match exit.how {
                Ended::Exited { code } => {
                    task.exit_code = Some(code);
                    (
                        StopCode::EssentialContainerExited,
                        "Essential container in task exited".to_owned(),
                    )
                }
                Ended::NotStarted { reason } => (
                    StopCode::TaskFailedToStart,
                    format!("CannotStartContainerError: {reason}"),
                ),
                Ended::Vanished => {
                    let reason = "the process and its supervisor are gone without an exit status: \
                                  the machine was restarted, or they were killed";
                    task.container_reason = Some(reason.to_owned());
                    (StopCode::EssentialContainerExited, reason.to_owned())
                }
            };
            // A stop that was asked for keeps the reason it was given.
            task.stop_code.get_or_insert(code);
            task.stopped_reason.get_or_insert(reason);
            task.desired = Status::Stopped;
            task.last = Status::Stopped;
            task.stopping_at = task.stopping_at.or(at);
            task.stopped_at = at;
        })
        .await?;
    Ok(())
}
