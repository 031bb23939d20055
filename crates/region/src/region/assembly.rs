//! A region that takes what it is to run, and starts.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};

use axum::Router;
use serde_json::Value;
use tokio::{net::TcpListener, sync::Notify, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{RegionBuilder, RunningRegion, StartError};
use crate::{
    clock::Clock,
    data_dir::{Credentials, DataDir, private_file},
    dynamodb::DynamoDb,
    ecs::{self, Ecs, TaskEnvironment, Tasks},
    error::chain,
    events::Events,
    front::{Front, Services},
    lambda::{self, FunctionError, Functions, Handler, Invocations, Lambda},
    scheduler::{self, DeadLetterQueues, Dispatcher, Scheduler, StartExecution},
    sns::{self, Sns, Subscribers},
    ssm::{self, Ssm, Vault},
    step_functions::{self, Seams, StepFunctions},
    store::Store,
    task::TaskCommand,
};

/// A region that has its data directory and its port, and takes what it is to run.
pub struct Region {
    pub(super) data: DataDir,
    pub(super) listener: TcpListener,
    pub(super) port: u16,
    pub(super) endpoint: String,
    pub(super) credentials: Credentials,
    pub(super) functions: BTreeMap<String, Handler>,
    pub(super) task_definitions: BTreeMap<String, TaskCommand>,
    pub(super) state_machines: Vec<(String, String)>,
    pub(super) on_execution_status_change: Vec<String>,
    pub(super) dead_letter: BTreeMap<String, String>,
    pub(super) subscribers: Subscribers,
    pub(super) function_url: Router,
}

impl Region {
    /// A region that keeps everything in `data_dir`, which is created when it is missing.
    pub fn builder(data_dir: impl Into<PathBuf>) -> RegionBuilder {
        RegionBuilder {
            data_dir: data_dir.into(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        }
    }

    /// `http://127.0.0.1:<port>`, for `AWS_ENDPOINT_URL`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What requests must be signed with.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// For `AWS_CONFIG_FILE`: region and endpoint.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.data.config_file()
    }

    /// For `AWS_SHARED_CREDENTIALS_FILE`.
    #[must_use]
    pub fn credentials_file(&self) -> PathBuf {
        self.data.credentials_file()
    }

    /// Registers a Lambda function.
    #[must_use]
    pub fn function<F, R>(mut self, name: impl Into<String>, handler: F) -> Self
    where
        F: Fn(Value) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Value, FunctionError>> + Send + 'static,
    {
        let handler: Handler = Arc::new(move |payload| Box::pin(handler(payload)));
        self.functions.insert(name.into(), handler);
        self
    }

    /// Registers an ECS task definition by its family.
    #[must_use]
    pub fn task_definition(mut self, family: impl Into<String>, command: TaskCommand) -> Self {
        self.task_definitions.insert(family.into(), command);
        self
    }

    /// Registers a state machine with its definition in the Amazon States Language.
    #[must_use]
    pub fn state_machine(mut self, name: impl Into<String>, definition: impl Into<String>) -> Self {
        self.state_machines.push((name.into(), definition.into()));
        self
    }

    /// Has a function invoked with EventBridge's "Step Functions Execution Status Change".
    #[must_use]
    pub fn on_execution_status_change(mut self, function: impl Into<String>) -> Self {
        self.on_execution_status_change.push(function.into());
        self
    }

    /// Has a function invoked with the SQS messages that land in a schedule's dead-letter queue.
    #[must_use]
    pub fn dead_letter(
        mut self,
        queue_arn: impl Into<String>,
        function: impl Into<String>,
    ) -> Self {
        self.dead_letter.insert(queue_arn.into(), function.into());
        self
    }

    /// Has a function invoked with what is published to an SNS topic, which is made. What was
    /// published is kept until the function has taken it.
    #[must_use]
    pub fn subscribe(mut self, topic: impl Into<String>, function: impl Into<String>) -> Self {
        let functions = self.subscribers.entry(topic.into()).or_default();
        functions.push(function.into());
        self
    }

    /// Serves a router as a Lambda function URL with IAM authentication would be: requests are
    /// signed for the service `lambda`, on any path but those of the Lambda API. There is one:
    /// the last that was given.
    #[must_use]
    pub fn http(mut self, router: Router) -> Self {
        self.function_url = router;
        self
    }

    /// Opens the state, serves, and continues whatever was under way.
    ///
    /// # Errors
    /// A database cannot be used, or a state machine is refused.
    pub async fn start(self) -> Result<RunningRegion, StartError> {
        let clock = Clock;
        // SQLite gives its files the mode of the first of them.
        for database in [self.data.database(), self.data.dynamodb()] {
            private_file(&database)?;
        }
        let store = Store::open(
            &self.data.database(),
            &[
                lambda::MIGRATIONS,
                ecs::MIGRATIONS,
                ssm::MIGRATIONS,
                scheduler::MIGRATIONS,
                sns::MIGRATIONS,
                step_functions::MIGRATIONS,
            ],
        )?;
        let dynamodb = DynamoDb::open(&self.data.dynamodb())
            .map_err(|error| StartError::DynamoDb(error.into()))?;
        let vault = Vault::new(&self.data.master_key()?)
            .map_err(|error| StartError::KeyStore(error.into()))?;

        let functions = Functions::new(self.functions);
        let invocations = Invocations::new(store.clone(), functions.clone(), clock);
        let events = Events::new(invocations.clone(), clock, self.on_execution_status_change);
        let tasks = Tasks::new(
            store.clone(),
            clock,
            self.task_definitions,
            TaskEnvironment {
                endpoint: self.endpoint.clone(),
                config_file: self.data.config_file(),
                credentials_file: self.data.credentials_file(),
            },
            self.data.tasks(),
        );
        tasks.attach().await?;
        let seams = Seams {
            store: store.clone(),
            functions: functions.clone(),
            tasks: tasks.clone(),
            events,
            clock,
        };
        let step_functions = StepFunctions::open(seams, self.state_machines)
            .await
            .map_err(|error| StartError::StepFunctions(error.message))?;
        let queues = DeadLetterQueues::new(invocations.clone(), self.dead_letter);
        let sns = Sns::open(store.clone(), clock, invocations.clone(), self.subscribers).await?;
        let changed = Arc::new(Notify::new());
        let dispatcher = Dispatcher {
            store: store.clone(),
            clock,
            start_execution: start_execution(step_functions.clone()),
            queues: queues.clone(),
            changed: Arc::clone(&changed),
        };
        let front = Arc::new(Front {
            services: Services {
                dynamodb: dynamodb.clone(),
                ecs: Ecs {
                    tasks: tasks.clone(),
                },
                lambda: Lambda {
                    functions,
                    invocations: invocations.clone(),
                    store: store.clone(),
                    started_at: clock.now(),
                },
                scheduler: Scheduler {
                    store: store.clone(),
                    clock,
                    queues,
                    changed,
                },
                sns,
                ssm: Ssm {
                    store,
                    clock,
                    vault: Arc::new(vault),
                },
                step_functions: step_functions.clone(),
                function_url: self.function_url,
            },
            credentials: self.credentials.clone(),
            port: self.port,
            clock,
        });

        let (stop_work, stop_serving) = (CancellationToken::new(), CancellationToken::new());
        let mut running = JoinSet::new();
        let served = stop_serving.clone().cancelled_owned();
        running.spawn(async move {
            let server = axum::serve(self.listener, front.router()).with_graceful_shutdown(served);
            if let Err(error) = server.await {
                tracing::error!(error = %chain(&error), "the server failed");
            }
        });
        // What goes on from here calls back over the port.
        step_functions.resume();
        running.spawn(invocations.run(stop_work.clone()));
        running.spawn(dispatcher.run(stop_work.clone()));
        running.spawn(dynamodb.sweep(stop_work.clone()));
        tracing::info!(endpoint = self.endpoint, "region started");
        Ok(RunningRegion {
            endpoint: self.endpoint,
            credentials: self.credentials,
            step_functions,
            tasks,
            stop_work: stop_work.drop_guard(),
            stop_serving: stop_serving.drop_guard(),
            running,
            data: self.data,
        })
    }
}

fn start_execution(step_functions: StepFunctions) -> StartExecution {
    Arc::new(move |request| {
        let step_functions = step_functions.clone();
        Box::pin(async move { step_functions.handle("StartExecution", request).await })
    })
}
