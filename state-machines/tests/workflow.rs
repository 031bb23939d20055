//! The workflow, played through by the interpreter: which states a broadcast passes, with which
//! arguments, for which answers.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use asl::{Definition, Event, Execution, Next, StartInput, Step, TaskRequest};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use state_machines::{Placeholders, render};

const ID: &str = "20261201-1930-abcd";
const EXECUTION: &str =
    "arn:aws:states:us-east-1:123456789012:execution:matinee-broadcast:20261201-1930-abcd";
const SUBNETS: [&str; 3] = ["subnet-1", "subnet-2", "subnet-3"];

/// An execution and the time.
struct Play {
    definition: Definition,
    execution: Execution,
    next: Next,
    now: DateTime<Utc>,
}

/// How a task is answered.
enum Answer {
    Payload(Value),
    Task(Value),
    Error(&'static str, String),
}

/// The definition with ARNs in it.
fn rendered() -> String {
    let function = |name: &str| format!("arn:aws:lambda:us-east-1:123456789012:function:{name}");
    render(&Placeholders {
        validate_token_function_arn: function("validate-token"),
        persist_function_arn: function("persist"),
        record_outcome_function_arn: function("record-outcome"),
        cluster_arn: "arn:aws:ecs:us-east-1:123456789012:cluster/matinee".into(),
        task_definition_arn: "arn:aws:ecs:us-east-1:123456789012:task-definition/streamer:7".into(),
        container_name: "streamer".into(),
        subnet_ids: SUBNETS.map(Into::into).into(),
        security_group_ids: vec!["sg-1".into(), "sg-2".into()],
    })
    .unwrap()
}

impl Play {
    /// GIVEN an execution that was started for a broadcast.
    fn begin() -> Self {
        Self::of(&rendered())
    }

    fn of(definition: &str) -> Self {
        let definition = Definition::parse(definition).unwrap();
        let now = "2026-12-01T19:26:00Z".parse().unwrap();
        let start = StartInput {
            execution_arn: EXECUTION.into(),
            name: ID.into(),
            role_arn: "arn:aws:iam::123456789012:role/matinee".into(),
            state_machine_arn:
                "arn:aws:states:us-east-1:123456789012:stateMachine:matinee-broadcast".into(),
            state_machine_name: "matinee-broadcast".into(),
            input: json!({ "broadcastId": ID }),
        };
        let (execution, step) = Execution::start(&definition, start, now, 7);
        Self {
            definition,
            execution,
            next: step.next,
            now,
        }
    }

    /// The task that the execution comes to next, timers passed on the way.
    #[track_caller]
    fn task(&mut self) -> TaskRequest {
        for _ in 0..10 {
            match &self.next {
                Next::Run(task) => return (**task).clone(),
                Next::WaitUntil(until) => {
                    self.now = self.now.max(*until);
                    self.advance(Event::TimerFired);
                }
                other => panic!("no task: {other:?}"),
            }
        }
        panic!("no task, only timers");
    }

    /// THEN `state` calls its service with `arguments`; WHEN that answers `answer`.
    #[track_caller]
    fn expect(&mut self, state: &str, arguments: Value, answer: Answer) {
        let task = self.task();
        assert_eq!(self.execution.state(), state);
        let found = match task.arguments.get("Payload") {
            Some(payload) => payload.clone(),
            None => task.arguments.clone(),
        };
        assert_eq!(found, arguments, "{state}");
        let task = task.id;
        if state == "Stream" {
            self.advance(Event::TaskSubmitted {
                task,
                output: json!({ "Tasks": [] }),
                reference: "arn:task".into(),
            });
        }
        self.advance(match answer {
            Answer::Payload(payload) => Event::TaskSucceeded {
                task,
                output: json!({ "StatusCode": 200, "Payload": payload }),
            },
            Answer::Task(output) => Event::TaskSucceeded { task, output },
            Answer::Error(error, cause) => Event::TaskFailed {
                task,
                error: error.into(),
                cause: Some(cause),
            },
        });
    }

    #[track_caller]
    fn advance(&mut self, event: Event) {
        let random = 7;
        let Step { next, .. } = self
            .execution
            .advance(&self.definition, event, self.now, random);
        self.next = next;
    }

