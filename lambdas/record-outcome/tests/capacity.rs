//! A show that finds no room at first is on air on time, and one that was stopped in the console
//! airs when it is retried: the whole workflow with its functions and the real streamer. A program of its own without the test harness, because the region starts it
//! again as the task's supervisor and as the streamer.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{env, net::SocketAddr, path::Path, process::ExitCode, time::Duration};

use broadcast::{Broadcast, Failure, FailureKind, SourceUrl, Status, StreamKey};
use chrono::{TimeDelta, Utc};
use fixtures::Account;
use ingest::{Ingest, Options};
use record_outcome::Config;
use region::{FunctionError, LaunchFault, ShimCommand, TaskCommand, arn};
use serde::Serialize;
use serde_json::{Value, json};
use state_machines::Placeholders;
use streamer::{address::AddressPolicy, ingest::DialPolicy};

const SHIM: &str = "task-shim";
const STREAMER: &str = "streamer";
/// Enough for three tries and a machine that has much to do.
const AHEAD: TimeDelta = TimeDelta::seconds(15);
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    let first = args.next();
    if first.as_ref().is_some_and(|first| first == SHIM) {
        return region::task::shim_main(args);
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if first.is_some_and(|first| first == STREAMER) {
        return runtime.block_on(streamer::task::run());
    }
    // Like the harness, answer who only asks what there is.
    if env::args().any(|argument| argument == "--list") {
        println!("a_show_that_finds_no_room_at_first_is_on_air_on_time: test");
        println!("a_show_that_was_stopped_in_the_console_airs_when_it_is_retried: test");
        return ExitCode::SUCCESS;
    }
    runtime.block_on(a_show_that_finds_no_room_at_first_is_on_air_on_time());
    println!("test a_show_that_finds_no_room_at_first_is_on_air_on_time ... ok");
    runtime.block_on(a_show_that_was_stopped_in_the_console_airs_when_it_is_retried());
    println!("test a_show_that_was_stopped_in_the_console_airs_when_it_is_retried ... ok");
    ExitCode::SUCCESS
}

async fn a_show_that_finds_no_room_at_first_is_on_air_on_time() {
    // GIVEN a streamer whose launch is refused, then fails, then is refused once more
    let reason = "Capacity is unavailable at this time. Please try again later or in a different \
                  availability zone";
    let refused = LaunchFault::Refused {
        reason: reason.to_owned(),
    };
    let failed_to_start = LaunchFault::FailedToStart {
        reason: reason.to_owned(),
    };
    let account = account([refused.clone(), failed_to_start, refused].into()).await;
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let ingest = Ingest::bind(address, Options::default()).await.unwrap();
    let broadcast = scheduled(&account, &ingest.url("live")).await;

    // WHEN its execution is started some seconds ahead
    let workflows = aws_sdk_sfn::Client::new(&account.sdk);
    let execution = start(&workflows, &broadcast).await;
    let aired = until(&account, &broadcast, Status::is_settled).await;

    // THEN it airs on time with its second attempt
    let outcome = aired.outcome.unwrap();
    assert_eq!((aired.status, outcome.attempts), (Status::Aired, 2));
    let late = outcome.on_air_error_ms.unwrap();
    assert!(late.abs() < 1_000.0, "{late} ms");
    let first = account.table.find_attempt(&broadcast.id, 1).await.unwrap();
    let failure = first.unwrap().failure.unwrap();
    assert!(
        failure
            .message
            .starts_with("AWS has no room for the streamer just now: Capacity"),
        "{failure}"
    );
    let asked_for = asked_for(&workflows, &execution).await;
    assert_eq!(
        asked_for,
        [
            "FARGATE_SPOT in 3 subnets",
            "FARGATE in subnet-a",
            "FARGATE in subnet-b",
            "FARGATE in subnet-c",
        ]
    );
    account.close().await;
    ingest.shutdown().await;
}

async fn a_show_that_was_stopped_in_the_console_airs_when_it_is_retried() {
    // GIVEN a show whose streamer stands by
    let account = account(Vec::new()).await;
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let ingest = Ingest::bind(address, Options::default()).await.unwrap();
    let broadcast = scheduled(&account, &ingest.url("live")).await;
    let workflows = aws_sdk_sfn::Client::new(&account.sdk);
    let execution = start(&workflows, &broadcast).await;
    until(&account, &broadcast, |status| status == Status::Standby).await;

    // WHEN its execution is stopped as the console does it, THEN the show failed
    let stop = workflows.stop_execution().execution_arn(&execution);
    stop.send().await.unwrap();
    let failed = until(&account, &broadcast, Status::is_settled).await;
    let failure = failed.outcome.unwrap().failure.unwrap();
    assert_eq!((failed.status, failed.attempts), (Status::Failed, 1));
    assert_eq!(failure.kind, FailureKind::Interrupted);
    assert_eq!(failure.message, "its execution was stopped");

    // WHEN it is redriven, by `matinee retry` or there, THEN it airs, and its key was kept until
    // then
    let redrive = workflows.redrive_execution().execution_arn(&execution);
    redrive.send().await.unwrap();
    until(&account, &broadcast, |status| !status.is_settled()).await;
    let aired = until(&account, &broadcast, Status::is_settled).await;
    let outcome = aired.outcome.unwrap();
    assert_eq!((aired.status, outcome.attempts), (Status::Aired, 2));
    account.close().await;
    ingest.shutdown().await;
}

