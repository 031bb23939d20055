//! The files through which a region and a shim know of each other.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{ShimCommand, process::Process};
use crate::data_dir::{DataDirError, create_private, private_file, write_private};

/// One task's directory.
///
/// | file | written by | meaning |
/// |---|---|---|
/// | `spec.json` | region | what to run |
/// | `lock` | – | held by the shim for as long as it lives: that, not a process id, is how a region knows |
/// | `started.json` | shim | the program runs |
/// | `stop` | region | the task is to stop |
/// | `exit.json` | shim, or a region that found the shim gone | how it ended; final |
/// | `log`, `log.1` | shim | what the program printed |
#[derive(Debug, Clone)]
pub(crate) struct TaskDir {
    path: PathBuf,
}

/// `spec.json`
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Spec {
    pub(crate) shim: ShimCommand,
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<String>,
    pub(crate) stop_timeout_ms: u64,
    pub(crate) log_limit: u64,
}

impl Spec {
    pub(crate) fn stop_timeout(&self) -> Duration {
        Duration::from_millis(self.stop_timeout_ms)
    }
}

/// `started.json`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Started {
    pub(crate) program: Process,
    pub(crate) shim: Process,
    /// Epoch milliseconds.
    pub(crate) at: i64,
}

/// `exit.json`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Exit {
    pub(crate) how: Ended,
    /// Epoch milliseconds.
    pub(crate) at: i64,
}

/// How a task ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Ended {
    /// The program ended by itself or by a signal (then 128 + its number, as a shell says it).
    Exited {
        /// The exit code.
        code: i32,
    },
    /// The program could not be started, or was to stop before it was.
    NotStarted {
        /// Why.
        reason: String,
    },
    /// The supervisor went away without a word: the machine was restarted, or it was killed.
    Vanished,
}

impl TaskDir {
    pub(crate) fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.path.join("log")
    }

    pub(crate) fn create(&self, spec: &Spec) -> Result<(), DataDirError> {
        create_private(&self.path)?;
        self.write("spec.json", spec)
    }

    pub(crate) fn spec(&self) -> io::Result<Spec> {
        self.read("spec.json")?
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(crate) fn set_started(&self, started: &Started) -> Result<(), DataDirError> {
        self.write("started.json", started)
    }

    pub(crate) fn started(&self) -> io::Result<Option<Started>> {
        self.read("started.json")
    }

    pub(crate) fn set_exit(&self, exit: &Exit) -> Result<(), DataDirError> {
        self.write("exit.json", exit)
    }

    pub(crate) fn exit(&self) -> io::Result<Option<Exit>> {
        self.read("exit.json")
    }

    pub(crate) fn request_stop(&self) -> Result<(), DataDirError> {
        write_private(&self.path.join("stop"), b"")
    }

    pub(crate) fn stop_requested(&self) -> bool {
        self.path.join("stop").exists()
    }

    /// The lock, or `None` while the shim lives. Dropping it releases it.
    pub(crate) fn try_lock(&self) -> Result<Option<File>, DataDirError> {
        let path = self.path.join("lock");
        let file = private_file(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(DataDirError::Io { path, source }),
        }
    }

    /// The log, for appending.
    pub(crate) fn append_log(&self) -> io::Result<File> {
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(self.log())
    }

    fn write(&self, name: &str, contents: &impl Serialize) -> Result<(), DataDirError> {
        let path = self.path.join(name);
        let json = serde_json::to_vec(contents).map_err(|error| DataDirError::Io {
            path: path.clone(),
            source: error.into(),
        })?;
        write_private(&path, &json)
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> io::Result<Option<T>> {
        match fs::read(self.path.join(name)) {
            Ok(json) => Ok(Some(serde_json::from_slice(&json)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}
