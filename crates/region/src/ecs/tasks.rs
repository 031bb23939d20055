//! Tasks: run, wait, stop, describe, and pick up again after a restart.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::Value;
use tokio::sync::watch;

use super::{
    Task,
    capacity::Faults,
    launch::{Launch, Request},
    model::{Status, StopCode},
    rows, supervision,
};
use crate::{
    arn,
    clock::Clock,
    error::AwsError,
    store::{Store, StoreError},
    task::{LaunchFault, TaskCommand, files::TaskDir},
};

/// How long a stopped task and its log are kept.
const KEPT: TimeDelta = TimeDelta::days(30);

/// What the region gives every task's environment.
#[derive(Debug, Clone)]
pub(crate) struct TaskEnvironment {
    pub(crate) endpoint: String,
    pub(crate) config_file: PathBuf,
    pub(crate) credentials_file: PathBuf,
}

/// What `RunTask` comes to.
#[derive(Debug, Clone)]
pub(crate) enum Ran {
    /// Tasks that are still to start; at least one.
    Tasks(Vec<Task>),
    /// No task, for this reason.
    Refused(String),
}

/// The tasks of this machine. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Tasks {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) definitions: BTreeMap<String, TaskCommand>,
    pub(super) environment: TaskEnvironment,
    faults: Faults,
    directory: PathBuf,
    /// The tasks that have not stopped.
    live: Mutex<HashMap<String, watch::Sender<Task>>>,
}

impl Tasks {
    pub(crate) fn new(
        store: Store,
        clock: Clock,
        definitions: BTreeMap<String, TaskCommand>,
        environment: TaskEnvironment,
        directory: PathBuf,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                store,
                clock,
                definitions,
                environment,
                faults: Faults::default(),
                directory,
                live: Mutex::default(),
            }),
        }
    }

    /// Finds the tasks that were running when the last region ended, and follows them on.
    /// Called once, before anything asks about tasks.
    pub(crate) async fn attach(&self) -> Result<(), StoreError> {
        let before = (self.shared.clock.now() - KEPT).timestamp_millis();
        let (live, pruned) = self
            .shared
            .store
            .transaction(move |transaction| {
                let live = rows::stopped_is(transaction, false)?;
                Ok::<_, StoreError>((live, rows::prune(transaction, before)?))
            })
            .await?;
        for id in pruned {
            let path = self.shared.dir(&id).path().to_owned();
            if let Err(error) = fs::remove_dir_all(&path) {
                tracing::warn!(%error, path = %path.display(), "an old task's files stay");
            }
        }
        for task in live {
            tracing::info!(task = task.id, "following a task that was running");
            self.shared.track(&task);
            supervision::follow(Arc::clone(&self.shared), task);
        }
        Ok(())
    }

    /// `RunTask`. `arguments` is its request, with keys in either casing
    /// (`taskDefinition` or `TaskDefinition`). Answers with the tasks, which are still to start.
    ///
    /// With a `ClientToken` it runs once however often it is called: an engine that was killed
    /// between this and its own record asks again and gets the same task.
    pub(crate) async fn run(&self, arguments: &Value) -> Result<Ran, AwsError> {
        let request = Request::parse(arguments, &self.shared.definitions)?;
        let faults = &request.command.launch_faults;
        let fault = self.shared.faults.next(&request.family, faults);
        if let Some(LaunchFault::Refused { reason }) = fault {
            return Ok(Ran::Refused(reason));
        }
        let launches: Vec<Launch> = request.launches(self.shared.clock.now());
        let token = request.client_token.clone();
        let mut tasks: Vec<Task> = launches.iter().map(|launch| launch.task.clone()).collect();
        let written = tasks.clone();
        let earlier = self
            .shared
            .store
            .transaction(move |transaction| {
                if let Some(token) = &token {
                    let earlier = rows::with_client_token(transaction, token)?;
                    if !earlier.is_empty() {
                        return Ok(Some(earlier));
                    }
                }
                for task in &written {
                    rows::insert(transaction, task, token.as_deref())?;
                }
                Ok::<_, StoreError>(None)
            })
            .await?;
        if let Some(earlier) = earlier {
            return Ok(Ran::Tasks(earlier));
        }
        for (task, launch) in tasks.iter_mut().zip(launches) {
            self.shared.track(task);
            let shared = Arc::clone(&self.shared);
            match &fault {
                Some(LaunchFault::FailedToStart { reason }) => {
                    supervision::fail_to_start(shared, task.id.clone(), reason.clone());
                }
                _ => supervision::launch(shared, launch),
            }
        }
        Ok(Ran::Tasks(tasks))
    }

    /// Returns the task once it has stopped.
    pub(crate) async fn wait(&self, arn: &str) -> Result<Task, AwsError> {
        let id = task_id(arn)?;
        let watcher = self.shared.live().get(id).map(watch::Sender::subscribe);
        if let Some(mut watcher) = watcher
            && let Ok(task) = watcher.wait_for(Task::is_stopped).await
        {
            return Ok(task.clone());
        }
        self.describe(arn).await
    }

    /// The task by its ARN or id.
    pub(crate) async fn describe(&self, arn: &str) -> Result<Task, AwsError> {
        let id = task_id(arn)?.to_owned();
        let task = self
            .shared
            .store
            .transaction(move |transaction| rows::get(transaction, &id))
            .await?;
        task.ok_or_else(not_found)
    }

    /// Every task that is kept, newest first, the running ones before the stopped.
    pub(crate) async fn list(&self) -> Result<Vec<Task>, AwsError> {
        let tasks = self
            .shared
            .store
            .transaction(|transaction| {
                let mut tasks = rows::stopped_is(transaction, false)?;
                tasks.extend(rows::stopped_is(transaction, true)?);
                Ok::<_, StoreError>(tasks)
            })
            .await?;
        Ok(tasks)
    }

    /// Asks the task to stop: SIGTERM, and SIGKILL after its stop timeout. Returns at once, with
    /// the task as it is then; a task that has stopped stays as it is.
    pub(crate) async fn stop(&self, arn: &str, reason: &str) -> Result<Task, AwsError> {
        let id = task_id(arn)?;
        self.stop_because(id, StopCode::UserInitiated, reason).await
    }

    /// Asks every task to stop and waits until they have, so that each can write its checkpoint.
    pub(crate) async fn stop_all(&self, reason: &str) {
        let ids: Vec<String> = self.shared.live().keys().cloned().collect();
        let stopping = ids.iter().map(|id| async move {
            let stopped = async {
                self.stop_because(id, StopCode::TerminationNotice, reason)
                    .await?;
                self.wait(id).await
            };
            if let Err(error) = stopped.await {
                tracing::warn!(task = id, %error, "task could not be stopped");
            }
        });
        let patience = self
            .shared
            .definitions
            .values()
            .map(|command| command.stop_timeout)
            .max()
            .unwrap_or_default()
            + Duration::from_secs(5);
        if tokio::time::timeout(patience, join_all(stopping))
            .await
            .is_err()
        {
            tracing::warn!("some tasks have not stopped; the next region follows them on");
        }
    }

    async fn stop_because(&self, id: &str, code: StopCode, reason: &str) -> Result<Task, AwsError> {
        let (now, reason) = (self.shared.clock.now(), reason.to_owned());
        let task = self
            .shared
            .change(id, move |task| {
                // The first reason stays.
                if !task.is_stopped() && task.desired != Status::Stopped {
                    task.desired = Status::Stopped;
                    task.stopping_at = Some(now);
                    task.stop_code = Some(code);
                    task.stopped_reason = Some(reason);
                }
            })
            .await?
            .ok_or_else(not_found)?;
        if !task.is_stopped() {
            supervision::request_stop(&self.shared.dir(id))
                .map_err(|error| AwsError::internal(&error))?;
        }
        Ok(task)
    }

    /// The registered task definitions' families.
    pub(crate) fn definitions(&self) -> &BTreeMap<String, TaskCommand> {
        &self.shared.definitions
    }
}

