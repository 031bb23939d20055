//! A region that serves.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::task::JoinSet;
use tokio_util::sync::DropGuard;

use crate::{
    data_dir::{Credentials, DataDir},
    ecs::Tasks,
    step_functions::StepFunctions,
};

/// How long requests that are under way may take to end when the region stops.
const LAST_REQUESTS: Duration = Duration::from_secs(5);

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
    pub(super) endpoint: String,
    pub(super) credentials: Credentials,
    pub(super) step_functions: StepFunctions,
    pub(super) tasks: Tasks,
    pub(super) stop_work: DropGuard,
    pub(super) stop_serving: DropGuard,
    pub(super) running: JoinSet<()>,
    // Last, so that the lock goes when everything else has.
    pub(super) data: DataDir,
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