/// An account with the whole workflow, where launches of the streamer fail like this.
async fn account(faults: Vec<LaunchFault>) -> Account {
    Account::with(|region, sdk| {
        let state = persist::State {
            table: broadcast::table::Table::new(sdk, Account::TABLE),
        };
        let dial = DialPolicy::new(AddressPolicy::PRIVATE_TOO);
        let keys = validate_token::State::new(sdk, Account::TABLE, dial);
        let config = Config::new(Account::TABLE, arn::cluster());
        let outcomes = record_outcome::State::new(sdk, config);
        region
            .function("validate-token", move |event| {
                let keys = keys.clone();
                async move {
                    let request = broadcast::read_payload(event).map_err(failed)?;
                    answer(validate_token::handler(&keys, request).await)
                }
            })
            .function("persist", move |event| {
                let state = state.clone();
                async move {
                    let request = broadcast::read_payload(event).map_err(failed)?;
                    answer(persist::handler(&state, request).await)
                }
            })
            .function("record-outcome", move |event| {
                let outcomes = outcomes.clone();
                async move {
                    let recorded = record_outcome::handler(&outcomes, event).await;
                    recorded.map_err(|error| FunctionError {
                        error_type: error.error_type().to_owned(),
                        error_message: error.to_string(),
                    })
                }
            })
            .task_definition("streamer", streamer_task(faults))
            .state_machine("broadcast", definition())
            .on_execution_status_change("record-outcome")
    })
    .await
}

async fn start(workflows: &aws_sdk_sfn::Client, broadcast: &Broadcast) -> String {
    let started = workflows
        .start_execution()
        .state_machine_arn(arn::state_machine("broadcast"))
        .name(broadcast.id.as_str())
        .input(json!({ "broadcastId": broadcast.id }).to_string())
        .send()
        .await;
    started.unwrap().execution_arn
}

fn streamer_task(faults: Vec<LaunchFault>) -> TaskCommand {
    let program = env::current_exe().unwrap();
    let shim = ShimCommand {
        program: program.clone(),
        args: vec![SHIM.to_owned()],
    };
    TaskCommand::new(program, shim)
        .args([STREAMER])
        .env("TABLE", Account::TABLE)
        .env("ALLOW_PRIVATE_ADDRESSES", "true")
        .launch_faults(faults)
}

fn definition() -> String {
    state_machines::render(&Placeholders {
        validate_token_function_arn: arn::function("validate-token"),
        persist_function_arn: arn::function("persist"),
        record_outcome_function_arn: arn::function("record-outcome"),
        cluster_arn: arn::cluster(),
        task_definition_arn: arn::task_definition("streamer"),
        container_name: "streamer".to_owned(),
        subnet_ids: ["subnet-a", "subnet-b", "subnet-c"].map(Into::into).into(),
        security_group_ids: vec!["sg-a".to_owned()],
    })
    .unwrap()
}

async fn scheduled(account: &Account, ingest: &str) -> Broadcast {
    let video = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../streamer/tests/fixtures/moov-first.mp4")
        .canonicalize()
        .unwrap();
    let mut broadcast = fixtures::broadcast(Utc::now() + AHEAD);
    let destination = fixtures::destination(&broadcast.id, "a", ingest);
    let key = StreamKey::new("a key");
    account
        .keys
        .put(&destination.key_parameter, &key)
        .await
        .unwrap();
    broadcast.source = SourceUrl::file(&video).unwrap();
    broadcast.destinations = vec![destination];
    broadcast.spot = true;
    account.table.put_new(&broadcast).await.unwrap();
    broadcast
}

async fn until(
    account: &Account,
    broadcast: &Broadcast,
    wanted: impl Fn(Status) -> bool,
) -> Broadcast {
    let found = async {
        loop {
            let now = account.table.get(&broadcast.id).await.unwrap();
            if wanted(now.status) {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, found).await.unwrap()
}

/// On what and where each launch was asked for.
async fn asked_for(workflows: &aws_sdk_sfn::Client, execution: &str) -> Vec<String> {
    let history = workflows
        .get_execution_history()
        .execution_arn(execution)
        .send()
        .await
        .unwrap();
    let scheduled = history
        .events
        .iter()
        .filter_map(|event| event.task_scheduled_event_details())
        .filter(|details| details.resource_type == "ecs");
    scheduled
        .map(|details| {
            let asked: Value = serde_json::from_str(&details.parameters).unwrap();
            let provider = &asked["CapacityProviderStrategy"][0]["CapacityProvider"];
            let network = &asked["NetworkConfiguration"]["AwsvpcConfiguration"];
            let place = match network["Subnets"].as_array().unwrap().as_slice() {
                [one] => one.as_str().unwrap().to_owned(),
                several => format!("{} subnets", several.len()),
            };
            format!("{} in {place}", provider.as_str().unwrap())
        })
        .collect()
}

fn answer(answer: Result<impl Serialize, Failure>) -> Result<Value, FunctionError> {
    Ok(serde_json::to_value(answer.map_err(failed)?).unwrap())
}

fn failed(failure: Failure) -> FunctionError {
    FunctionError {
        error_type: failure.kind.name().to_owned(),
        error_message: failure.message,
    }
}
