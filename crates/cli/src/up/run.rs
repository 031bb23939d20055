//! `matinee up`: starts, says where it is, and stops well.

use std::{path::PathBuf, process::ExitCode};

use broadcast::Status;
use chrono::{SecondsFormat, TimeDelta, Utc};
use region::{RunningRegion, ShutdownTasks, arn};
use serde_json::json;

use super::{Assembly, STATE_MACHINE, start};
use crate::{args::Global, client::Client, error::CliError, screen::say, signals::Signals};

/// The exit code of a process that was interrupted by Ctrl-C, by convention.
const SIGINT: u8 = 130;
/// Whatever is on air began within the time that a show can last, and then some.
const LONGEST_SHOW: TimeDelta = TimeDelta::days(3);

/// Run everything on this machine: what is scheduled goes on air while it runs
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  matinee up
  matinee up --data-dir /srv/matinee --port 4581
  matinee up --json | jq -r 'select(.level == \"WARN\") | .message'

It listens on 127.0.0.1 only and answers only to who can read the data directory. Everything is \
kept there: after a crash or a restart it goes on where it was.")]
pub(crate) struct Args {
    /// The port on 127.0.0.1; 0 for any
    #[arg(long, default_value_t = 4580)]
    port: u16,

    /// Certificates (PEM) to trust for ingests of your own, beside those that the system trusts
    #[arg(long, env = "INGEST_CA_FILE", value_name = "FILE")]
    ingest_ca_file: Option<PathBuf>,

    /// Print a line of JSON on standard output for each event, the first when it is up
    #[arg(long)]
    pub(crate) json: bool,
}

/// Does it.
pub(crate) async fn run(args: Args, global: &Global) -> Result<ExitCode, CliError> {
    let data_dir = global.data_dir()?;
    let mut signals = Signals::new()?;
    let region = start(Assembly {
        data_dir: &data_dir,
        port: args.port,
        ingest_ca_file: args.ingest_ca_file,
    })
    .await?;
    if args.json {
        // Whatever RUST_LOG leaves of the log: whoever started it waits for this line.
        say(json!({
            "timestamp": Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true),
            "level": "INFO",
            "message": "up",
            "endpoint": region.endpoint(),
            "data_dir": region.data_dir(),
        }));
    } else {
        say(greeting(&region));
    }
    signals.next().await;
    if args.json {
        tracing::info!("stopping");
    } else {
        say(farewell(&region).await);
    }
    tokio::select! {
        () = region.shutdown(ShutdownTasks::Stop) => Ok(ExitCode::SUCCESS),
        () = signals.next() => {
            eprintln!("Stopped without waiting for it.");
            Ok(ExitCode::from(SIGINT))
        }
    }
}

fn greeting(region: &RunningRegion) -> String {
    format!(
        "Matinee is up at {endpoint}, with its data in {data}

  in another terminal   matinee schedule talk.mp4 --to facebook --at \"today 19:30\"
  with aws-cli          export AWS_CONFIG_FILE={config} AWS_SHARED_CREDENTIALS_FILE={credentials}
                        aws stepfunctions list-executions --state-machine-arn {machine}

Ctrl-C stops it.",
        endpoint = region.endpoint(),
        data = region.data_dir().display(),
        config = region.config_file().display(),
        credentials = region.credentials_file().display(),
        machine = arn::state_machine(STATE_MACHINE),
    )
}

/// What is interrupted, and that it goes on.
async fn farewell(region: &RunningRegion) -> String {
    let Ok(broadcasts) = list(region).await else {
        return "Stopping.".to_owned();
    };
    let running: Vec<String> = broadcasts
        .iter()
        .filter(|one| !one.status.is_settled() && one.status != Status::Scheduled)
        .map(|one| format!("  {}  {}  {}", one.id, one.status, one.title))
        .collect();
    let waiting = broadcasts
        .iter()
        .filter(|one| one.status == Status::Scheduled)
        .count();
    let mut text = String::from("Stopping");
    if running.is_empty() {
        text.push('.');
    } else {
        text.push_str(&format!(
            " what is under way; it resumes where it was at the next `matinee up`:\n{}\n\
             Ctrl-C again does not wait for it.",
            running.join("\n")
        ));
    }
    if waiting > 0 {
        let (are, they) = match waiting {
            1 => ("broadcast is", "it starts"),
            _ => ("broadcasts are", "they start"),
        };
        text.push_str(&format!(
            "\n{waiting} {are} scheduled; {they} only if `matinee up` runs then."
        ));
    }
    text
}

async fn list(region: &RunningRegion) -> Result<Vec<api::BroadcastView>, CliError> {
    let client = Client::open(region.data_dir())?;
    client.list(Utc::now() - LONGEST_SHOW).await
}
