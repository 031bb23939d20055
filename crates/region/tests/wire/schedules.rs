//! EventBridge Scheduler through the SDK.

use aws_sdk_scheduler::{
    Client,
    types::{
        ActionAfterCompletion, DeadLetterConfig, FlexibleTimeWindow, FlexibleTimeWindowMode,
        RetryPolicy, ScheduleState, Target,
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use region::arn;
use serde_json::{Value, json};

use crate::support::{Region, config, error, eventually};

const START_EXECUTION: &str = "arn:aws:scheduler:::aws-sdk:sfn:startExecution";

fn client(region: &Region) -> Client {
    Client::from_conf(config!(aws_sdk_scheduler, region))
}

fn sfn(region: &Region) -> aws_sdk_sfn::Client {
    aws_sdk_sfn::Client::from_conf(config!(aws_sdk_sfn, region))
}

/// Starts the execution `name` of the state machine `pass`.
fn start(name: &str) -> Target {
    let input = json!({
        "StateMachineArn": arn::state_machine("pass"),
        "Name": name,
        "Input": "{}",
    });
    target(START_EXECUTION, &input)
}

fn target(arn: &str, input: &Value) -> Target {
    Target::builder()
        .arn(arn)
        .role_arn(arn::role("scheduler"))
        .input(input.to_string())
        .retry_policy(
            RetryPolicy::builder()
                .maximum_event_age_in_seconds(60)
                .build(),
        )
        .dead_letter_config(
            DeadLetterConfig::builder()
                .arn(arn::queue("missed"))
                .build(),
        )
        .build()
        .unwrap()
}

fn at(time: DateTime<Utc>) -> String {
    format!("at({})", time.format("%Y-%m-%dT%H:%M:%S"))
}

fn off() -> FlexibleTimeWindow {
    FlexibleTimeWindow::builder()
        .mode(FlexibleTimeWindowMode::Off)
        .build()
        .unwrap()
}

macro_rules! create {
    ($client:expr, $name:expr, $expression:expr, $target:expr) => {
        $client
            .create_schedule()
            .name($name)
            .schedule_expression($expression)
            .flexible_time_window(off())
            .target($target)
    };
}

async fn started(region: &Region, name: &str) -> DateTime<Utc> {
    let client = sfn(region);
    let execution = eventually("execution", async || {
        let arn = arn::execution("pass", name);
        client
            .describe_execution()
            .execution_arn(arn)
            .send()
            .await
            .ok()
    })
    .await;
    let date = execution.start_date();
    DateTime::from_timestamp(date.secs(), date.subsec_nanos()).unwrap()
}

#[tokio::test]
async fn it_fires_on_time_and_is_gone() {
    let region = Region::start();
    let client = client(&region);
    let due = DateTime::from_timestamp(Utc::now().timestamp() + 2, 0).unwrap();
    create!(client, "soon", at(due), start("soon"))
        .action_after_completion(ActionAfterCompletion::Delete)
        .send()
        .await
        .unwrap();
    let late = started(&region, "soon").await - due;
    // A busy test machine is allowed more than the few milliseconds it takes.
    assert!((0..500).contains(&late.num_milliseconds()), "{late}");
    eventually("deletion", async || {
        client.get_schedule().name("soon").send().await.err()
    })
    .await;
}

#[tokio::test]
async fn what_came_due_while_down_fires_if_it_is_young_enough() {
    let region = Region::start();
    let due = Utc::now() + TimeDelta::seconds(2);
    create!(client(&region), "young", at(due), start("young"))
        .send()
        .await
        .unwrap();
    let region = region.kill_meanwhile(|| std::thread::sleep(std::time::Duration::from_secs(3)));
    let started = started(&region, "young").await;
    assert!(started >= due, "{started} {due}");
    let kept = client(&region)
        .get_schedule()
        .name("young")
        .send()
        .await
        .unwrap();
    assert_eq!(kept.state(), Some(&ScheduleState::Enabled));
}

#[tokio::test]
async fn what_is_too_old_goes_to_the_dead_letter_queue() {
    let region = Region::start();
    let due = Utc::now() - TimeDelta::minutes(10);
    create!(
        client(&region),
        "old",
        at(due),
        start("<aws.scheduler.execution-id>")
    )
    .send()
    .await
    .unwrap();
    let letter = eventually("dead letter", async || region.recorded().into_iter().next()).await;
    let record = &letter["Records"][0];
    assert_eq!(record["eventSource"], "aws:sqs");
    assert_eq!(record["eventSourceARN"], arn::queue("missed"));
    let attribute = |name: &str| record["messageAttributes"][name]["stringValue"].clone();
    assert_eq!(attribute("ERROR_CODE"), "EventAgeExceeded");
    assert_eq!(
        attribute("EXHAUSTED_RETRY_CONDITION"),
        "MaximumEventAgeInSeconds"
    );
    assert_eq!(attribute("RETRY_ATTEMPTS"), "0");
    assert_eq!(
        attribute("SCHEDULED_TIME"),
        due.format("%Y-%m-%dT%H:%M:%SZ").to_string()
    );
    assert_eq!(attribute("SCHEDULE_ARN"), arn::schedule("default", "old"));
    assert_eq!(attribute("TARGET_ARN"), START_EXECUTION);
    let body: Value = serde_json::from_str(record["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["Name"], attribute("EXECUTION_ID"));
}

#[tokio::test]
async fn a_target_that_is_not_there_goes_to_the_dead_letter_queue_at_once() {
    let region = Region::start();
    let missing = target(&arn::state_machine("missing"), &json!({}));
    create!(client(&region), "x", at(Utc::now()), missing)
        .send()
        .await
        .unwrap();
    let letter = eventually("dead letter", async || region.recorded().into_iter().next()).await;
    let attributes = &letter["Records"][0]["messageAttributes"];
    assert_eq!(
        attributes["ERROR_CODE"]["stringValue"],
        "StateMachineDoesNotExist"
    );
    assert_eq!(attributes["EXHAUSTED_RETRY_CONDITION"], Value::Null);
}

#[tokio::test]
async fn a_schedule_can_be_changed_disabled_and_deleted() {
    let region = Region::start();
    let client = client(&region);
    let far = Utc::now() + TimeDelta::days(1);
    create!(client, "show", at(far), start("never"))
        .send()
        .await
        .unwrap();

    client
        .update_schedule()
        .name("show")
        .schedule_expression(at(Utc::now() - TimeDelta::seconds(1)))
        .flexible_time_window(off())
        .target(start("never"))
        .state(ScheduleState::Disabled)
        .send()
        .await
        .unwrap();
    let disabled = client
        .list_schedules()
        .state(ScheduleState::Disabled)
        .send()
        .await
        .unwrap();
    assert_eq!(disabled.schedules().len(), 1);

    client
        .update_schedule()
        .name("show")
        .schedule_expression("at(2026-07-01T12:00:00)")
        .schedule_expression_timezone("Europe/Berlin")
        .flexible_time_window(off())
        .target(start("later"))
        .state(ScheduleState::Disabled)
        .send()
        .await
        .unwrap();
    let shown = client.get_schedule().name("show").send().await.unwrap();
    assert_eq!(shown.schedule_expression_timezone(), Some("Europe/Berlin"));
    assert_eq!(shown.target().unwrap(), &start("later"));
    assert!(shown.last_modification_date() >= shown.creation_date());

    client.delete_schedule().name("show").send().await.unwrap();
    let gone = error(client.delete_schedule().name("show").send().await);
    assert_eq!(
        gone,
        "ResourceNotFoundException: Schedule show does not exist."
    );
    let executions = sfn(&region)
        .list_executions()
        .state_machine_arn(arn::state_machine("pass"))
        .send()
        .await
        .unwrap();
    assert_eq!(executions.executions().len(), 0);
}

#[tokio::test]
async fn a_repeated_request_is_carried_out_once() {
    let region = Region::start();
    let client = client(&region);
    let far = at(Utc::now() + TimeDelta::days(1));
    let create = |name: &str, token: &str| {
        create!(client, name, &far, start("never"))
            .client_token(token)
            .send()
    };
    create("a", "one").await.unwrap();
    create("a", "one").await.unwrap();
    let taken = error(create("a", "two").await);
    assert_eq!(taken, "ConflictException: Schedule a already exists.");
    let reused = error(create("b", "one").await);
    assert_eq!(
        reused,
        "ConflictException: The ClientToken was used for another request."
    );
}

#[tokio::test]
async fn groups_and_pages() {
    let region = Region::start();
    let client = client(&region);
    client
        .create_schedule_group()
        .name("shows")
        .send()
        .await
        .unwrap();
    let far = at(Utc::now() + TimeDelta::days(1));
    for name in ["a", "b", "c"] {
        create!(client, name, &far, start("never"))
            .group_name("shows")
            .send()
            .await
            .unwrap();
    }
    create!(client, "a", &far, start("never"))
        .send()
        .await
        .unwrap();
    let mut names = Vec::new();
    let mut pages = client
        .list_schedules()
        .group_name("shows")
        .max_results(2)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        names.extend(
            page.schedules()
                .iter()
                .map(|s| s.name().unwrap().to_owned()),
        );
    }
    assert_eq!(names, ["a", "b", "c"]);
    let groups = client.list_schedule_groups().send().await.unwrap();
    assert_eq!(groups.schedule_groups().len(), 2);

    let twice = error(client.create_schedule_group().name("shows").send().await);
    assert!(twice.starts_with("ConflictException"), "{twice}");
    client
        .delete_schedule_group()
        .name("shows")
        .send()
        .await
        .unwrap();
    let gone = error(client.get_schedule_group().name("shows").send().await);
    assert!(gone.starts_with("ResourceNotFoundException"), "{gone}");
    let all = client.list_schedules().send().await.unwrap();
    assert_eq!(all.schedules().len(), 1);
}

#[tokio::test]
async fn refusals() {
    let region = Region::start();
    let client = client(&region);
    let far = at(Utc::now() + TimeDelta::days(1));
    let check = async |name: &str, expression: &str, target: Target, expected: &str| {
        let refused = error(create!(client, name, expression, target).send().await);
        assert!(refused.starts_with("ValidationException"), "{refused}");
        assert!(refused.contains(expected), "{refused}");
    };
    check("a b", &far, start("x"), "'Name'").await;
    check(
        "a",
        "at(soon)",
        start("x"),
        "Invalid Schedule Expression at(soon).",
    )
    .await;
    check("a", "rate(5 minutes)", start("x"), "rate(…) is not served").await;
    check(
        "a",
        "cron(0 12 * * ? *)",
        start("x"),
        "cron(…) is not served",
    )
    .await;
    let elsewhere = target("arn:aws:scheduler:::aws-sdk:s3:putObject", &json!({}));
    check("a", &far, elsewhere, "s3:putObject is not served").await;
    let nothing = target(START_EXECUTION, &json!({}));
    check("a", &far, nothing, "StateMachineArn").await;

    let no_queue = Target::builder()
        .arn(arn::state_machine("pass"))
        .role_arn(arn::role("scheduler"))
        .dead_letter_config(DeadLetterConfig::builder().arn(arn::queue("other")).build())
        .build()
        .unwrap();
    check("a", &far, no_queue, "is not on this machine").await;

    let no_group = create!(client, "a", &far, start("x"))
        .group_name("none")
        .send()
        .await;
    assert_eq!(
        error(no_group),
        "ResourceNotFoundException: Schedule group none does not exist."
    );
}