    #[track_caller]
    fn validates(&mut self, answer: Answer) {
        self.expect("ValidateToken", json!({ "broadcastId": ID }), answer);
    }

    #[track_caller]
    fn persists(&mut self, attempt: u32) {
        self.persists_on(attempt, "FARGATE");
    }

    #[track_caller]
    fn persists_on(&mut self, attempt: u32, provider: &str) {
        self.expect(
            "Persist",
            json!({ "broadcastId": ID, "executionArn": EXECUTION }),
            Answer::Payload(json!({
                "broadcastId": ID, "attempt": attempt, "capacityProvider": provider,
            })),
        );
    }

    #[track_caller]
    fn streams(&mut self, attempt: u32, answer: Answer) {
        let subnets = match attempt {
            1 => &SUBNETS[..],
            2 => &["subnet-2"],
            other => panic!("no subnet for attempt {other}"),
        };
        self.streams_on(attempt, "FARGATE", subnets, answer);
    }

    #[track_caller]
    fn streams_on(&mut self, attempt: u32, provider: &str, subnets: &[&str], answer: Answer) {
        let arguments = json!({
            "Cluster": "arn:aws:ecs:us-east-1:123456789012:cluster/matinee",
            "TaskDefinition": "arn:aws:ecs:us-east-1:123456789012:task-definition/streamer:7",
            "CapacityProviderStrategy": [{ "CapacityProvider": provider, "Weight": 1 }],
            "Group": ID,
            "PropagateTags": "TASK_DEFINITION",
            "NetworkConfiguration": { "AwsvpcConfiguration": {
                "Subnets": subnets,
                "SecurityGroups": ["sg-1", "sg-2"],
                "AssignPublicIp": "ENABLED",
            }},
            "Overrides": { "ContainerOverrides": [{
                "Name": "streamer",
                "Environment": [
                    { "Name": "BROADCAST_ID", "Value": ID },
                    { "Name": "ATTEMPT", "Value": attempt.to_string() },
                ],
            }]},
        });
        self.expect("Stream", arguments, answer);
    }

    #[track_caller]
    fn records_failure(
        &mut self,
        attempt: u32,
        of: (&str, &str, &str),
        redrives: u32,
        answer: Answer,
    ) {
        let (stage, error, cause) = of;
        let entered = self.task().arguments["Payload"]["enteredTime"].clone();
        let entered: DateTime<Utc> = entered.as_str().unwrap().parse().unwrap();
        assert!((self.now - entered).abs() < TimeDelta::seconds(1));
        let arguments = json!({
            "state": "RecordFailure", "broadcastId": ID, "attempt": attempt, "stage": stage,
            "error": error, "cause": cause, "redriveCount": redrives, "executionArn": EXECUTION,
            "enteredTime": self.task().arguments["Payload"]["enteredTime"],
        });
        self.expect("RecordFailure", arguments, answer);
    }

    #[track_caller]
    fn records_outcome(&mut self, attempt: u32, answer: Answer) {
        let arguments = json!({ "state": "RecordOutcome", "broadcastId": ID, "attempt": attempt });
        self.expect("RecordOutcome", arguments, answer);
    }

