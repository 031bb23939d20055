//! The service: its operations by name, and the executions that are under way.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::Value;
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use super::{
    actor::{Actor, Message},
    arguments::Arguments,
    execution_rows, executions, history, machines, redrive, validation,
};
use crate::{
    clock::Clock,
    ecs::Tasks,
    error::{AwsError, chain},
    events::Events,
    lambda::Functions,
    store::{Store, StoreError},
};

/// What an execution reaches the rest of the region through.
pub(crate) struct Seams {
    pub(crate) store: Store,
    pub(crate) functions: Functions,
    pub(crate) tasks: Tasks,
    pub(crate) events: Events,
    pub(crate) clock: Clock,
}

/// The service. Cheap to clone.
#[derive(Clone)]
pub(crate) struct StepFunctions {
    shared: Arc<Shared>,
    /// Stops the executions with the last handle; their actors hold `shared`, but not this.
    _until_dropped: Arc<DropGuard>,
}

pub(super) struct Shared {
    pub(super) seams: Seams,
    /// Cancelled when the region closes.
    pub(super) shutdown: CancellationToken,
    /// The actors and the tasks they run.
    pub(super) tracker: TaskTracker,
    /// The inbox of each execution that has an actor.
    actors: Mutex<HashMap<String, UnboundedSender<Message>>>,
}

impl StepFunctions {
    /// Registers the state machines (name and definition) that the program brings.
    pub(crate) async fn open(
        seams: Seams,
        state_machines: Vec<(String, String)>,
    ) -> Result<Self, AwsError> {
        let now = seams.clock.now();
        seams
            .store
            .transaction(move |transaction| {
                execution_rows::prune(transaction, now)?;
                for (name, definition) in state_machines {
                    machines::register(transaction, &name, definition, now)?;
                }
                Ok::<_, AwsError>(())
            })
            .await?;
        let shutdown = CancellationToken::new();
        Ok(Self {
            _until_dropped: Arc::new(shutdown.clone().drop_guard()),
            shared: Arc::new(Shared {
                seams,
                shutdown,
                tracker: TaskTracker::new(),
                actors: Mutex::default(),
            }),
        })
    }

    /// Continues every execution that was running. Called once, when requests are served.
    pub(crate) fn resume(&self) {
        let shared = Arc::clone(&self.shared);
        self.shared.tracker.spawn(async move {
            if let Err(error) = shared.resume().await {
                tracing::error!(error = %chain(&error), "executions could not be continued");
            }
        });
    }

    /// Stops advancing executions; they stay where they are for the next start.
    pub(crate) async fn shutdown(&self) {
        self.shared.shutdown.cancel();
        self.shared.tracker.close();
        self.shared.tracker.wait().await;
    }

    /// Answers `AWSStepFunctions.<operation>`.
    pub(crate) async fn handle(&self, operation: &str, body: Value) -> Result<Value, AwsError> {
        let arguments = Arguments(body);
        let shared = &self.shared;
        match operation {
            "CreateStateMachine" => machines::create(shared, &arguments).await,
            "DeleteStateMachine" => machines::delete(shared, &arguments).await,
            "DescribeExecution" => executions::describe(shared, &arguments).await,
            "DescribeStateMachine" => machines::describe(shared, &arguments).await,
            "DescribeStateMachineForExecution" => {
                machines::describe_for_execution(shared, &arguments).await
            }
            "GetExecutionHistory" => history::get(shared, &arguments).await,
            "ListExecutions" => executions::list(shared, &arguments).await,
            "ListStateMachines" => machines::list(shared, &arguments).await,
            "RedriveExecution" => redrive::redrive(shared, &arguments).await,
            "StartExecution" => executions::start(shared, &arguments).await,
            "StopExecution" => redrive::stop(shared, &arguments).await,
            "UpdateStateMachine" => machines::update(shared, &arguments).await,
            "ValidateStateMachineDefinition" => validation::validate(&arguments),
            _ => Err(AwsError::unknown_operation("states", operation)),
        }
    }
}

impl Shared {
    async fn resume(self: &Arc<Self>) -> Result<(), StoreError> {
        let (running, to_stop) = self
            .seams
            .store
            .transaction(|transaction| {
                Ok::<_, StoreError>((
                    execution_rows::running(transaction)?,
                    execution_rows::tasks_to_stop(transaction)?,
                ))
            })
            .await?;
        for arn in running {
            tracing::info!(execution = arn, "continuing");
            self.tell(&arn, Message::Go);
        }
        for (task, reason) in to_stop {
            self.stop_task(&task, &reason).await?;
        }
        Ok(())
    }

    /// Stops a task that [`execution_rows::stop_task`] has noted.
    pub(super) async fn stop_task(&self, task: &str, reason: &str) -> Result<(), StoreError> {
        if let Err(error) = self.seams.tasks.stop(task, reason).await {
            tracing::warn!(task, %error, "task could not be stopped");
        }
        let task = task.to_owned();
        self.seams
            .store
            .transaction(move |transaction| {
                execution_rows::task_was_stopped(transaction, &task)?;
                Ok(())
            })
            .await
    }

    /// Gives a message to the execution's actor, which begins to live with it if there was none.
    pub(super) fn tell(self: &Arc<Self>, arn: &str, message: Message) {
        let mut actors = self.actors.lock().unwrap_or_else(PoisonError::into_inner);
        let message = match actors.get(arn) {
            // A closed inbox is that of an actor that panicked.
            Some(inbox) => match inbox.send(message) {
                Ok(()) => return,
                Err(returned) => returned.0,
            },
            None => message,
        };
        let (sender, inbox) = mpsc::unbounded_channel();
        let actor = Actor::new(Arc::clone(self), arn.to_owned(), sender.clone(), inbox);
        // The receiver is in the actor, which has not run yet.
        let _ = sender.send(message);
        actors.insert(arn.to_owned(), sender);
        self.tracker.spawn(actor.run());
    }

    /// Ends an actor unless a message came for it in the meantime.
    pub(super) fn leave(&self, arn: &str, inbox: &mpsc::UnboundedReceiver<Message>) -> bool {
        // `tell` sends while it holds the lock, so nothing can slip in between.
        let mut actors = self.actors.lock().unwrap_or_else(PoisonError::into_inner);
        if !inbox.is_empty() {
            return false;
        }
        actors.remove(arn);
        true
    }
}
