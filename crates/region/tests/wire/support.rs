//! A region in a process of its own, and SDK clients for it.

use std::{
    fmt::Debug,
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use aws_credential_types::Credentials;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// How long anything is waited for before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Region {
    process: Child,
    pub(crate) endpoint: String,
    directory: TempDir,
}

/// The configuration of any of the SDK's clients.
macro_rules! config {
    ($sdk:ident, $region:expr) => {
        $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region($sdk::config::Region::new("us-east-1"))
            .endpoint_url(&$region.endpoint)
            .credentials_provider($region.credentials())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build()
    };
}
pub(crate) use config;

impl Region {
    pub(crate) fn start() -> Self {
        Self::start_on(tempfile::tempdir().unwrap())
    }

    fn start_on(directory: TempDir) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_bare-region"))
            .arg("serve")
            .arg(directory.path())
            .env("RUST_LOG", "trace")
            .stdout(Stdio::piped())
            .stderr(
                fs::File::options()
                    .append(true)
                    .create(true)
                    .open(log(&directory))
                    .unwrap(),
            )
            .spawn()
            .unwrap();
        let mut endpoint = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut endpoint)
            .unwrap();
        assert!(
            endpoint.starts_with("http://"),
            "{:?}",
            fs::read_to_string(log(&directory))
        );
        Self {
            process,
            endpoint: endpoint.trim().to_owned(),
            directory,
        }
    }

    /// `kill -9`, and another on the same directory.
    pub(crate) fn kill_and_restart(mut self) -> Self {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        Self::start_on(self.take_directory())
    }

    /// `kill -9`, something done while it is down, and another on the same directory.
    pub(crate) fn kill_meanwhile(mut self, meanwhile: impl FnOnce()) -> Self {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        meanwhile();
        Self::start_on(self.take_directory())
    }

    /// Ends as a signal makes it end, and another on the same directory.
    pub(crate) fn stop_and_restart(mut self, signal: Signal) -> Self {
        self.signal(signal);
        assert!(self.process.wait().unwrap().success());
        Self::start_on(self.take_directory())
    }

    fn take_directory(&mut self) -> TempDir {
        std::mem::replace(&mut self.directory, tempfile::tempdir().unwrap())
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.process.id().try_into().unwrap()).unwrap();
        let _ = kill_process(pid, signal);
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Everything that the region logged, at trace level.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(log(&self.directory)).unwrap()
    }

    pub(crate) fn credentials(&self) -> Credentials {
        let text = fs::read_to_string(self.directory().join("aws/credentials")).unwrap();
        let value = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_once(" = ").unwrap().1.to_owned()
        };
        Credentials::new(
            value("aws_access_key_id"),
            value("aws_secret_access_key"),
            None,
            None,
            "test",
        )
    }

    /// What the function `record` was invoked with.
    pub(crate) fn recorded(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.directory().join("recorded.jsonl")).unwrap_or_default();
        // The last line may be half written.
        text.lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SIGTERM, so that no task outlives the test.
        self.signal(Signal::TERM);
        let _ = self.process.wait();
        let _ = fs::remove_file(log(&self.directory));
    }
}

fn log(directory: &TempDir) -> PathBuf {
    // Beside the data: what is in the directory is the region's.
    directory.path().with_extension("log")
}

/// Asks until the answer is there.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "no {what} within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// An error's code and message, as a user of the SDK sees them.
pub(crate) fn error<T: Debug, E, R>(
    result: Result<T, aws_smithy_runtime_api::client::result::SdkError<E, R>>,
) -> String
where
    E: aws_smithy_types::error::metadata::ProvideErrorMetadata + Debug,
    R: Debug,
{
    let error = result.unwrap_err();
    let metadata = error.as_service_error().unwrap().meta();
    format!(
        "{}: {}",
        metadata.code().unwrap_or_default(),
        metadata.message().unwrap_or_default()
    )
}
