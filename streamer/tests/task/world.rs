//! A region, an ingest, a broadcast, and the streamer's process.

use std::{
    env,
    net::SocketAddr,
    process::Stdio,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use aws_config::SdkConfig;
use broadcast::{
    Broadcast, BroadcastId, Destination, OnDrop, Platform, Probe, Progress, RetryBudget, Status,
    StreamKey, Timestamps,
    aws::Endpoint,
    keys::{Keys, parameter_name},
    table::Table,
};
use chrono::{TimeDelta, Utc};
use ingest::{Ingest, Options, RunningIngest};
use region::{Region, RunningRegion, ShutdownTasks};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    sync::watch,
    task::JoinHandle,
};

use crate::host::{Host, TOKEN};

pub(crate) const KEY: &str = "FB-1-0-key?s_bl=1&a=very-secret";

/// Everything is gone when this is dropped.
pub(crate) struct World {
    pub(crate) table: Table,
    pub(crate) ingest: RunningIngest,
    pub(crate) config: SdkConfig,
    pub(crate) host: Host,
    region: Option<RunningRegion>,
    data: TempDir,
}

impl World {
    /// GIVEN a region with an empty table, and an ingest that takes every key.
    pub(crate) async fn new() -> Self {
        Self::with(Options::default()).await
    }

    /// GIVEN a region with an empty table, and an ingest with some ways of its own.
    pub(crate) async fn with(options: Options) -> Self {
        let data = tempfile::tempdir().unwrap();
        let region = start(&data).await;
        let config = config(&region);
        let table = Table::new(&config, "shows");
        table.ensure().await.unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let ingest = Ingest::bind(address, options).await.unwrap();
        let credentials = region.credentials();
        let secret = credentials.secret_access_key();
        let host = Host::new(credentials.access_key_id(), secret).await;
        Self {
            host,
            table,
            ingest,
            config,
            region: Some(region),
            data,
        }
    }

    /// GIVEN a broadcast of a four-second fixture, with keys, whose first attempt is open.
    pub(crate) async fn broadcast(
        &self,
        fixture: &str,
        air_in: Duration,
        names: &[&str],
    ) -> BroadcastId {
        let source = format!("s3://videos/{fixture}");
        self.broadcast_of(&source, air_in, names).await
    }

    /// GIVEN a broadcast of the video at an address.
    pub(crate) async fn broadcast_of(
        &self,
        source: &str,
        air_in: Duration,
        names: &[&str],
    ) -> BroadcastId {
        self.stored(source, air_in, names, |_| {}).await
    }

    /// GIVEN a broadcast of a fixture to one destination, `a`, with ways of its own.
    pub(crate) async fn broadcast_with(
        &self,
        fixture: &str,
        air_in: Duration,
        ways: impl FnOnce(&mut Broadcast),
    ) -> BroadcastId {
        let source = format!("s3://videos/{fixture}");
        self.stored(&source, air_in, &["a"], ways).await
    }

    async fn stored(
        &self,
        source: &str,
        air_in: Duration,
        names: &[&str],
        ways: impl FnOnce(&mut Broadcast),
    ) -> BroadcastId {
        let air_time = Utc::now() + air_in;
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let id = BroadcastId::new(air_time, NUMBER.fetch_add(1, Ordering::Relaxed));
        let keys = Keys::new(&self.config);
        let mut destinations = Vec::new();
        for name in names {
            let key_parameter = parameter_name(&id, name);
            keys.put(&key_parameter, &StreamKey::new(KEY))
                .await
                .unwrap();
            destinations.push(Destination {
                name: (*name).to_owned(),
                platform: Platform::Custom,
                ingest: self.ingest.url(name).parse().unwrap(),
                key_parameter,
                probe: Probe::Publish,
                backup: None,
                timestamps: Timestamps::Continue,
                enhanced: false,
            });
        }
        let mut broadcast = Broadcast {
            id: id.clone(),
            title: "A talk".into(),
            source: source.parse().unwrap(),
            destinations,
            air_time,
            time_zone: "UTC".parse().unwrap(),
            lead_seconds: 0,
            on_drop: OnDrop::Resume,
            spot: false,
            audio_track: None,
            silence: false,
            head_seconds: 0,
            tail_seconds: 0,
            key_failures: Default::default(),
            backup_failures: Default::default(),
            status: Status::Scheduled,
            attempts: 0,
            retry_budget: RetryBudget::default(),
            progress: None,
            outcome: None,
            created_at: air_time - TimeDelta::days(1),
        };
        ways(&mut broadcast);
        self.table.put_new(&broadcast).await.unwrap();
        self.open_attempt(&id).await;
        id
    }

