//! Putting the region together: the same functions, state machine and streamer as on AWS.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use api::{Api, Config, DefaultProbes};
use broadcast::{
    aws::{self, Endpoint},
    table::Table,
};
use region::{Region, RunningRegion, ShimCommand, TaskCommand, arn};
use state_machines::Placeholders;
use streamer::{address::AddressPolicy, ingest::DialPolicy};

use super::{STREAMER, TASK_SHIM, functions};
use crate::error::CliError;

/// The name of the table on one machine.
const TABLE: &str = "matinee";
/// The name of the state machine on one machine.
pub(crate) const STATE_MACHINE: &str = "matinee-broadcast";

const VALIDATE_TOKEN: &str = "matinee-validate-token";
const PERSIST: &str = "matinee-persist";
const RECORD_OUTCOME: &str = "matinee-record-outcome";
const TASK_DEFINITION: &str = "matinee-streamer";
const CONTAINER: &str = "streamer";
const SCHEDULE_GROUP: &str = "default";
const MISSED_SCHEDULES: &str = "matinee-missed-schedules";
/// The topic where outcomes are told, and the function that says them in the log.
const OUTCOMES: &str = "matinee-outcomes";
const SAY: &str = "matinee-say";

/// What differs from one region to the next.
#[derive(Clone, Debug)]
pub(crate) struct Assembly<'a> {
    /// Where everything is kept.
    pub(crate) data_dir: &'a Path,
    /// The port on 127.0.0.1; 0 for any.
    pub(crate) port: u16,
    /// Certificates to trust for ingests beside those that the system trusts.
    pub(crate) ingest_ca_file: Option<PathBuf>,
}

/// Starts the region and sees to it that the table is there.
pub(crate) async fn start(assembly: Assembly<'_>) -> Result<RunningRegion, CliError> {
    let dial = DialPolicy {
        ca_file: assembly.ingest_ca_file.clone(),
        ..DialPolicy::new(AddressPolicy::PRIVATE_TOO)
    };
    dial.check_certificates()?;
    let program = std::env::current_exe()
        .map_err(|error| CliError::internal(format!("cannot find this program: {error}")))?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, assembly.port));
    let region = Region::builder(assembly.data_dir)
        .listen(address)
        .bind()
        .await
        .map_err(|error| refused(&error))?;
    let sdk = Endpoint {
        url: region.endpoint().to_owned(),
        region: arn::REGION.to_owned(),
        access_key_id: region.credentials().access_key_id().to_owned(),
        secret_access_key: region.credentials().secret_access_key().to_owned().into(),
    }
    .config();
    let definition = state_machines::render(&placeholders())
        .map_err(|error| CliError::internal(format!("cannot render the workflow: {error}")))?;
    let dead_letters = arn::queue(MISSED_SCHEDULES);
    let api = Api::new(
        &sdk,
        Config {
            table: TABLE.to_owned(),
            state_machine_arn: arn::state_machine(STATE_MACHINE),
            schedule_group: SCHEDULE_GROUP.to_owned(),
            scheduler_role_arn: arn::role("matinee-scheduler"),
            dead_letter_queue_arn: dead_letters.clone(),
            local_sources: true,
            allow_private_addresses: true,
            lead_spread_seconds: 0,
            probes: DefaultProbes::default(),
            check_videos: true,
        },
    );
    let outcomes = record_outcome::Config {
        topic_arn: Some(arn::topic(OUTCOMES)),
        ..record_outcome::Config::new(TABLE, arn::cluster())
    };
    let running = region
        .function(
            VALIDATE_TOKEN,
            functions::validate_token(validate_token::State::new(&sdk, TABLE, dial)),
        )
        .function(
            PERSIST,
            functions::persist(persist::State {
                table: Table::new(&sdk, TABLE),
            }),
        )
        .function(
            RECORD_OUTCOME,
            functions::record_outcome(record_outcome::State::new(&sdk, outcomes)),
        )
        .function(SAY, functions::say)
        .subscribe(OUTCOMES, SAY)
        .on_execution_status_change(RECORD_OUTCOME)
        .dead_letter(dead_letters, RECORD_OUTCOME)
        .task_definition(
            TASK_DEFINITION,
            streamer_task(program, assembly.ingest_ca_file),
        )
        .state_machine(STATE_MACHINE, definition)
        .http(api::router(api))
        .start()
        .await
        .map_err(|error| refused(&error))?;
    Table::new(&sdk, TABLE).ensure().await.map_err(|error| {
        CliError::internal(format!("cannot make the table: {}", aws::words(&error)))
    })?;
    Ok(running)
}

fn streamer_task(program: PathBuf, ingest_ca_file: Option<PathBuf>) -> TaskCommand {
    let shim = ShimCommand {
        program: program.clone(),
        args: vec![TASK_SHIM.to_owned()],
    };
    let task = TaskCommand::new(program, shim)
        .args([STREAMER])
        .env("TABLE", TABLE)
        // The owner of this machine decides what it connects to.
        .env("ALLOW_PRIVATE_ADDRESSES", "true");
    let inherited = |name: &str| {
        std::env::var(name)
            .ok()
            .map(|value| (name.to_owned(), value))
    };
    let ca_file = ingest_ca_file.map(|path| {
        // A task has a directory of its own.
        let path = std::path::absolute(&path).unwrap_or(path);
        let value = path.to_string_lossy().into_owned();
        ("INGEST_CA_FILE".to_owned(), value)
    });
    inherited("RUST_LOG")
        .into_iter()
        .chain(ca_file)
        .fold(task, |task, (name, value)| task.env(name, value))
}

fn placeholders() -> Placeholders {
    Placeholders {
        validate_token_function_arn: arn::function(VALIDATE_TOKEN),
        persist_function_arn: arn::function(PERSIST),
        record_outcome_function_arn: arn::function(RECORD_OUTCOME),
        cluster_arn: arn::cluster(),
        task_definition_arn: arn::task_definition(TASK_DEFINITION),
        container_name: CONTAINER.to_owned(),
        // There is no network to choose on one machine.
        subnet_ids: vec!["subnet-local".to_owned()],
        security_group_ids: vec!["sg-local".to_owned()],
    }
}

fn refused(error: &region::StartError) -> CliError {
    let words = aws::words(error);
    match error {
        region::StartError::Listen { .. } => CliError::unavailable(format!(
            "{words}; is `matinee up` running already? Choose another port with --port"
        )),
        region::StartError::DataDir(region::DataDirError::InUse(_)) => CliError::unavailable(words),
        region::StartError::DataDir(region::DataDirError::IsAFile(_)) => CliError::usage(words),
        _ => CliError::internal(words),
    }
}
