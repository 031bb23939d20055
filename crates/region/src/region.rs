//! Putting a region together, starting it and stopping it.

use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::Router;
use serde_json::Value;
use tokio::{net::TcpListener, sync::Notify, task::JoinSet};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    clock::Clock,
    data_dir::{Credentials, DataDir, DataDirError, private_file},
    dynamodb::DynamoDb,
    ecs::{self, Ecs, TaskEnvironment, Tasks},
    error::chain,
    events::Events,
    front::{Front, Services},
    lambda::{self, FunctionError, Functions, Handler, Invocations, Lambda},
    scheduler::{self, DeadLetterQueues, Dispatcher, Scheduler, StartExecution},
    ssm::{self, Ssm, Vault},
    step_functions::{self, Seams, StepFunctions},
    store::{Store, StoreError},
    task::TaskCommand,
};

/// How long requests that are under way may take to end when the region stops.
const LAST_REQUESTS: Duration = Duration::from_secs(5);

/// Why a region does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// Anything but loopback would let others in.
    #[error("a region listens on 127.0.0.1 only, not on {0}")]
    NotLoopback(SocketAddr),
    /// The port cannot be had.
    #[error("cannot listen on {address}")]
    Listen {
        /// What was tried.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The engine's database cannot be used.
    #[error("cannot use the state database")]
    Store(#[from] StoreError),
    /// The tables' database cannot be used.
    #[error("cannot use the table database")]
    DynamoDb(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A state machine's definition is refused, or its executions cannot be read.
    #[error("cannot set up Step Functions: {0}")]
    StepFunctions(String),
    /// The encryption of the key store cannot be set up.
    #[error("cannot set up the key store")]
    KeyStore(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Names the data directory and the port; [`RegionBuilder::bind`] takes hold of both.
#[derive(Debug, Clone)]
pub struct RegionBuilder {
    data_dir: PathBuf,
    listen: SocketAddr,
}

impl RegionBuilder {
    /// Where to listen: 127.0.0.1 with a port. Port 0, the default, takes the port of the last
    /// region on the data directory when it is free (tasks that outlived that one still talk to
    /// it), and any free one otherwise.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Opens the data directory, locks it, makes the credentials, and takes the port.
    ///
    /// Clients may connect from here on; they are answered after [`Region::start`].
    ///
    /// # Errors
    /// The directory or the port is in use or cannot be used.
    pub async fn bind(self) -> Result<Region, StartError> {
        if self.listen.ip() != Ipv4Addr::LOCALHOST {
            return Err(StartError::NotLoopback(self.listen));
        }
        let data = DataDir::open(&self.data_dir)?;
        let listener = listen(self.listen, data.last_port()).await?;
        let address = listener.local_addr().map_err(|source| StartError::Listen {
            address: self.listen,
            source,
        })?;
        let endpoint = format!("http://{address}");
        let credentials = data.credentials()?;
        data.write_config(&endpoint)?;
        Ok(Region {
            data,
            listener,
            port: address.port(),
            endpoint,
            credentials,
            functions: BTreeMap::new(),
            task_definitions: BTreeMap::new(),
            state_machines: Vec::new(),
            on_execution_status_change: Vec::new(),
            dead_letter: BTreeMap::new(),
            function_url: Router::new(),
        })
    }
}

async fn listen(address: SocketAddr, last_port: Option<u16>) -> Result<TcpListener, StartError> {
    if address.port() == 0
        && let Some(port) = last_port
        && let Ok(listener) = TcpListener::bind(SocketAddr::new(address.ip(), port)).await
    {
        return Ok(listener);
    }
    TcpListener::bind(address)
        .await
        .map_err(|source| StartError::Listen { address, source })
}

/// A region that has its data directory and its port, and takes what it is to run.
pub struct Region {
    data: DataDir,
    listener: TcpListener,
    port: u16,
    endpoint: String,
    credentials: Credentials,
    functions: BTreeMap<String, Handler>,
    task_definitions: BTreeMap<String, TaskCommand>,
    state_machines: Vec<(String, String)>,
    on_execution_status_change: Vec<String>,
    dead_letter: BTreeMap<String, String>,
    function_url: Router,
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

    /// Serves a router as a Lambda function URL with IAM authentication would be: requests are
    /// signed for the service `lambda`, on any path but those of the Lambda API.
    #[must_use]
    pub fn http(mut self, router: Router) -> Self {
        self.function_url = self.function_url.merge(router);
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

/// What happens to running tasks when the region stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShutdownTasks {
    /// They get SIGTERM and write their checkpoint; their executions go on at the next start.
    Stop,
    /// They go on, and the next region on the data directory follows them.
    LeaveRunning,
}

/// A region that serves. Dropped without [`RunningRegion::shutdown`] it stops serving at once
/// and leaves tasks running.
pub struct RunningRegion {
    endpoint: String,
    credentials: Credentials,
    step_functions: StepFunctions,
    tasks: Tasks,
    stop_work: DropGuard,
    stop_serving: DropGuard,
    running: JoinSet<()>,
    // Last, so that the lock goes when everything else has.
    data: DataDir,
}

impl RunningRegion {
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

    /// The data directory, canonical.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        self.data.path()
    }

    /// Stops: no more schedules fire, executions stay where they are, then the tasks, and last
    /// the port, so that a task can still write its checkpoint.
    pub async fn shutdown(mut self, tasks: ShutdownTasks) {
        drop(self.stop_work);
        self.step_functions.shutdown().await;
        if tasks == ShutdownTasks::Stop {
            self.tasks.stop_all("the region was stopped").await;
        }
        drop(self.stop_serving);
        let all = async { while self.running.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_REQUESTS, all).await.is_err() {
            tracing::warn!("requests that were still under way were cut off");
        }
        tracing::info!("region stopped");
    }
}
