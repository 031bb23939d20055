//! Running the binary.

use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// What a run said and exited with.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Exited with `code` and said all of `words` on standard error.
    #[track_caller]
    pub(crate) fn failed(&self, code: i32, words: &[&str]) -> &Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in {self:?}");
        }
        self
    }

    /// Exited with 0.
    #[track_caller]
    pub(crate) fn ok(&self) -> &Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }
}

/// A command with nothing of this machine's settings in its environment.
pub(crate) fn command(data_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_matinee"));
    command
        .env_remove("RUST_LOG")
        .env_remove("MATINEE_AWS")
        .env_remove("MATINEE_DEPLOYMENT")
        .env_remove("TZ")
        .env("MATINEE_DATA_DIR", data_dir);
    command
}

/// Runs the binary with something on its standard input.
pub(crate) fn run(data_dir: &Path, args: &[&str], stdin: &str) -> Run {
    let mut command = command(data_dir);
    command.args(args);
    run_command(command, stdin)
}

/// Runs a command with something on its standard input.
pub(crate) fn run_command(mut command: Command, stdin: &str) -> Run {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end without reading.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A fixture of the streamer.
pub(crate) fn fixture(name: &str) -> String {
    let path: PathBuf = [
        env!("CARGO_MANIFEST_DIR"),
        "../../streamer/tests/fixtures",
        name,
    ]
    .iter()
    .collect();
    path.to_str().unwrap().to_owned()
}

/// `matinee up` on any port, with its log in its data directory. Ended when dropped.
pub(crate) struct Up {
    child: Child,
    log_level: &'static str,
    pub(crate) data: tempfile::TempDir,
}

impl Up {
    pub(crate) fn start() -> Self {
        Self::start_logging("info")
    }

    pub(crate) fn start_at_trace_level() -> Self {
        Self::start_logging("trace")
    }

    fn start_logging(log_level: &'static str) -> Self {
        let data = tempfile::tempdir().unwrap();
        Self {
            child: spawn(data.path(), log_level),
            log_level,
            data,
        }
    }

    /// `kill -9`, and `matinee up` once more.
    pub(crate) fn kill_and_start_again(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = spawn(self.data.path(), self.log_level);
    }

    pub(crate) fn run(&self, args: &[&str], stdin: &str) -> Run {
        run(self.data.path(), args, stdin)
    }

    /// What it logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.data.path().join("up.log")).unwrap()
    }
}

fn spawn(data_dir: &Path, log_level: &str) -> Child {
    let log = File::options()
        .create(true)
        .append(true)
        .open(data_dir.join("up.log"))
        .unwrap();
    let mut child = command(data_dir)
        .args(["up", "--port", "0"])
        .env("RUST_LOG", log_level)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let greeting = lines.next().unwrap().unwrap();
    assert!(
        greeting.starts_with("Matinee is up at http://127.0.0.1:"),
        "{greeting}"
    );
    // Read to its end, so that it is never stopped by a full pipe.
    std::thread::spawn(move || lines.for_each(drop));
    child
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