    pub(crate) async fn open_attempt(&self, id: &BroadcastId) -> u32 {
        let opened = self
            .table
            .open_attempt(id, "an execution", Utc::now())
            .await;
        opened.unwrap().attempts
    }

    /// WHEN the streamer is started for an attempt.
    pub(crate) fn streamer(&self, id: &BroadcastId, attempt: u32) -> Streamer {
        let attempt = attempt.to_string();
        self.streamer_with(&[("BROADCAST_ID", id.as_str()), ("ATTEMPT", &attempt)])
    }

    /// WHEN the streamer is started as Fargate starts it, with these variables more or other than
    /// usual, or without those that are empty. `MATINEE_STREAMER` is the program to run, if it is not the one that was just built.
    pub(crate) fn streamer_with(&self, environment: &[(&str, &str)]) -> Streamer {
        let built = env!("CARGO_BIN_EXE_streamer");
        let program = env::var_os("MATINEE_STREAMER").unwrap_or_else(|| built.into());
        let region = self.region.as_ref().unwrap();
        let host = format!("http://{}", self.host.address);
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("AWS_REGION", "us-east-1")
            .env(
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                format!("{host}/credentials"),
            )
            .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", TOKEN)
            // Where AWS is: the one thing that is not as on Fargate.
            .env("AWS_ENDPOINT_URL", region.endpoint())
            .env("AWS_ENDPOINT_URL_S3", host)
            .env("TABLE", "shows")
            .env("ALLOW_PRIVATE_ADDRESSES", "true")
            .env("RUST_LOG", "trace")
            .envs(environment.iter().copied());
        for (name, _) in environment.iter().filter(|(_, value)| value.is_empty()) {
            command.env_remove(name);
        }
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, log) = watch::channel(String::new());
        let reader = tokio::spawn(async move {
            while let Some(line) = lines.next_line().await.unwrap() {
                sender.send_modify(|log| {
                    log.push_str(&line);
                    log.push('\n');
                });
            }
        });
        Streamer { child, log, reader }
    }

    /// Waits until the table says so of a broadcast.
    pub(crate) async fn until(
        &self,
        id: &BroadcastId,
        condition: impl Fn(&Broadcast) -> bool,
    ) -> Broadcast {
        let wait = async {
            loop {
                let now = self.table.get(id).await.unwrap();
                if condition(&now) {
                    return now;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), wait)
            .await
            .unwrap()
    }

    pub(crate) async fn progress(&self, id: &BroadcastId) -> Progress {
        self.table.get(id).await.unwrap().progress.unwrap()
    }

    /// WHEN the table and everything else of AWS goes away.
    pub(crate) async fn lose_the_region(&mut self) {
        let region = self.region.take().unwrap();
        region.shutdown(ShutdownTasks::LeaveRunning).await;
    }

    /// WHEN it comes back where it was.
    pub(crate) async fn find_the_region(&mut self) {
        self.region = Some(start(&self.data).await);
    }
}

/// A streamer's process.
pub(crate) struct Streamer {
    child: Child,
    log: watch::Receiver<String>,
    reader: JoinHandle<()>,
}

impl Streamer {
    /// WHEN it is told to stop.
    pub(crate) fn terminate(&self) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), Signal::TERM).unwrap();
    }

    /// Waits until its log says so.
    pub(crate) async fn says(&mut self, words: &str) {
        let said = self.log.wait_for(|log| log.contains(words));
        let said = tokio::time::timeout(Duration::from_secs(30), said).await;
        said.unwrap().unwrap();
    }

    /// THEN it ends with an exit code, and its log, at the level of traces, tells no key.
    pub(crate) async fn ends(mut self) -> (i32, String) {
        let ended = tokio::time::timeout(Duration::from_secs(40), self.child.wait());
        let status = ended.await.unwrap().unwrap();
        self.reader.await.unwrap();
        let log = self.log.borrow().clone();
        for secret in ["very-secret", TOKEN, "session-"] {
            assert!(!log.contains(secret), "{secret} is in the log");
        }
        for line in log.lines() {
            assert!(line.starts_with('{'), "no JSON: {line}");
        }
        (status.code().unwrap(), log)
    }
}

async fn start(data: &TempDir) -> RunningRegion {
    let region = Region::builder(data.path()).bind().await.unwrap();
    region.start().await.unwrap()
}

fn config(region: &RunningRegion) -> SdkConfig {
    let endpoint = Endpoint {
        url: region.endpoint().to_owned(),
        region: "us-east-1".to_owned(),
        access_key_id: region.credentials().access_key_id().to_owned(),
        secret_access_key: region.credentials().secret_access_key().to_owned().into(),
    };
    endpoint.config()
}