impl Shared {
    pub(super) fn dir(&self, id: &str) -> TaskDir {
        TaskDir::new(self.directory.join(id))
    }

    /// Changes the stored task and tells those who wait for it.
    pub(super) async fn change(
        &self,
        id: &str,
        change: impl FnOnce(&mut Task) + Send + 'static,
    ) -> Result<Option<Task>, StoreError> {
        let id = id.to_owned();
        let task = self
            .store
            .transaction(move |transaction| {
                let Some(before) = rows::get(transaction, &id)? else {
                    return Ok::<_, StoreError>(None);
                };
                let mut task = before.clone();
                change(&mut task);
                if task != before {
                    task.version += 1;
                    rows::update(transaction, &task)?;
                }
                Ok(Some(task))
            })
            .await?;
        if let Some(task) = &task {
            let mut live = self.live();
            if let Some(watchers) = live.get(&task.id) {
                watchers.send_replace(task.clone());
            }
            if task.is_stopped() {
                live.remove(&task.id);
            }
        }
        Ok(task)
    }

    pub(super) fn is_pending(&self, id: &str) -> bool {
        self.live()
            .get(id)
            .is_some_and(|task| task.borrow().last == Status::Pending)
    }

    fn track(&self, task: &Task) {
        let (sender, _) = watch::channel(task.clone());
        self.live().insert(task.id.clone(), sender);
    }

    fn live(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<Task>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The id in `arn:aws:ecs:…:task/default/<id>`, or the id itself.
pub(super) fn task_id(arn: &str) -> Result<&str, AwsError> {
    let id = match arn.strip_prefix("arn:") {
        Some(_) => arn
            .strip_prefix(arn::task("").as_str())
            .ok_or_else(not_found)?,
        None => arn,
    };
    Ok(id)
}

fn not_found() -> AwsError {
    AwsError::new(
        "InvalidParameterException",
        "The referenced task was not found.",
    )
}