    #[track_caller]
    fn ends(&self, state: &str, outcome: &asl::Outcome) {
        assert_eq!(self.execution.state(), state);
        assert_eq!(self.execution.outcome(), Some(outcome));
    }
}

fn accepted() -> Answer {
    Answer::Payload(json!({ "broadcastId": ID, "destinations": [{ "name": "facebook" }] }))
}

fn stopped() -> Answer {
    Answer::Task(json!({ "TaskArn": "arn:task", "LastStatus": "STOPPED" }))
}

fn retry(seconds: u32) -> Answer {
    Answer::Payload(json!({ "retry": true, "waitSeconds": seconds }))
}

fn failed(error: &'static str, cause: &str) -> Answer {
    Answer::Error(error, cause.to_owned())
}

fn aired() -> Answer {
    Answer::Payload(json!({ "status": "aired" }))
}

fn succeeded() -> asl::Outcome {
    asl::Outcome::Succeeded {
        output: r#"{"status":"aired"}"#.into(),
    }
}

#[test]
fn a_broadcast_that_airs() {
    let mut play = Play::begin();
    play.validates(accepted());
    play.persists(1);
    play.streams(1, stopped());
    play.records_outcome(1, aired());
    play.ends("Aired", &succeeded());
}

#[test]
fn a_show_that_breaks_off_goes_on_with_a_new_attempt_after_the_wait() {
    let mut play = Play::begin();
    play.validates(accepted());
    play.persists(1);
    let cause = r#"{"StopCode":"EssentialContainerExited"}"#;
    play.streams(1, failed("States.TaskFailed", cause));
    play.records_failure(1, ("Stream", "States.TaskFailed", cause), 0, retry(30));
    let before = play.now;
    play.persists(2);
    assert!(play.now - before >= TimeDelta::seconds(30));
    play.streams(2, stopped());
    play.records_outcome(2, aired());
    play.ends("Aired", &succeeded());
}

#[test]
fn a_rejected_key_fails_the_execution_at_record_failure_and_a_redrive_tries_again() {
    let mut play = Play::begin();
    let cause = r#"{"errorType":"TokenRejected","errorMessage":"facebook: no"}"#;
    let rejected = ("ValidateToken", "TokenRejected", cause);
    play.validates(failed("TokenRejected", cause));
    play.records_failure(
        0,
        rejected,
        0,
        failed("BroadcastFailed", "TokenRejected: facebook: no"),
    );
    play.ends(
        "RecordFailure",
        &asl::Outcome::Failed {
            error: Some("BroadcastFailed".into()),
            cause: Some("TokenRejected: facebook: no".into()),
        },
    );

    play.advance(Event::Redrive);
    play.records_failure(0, rejected, 1, retry(0));
    play.validates(accepted());
    play.persists(1);
    play.streams(1, stopped());
    play.records_outcome(1, aired());
    play.ends("Aired", &succeeded());
}

#[test]
fn what_cannot_be_recorded_is_recorded_again_without_streaming_again() {
    let mut play = Play::begin();
    play.validates(accepted());
    play.persists(1);
    play.streams(1, stopped());
    play.records_outcome(1, failed("Superseded", "{}"));
    play.records_failure(1, ("RecordOutcome", "Superseded", "{}"), 0, retry(1));
    play.records_outcome(1, aired());
    play.ends("Aired", &succeeded());
}

#[test]
fn faults_of_the_services_are_retried_where_they_happen() {
    let mut play = Play::begin();
    play.validates(failed("Lambda.TooManyRequestsException", "Rate exceeded"));
    play.validates(accepted());
    play.persists(1);
    // RunTask could not look at the subnets for want of calls of EC2:
    // <https://github.com/cdklabs/construct-hub/pull/415>
    let throttled = "Error retrieving subnet information: Rate exceeded";
    play.streams(1, failed("ECS.InvalidParameterException", throttled));
    play.streams_on(1, "FARGATE", &["subnet-1"], stopped());
    for error in [
        "Internal",
        "Lambda.Unknown",
        "Sandbox.Timedout",
        "States.Timeout",
    ] {
        play.records_outcome(1, failed(error, "{}"));
    }
    play.records_outcome(1, aired());
    play.ends("Aired", &succeeded());
}

/// `AmazonECS.Unknown`: RunTask answered with failures. `TaskFailedToStart`: the task was taken and
/// stopped before its container ran.
#[test]
fn a_zone_without_capacity_is_left_and_spare_capacity_is_for_the_first_try() {
    let mut play = Play::begin();
    play.validates(accepted());
    play.persists_on(1, "FARGATE_SPOT");
    let begun = play.now;
    let none = "Capacity is unavailable at this time.";
    play.streams_on(
        1,
        "FARGATE_SPOT",
        &SUBNETS,
        failed("AmazonECS.Unknown", none),
    );
    for (subnet, error) in [
        ("subnet-1", "AmazonECS.Unknown"),
        ("subnet-2", "TaskFailedToStart"),
        ("subnet-3", "TaskFailedToStart"),
        ("subnet-1", "AmazonECS.Unknown"),
    ] {
        play.streams_on(1, "FARGATE", &[subnet], failed(error, none));
    }
    // Within the lead, and so is what RecordFailure waits.
    assert!(
        play.now - begun < TimeDelta::seconds(60),
        "{}",
        play.now - begun
    );
    play.records_failure(1, ("Stream", "AmazonECS.Unknown", none), 0, retry(0));
    play.persists_on(2, "FARGATE");
    play.streams(2, failed("TaskFailedToStart", none));
    play.streams_on(2, "FARGATE", &["subnet-3"], stopped());
    play.records_outcome(2, aired());
    play.ends("Aired", &succeeded());
}

/// A task that never came up may also be told as one that failed.
#[test]
fn a_new_attempt_leaves_the_zone_where_the_one_before_failed() {
    let mut play = Play::begin();
    play.validates(accepted());
    for (attempt, subnets) in [
        (1, &SUBNETS[..]),
        (2, &["subnet-2"]),
        (3, &["subnet-1"]),
        (4, &["subnet-3"]),
    ] {
        play.persists(attempt);
        let cause = r#"{"StopCode":"TaskFailedToStart"}"#;
        let answer = failed("States.TaskFailed", cause);
        play.streams_on(attempt, "FARGATE", subnets, answer);
        let of = ("Stream", "States.TaskFailed", cause);
        play.records_failure(attempt, of, 0, retry(0));
    }
}

/// Many shows of one air time start more tasks than the account may at once.
#[test]
fn a_throttled_start_is_tried_for_minutes() {
    const TRIES: usize = 12;
    let throttled = || failed("ECS.ThrottlingException", "Rate exceeded");
    let mut play = Play::begin();
    play.validates(accepted());
    play.persists(1);
    let begun = play.now;
    play.streams(1, throttled());
    for subnet in SUBNETS.iter().cycle().take(TRIES - 1) {
        play.streams_on(1, "FARGATE", &[subnet], throttled());
    }
    // Other faults have their own tries.
    let none = failed("AmazonECS.Unknown", "Capacity is unavailable at this time.");
    play.streams_on(1, "FARGATE", &["subnet-3"], none);
    play.streams_on(1, "FARGATE", &["subnet-1"], throttled());
    assert!(
        play.now - begun <= TimeDelta::seconds(300),
        "{}",
        play.now - begun
    );
    let of = ("Stream", "ECS.ThrottlingException", "Rate exceeded");
    play.records_failure(1, of, 0, retry(0));
}

/// A Pass state has no RetryCount in its context.
#[test]
fn without_a_retry_count_all_subnets_are_asked() {
    let rendered: Value = serde_json::from_str(&rendered()).unwrap();
    let arguments = &rendered["States"]["Stream"]["Arguments"];
    let definition = json!({
        "QueryLanguage": "JSONata",
        "StartAt": "Assign",
        "States": {
            "Assign": {
                "Type": "Pass",
                "Assign": { "attempt": 1, "capacityProvider": "FARGATE_SPOT" },
                "Next": "Show",
            },
            "Show": {
                "Type": "Pass",
                "Output": [
                    arguments["CapacityProviderStrategy"][0]["CapacityProvider"],
                    arguments["NetworkConfiguration"]["AwsvpcConfiguration"]["Subnets"],
                ],
                "End": true,
            },
        },
    });
    let play = Play::of(&definition.to_string());
    let output = json!(["FARGATE_SPOT", SUBNETS]).to_string();
    play.ends("Show", &asl::Outcome::Succeeded { output });
}

#[test]
fn a_streamer_that_never_ends_is_given_up_after_49_hours() {
    let mut play = Play::begin();
    play.validates(accepted());
    play.persists(1);
    let task = play.task();
    play.advance(Event::TaskSubmitted {
        task: task.id,
        output: json!({}),
        reference: "arn:task".into(),
    });
    play.now = play.execution.wake_at().unwrap();
    let begun: DateTime<Utc> = "2026-12-01T19:26:00Z".parse().unwrap();
    assert!(play.now - begun >= TimeDelta::hours(49));
    play.advance(Event::TimerFired);
    play.records_failure(1, ("Stream", "States.Timeout", ""), 0, retry(0));
    play.persists(2);
}

#[test]
fn a_failure_before_any_attempt_has_none() {
    let mut play = Play::begin();
    play.validates(accepted());
    play.expect(
        "Persist",
        json!({ "broadcastId": ID, "executionArn": EXECUTION }),
        failed("Internal", "{}"),
    );
    play.records_failure(0, ("Persist", "Internal", "{}"), 0, retry(0));
    play.persists(1);
}
