//! What the states do when nothing goes wrong.

use crate::driver::{Machine, pass, task};
use asl::{Next, Status};
use serde_json::{Value, json};

#[track_caller]
fn check_output(states: Value, input: Value, expected: Value) {
    assert_eq!(Machine::start(states, input).output(), expected);
}

#[test]
fn pass_gives_its_input_on() {
    check_output(
        json!({"One": {"Type": "Pass", "End": true}}),
        json!([1]),
        json!([1]),
    );
}

#[test]
fn assigned_variables_are_seen_by_the_next_state() {
    check_output(
        json!({
            "One": {"Type": "Pass", "Assign": {"a": 1, "b": {"c": "{% $states.input.x %}"}}, "Next": "Two"},
            "Two": {"Type": "Pass", "Assign": {"a": "{% $a + 1 %}"}, "Output": "{% $a %}", "Next": "Three"},
            "Three": pass(json!({"a": "{% $a %}", "b": "{% $b.c %}", "in": "{% $states.input %}"})),
        }),
        json!({"x": "y"}),
        json!({"a": 2, "b": "y", "in": 1}),
    );
}

#[test]
fn choice_takes_the_first_that_holds() {
    let states = json!({
        "One": {
            "Type": "Choice",
            "Choices": [
                {"Condition": "{% $states.input > 10 %}", "Next": "Big", "Assign": {"how": "rule"}, "Output": "big"},
                {"Condition": "{% $states.input > 5 %}", "Next": "Big", "Assign": {"how": "second"}},
            ],
            "Default": "Small",
            "Assign": {"how": "default"},
            "Output": "small",
        },
        "Big": pass(json!(["{% $how %}", "{% $states.input %}"])),
        "Small": pass(json!(["{% $how %}", "{% $states.input %}"])),
    });
    check_output(states.clone(), json!(11), json!(["rule", "big"]));
    check_output(states.clone(), json!(6), json!(["second", 6]));
    check_output(states, json!(1), json!(["default", "small"]));
}

#[test]
fn wait_waits() {
    for (field, value) in [
        ("Seconds", json!(90)),
        ("Seconds", json!("{% $states.input.n %}")),
        ("Timestamp", json!("2026-12-01T19:31:30Z")),
        ("Timestamp", json!("{% $states.input.t %}")),
        ("Timestamp", json!("2026-12-01T20:31:30+01:00")),
    ] {
        let mut machine = Machine::start(
            json!({"One": {"Type": "Wait", field: value, "Output": "done", "End": true}}),
            json!({"n": 90.5, "t": "2026-12-01T19:31:30.000Z"}),
        );
        assert_eq!(
            machine.last.next,
            Next::WaitUntil("2026-12-01T19:31:30Z".parse().unwrap())
        );
        machine.wait(89);
        assert_eq!(machine.execution.status(), Status::Running);
        assert_eq!(machine.wait(1).output(), json!("done"));
    }
}

#[test]
fn a_wait_until_the_past_is_no_wait() {
    for wait in [
        json!({"Type": "Wait", "Timestamp": "2020-01-01T00:00:00Z", "End": true}),
        json!({"Type": "Wait", "Seconds": 0, "End": true}),
    ] {
        check_output(json!({"One": wait}), json!(1), json!(1));
    }
}

#[test]
fn succeed_has_an_output() {
    check_output(
        json!({"One": {"Type": "Succeed", "Output": {"x": "{% $states.input %}"}}}),
        json!(1),
        json!({"x": 1}),
    );
}

#[test]
fn fail_says_why() {
    let machine = Machine::start(
        json!({"One": {"Type": "Fail", "Error": "{% 'No' & $states.input %}", "Cause": "words"}}),
        json!("pe"),
    );
    assert_eq!(machine.error(), "Nope");
    assert_eq!(machine.newest(), json!({"error": "Nope", "cause": "words"}));
    assert_eq!(
        machine.trace(1),
        ["0<2 FailStateEntered", "2<3 ExecutionFailed"]
    );
}

#[test]
fn a_task_runs_with_its_arguments() {
    let mut machine = Machine::start(
        json!({"One": task(json!({
            "Arguments": {"FunctionName": "f", "Payload": {"id": "{% $states.input.id %}"}},
            "Assign": {"n": "{% $states.result.n %}"},
            "Output": {"r": "{% $states.result %}", "i": "{% $states.input %}"},
            "Next": "Two",
        })), "Two": pass(json!({"n": "{% $n %}", "in": "{% $states.input %}"}))}),
        json!({"id": 5}),
    );
    let request = machine.request();
    assert_eq!(
        request.arguments,
        json!({"FunctionName": "f", "Payload": {"id": 5}})
    );
    assert_eq!(request.token, "arn:aws:states:us-east-1:0:execution:m:e/3");
    assert_eq!(
        machine.trace(1),
        [
            "0<2 TaskStateEntered",
            "2<3 TaskScheduled",
            "3<4 TaskStarted"
        ]
    );
    machine.succeed(json!({"n": 1}));
    assert_eq!(
        machine.output(),
        json!({"n": 1, "in": {"r": {"n": 1}, "i": {"id": 5}}})
    );
}

#[test]
fn a_task_without_arguments_gets_the_input() {
    let arn = "arn:aws:lambda:us-east-1:0:function:f";
    let mut machine = Machine::start(
        json!({"One": {"Type": "Task", "Resource": arn, "End": true}}),
        json!({"id": 5}),
    );
    assert_eq!(machine.request().arguments, json!({"id": 5}));
    machine.fail("Oops");
    assert_eq!(
        machine.trace(1),
        [
            "0<2 TaskStateEntered",
            "2<3 LambdaFunctionScheduled",
            "3<4 LambdaFunctionStarted",
            "4<5 LambdaFunctionFailed",
            "5<6 ExecutionFailed"
        ]
    );
}

#[test]
fn a_submitted_task_is_found_again() {
    let mut machine = Machine::start(
        json!({"One": task(json!({"Resource": "arn:aws:states:::ecs:runTask.sync"}))}),
        json!({}),
    );
    assert_eq!(machine.request().reference, None);
    machine.advance(asl::Event::TaskSubmitted {
        task: machine.task(),
        output: json!({"Tasks": []}),
        reference: "arn:task".to_owned(),
    });
    assert_eq!(machine.last.next, Next::Await);
    assert_eq!(machine.request().reference.as_deref(), Some("arn:task"));
    assert_eq!(
        machine.newest(),
        json!({
            "resourceType": "ecs", "resource": "runTask.sync",
            "output": r#"{"Tasks":[]}"#, "outputDetails": {"truncated": false},
        })
    );
    assert_eq!(machine.succeed(json!(1)).output(), json!(1));
}

#[test]
fn the_context_object() {
    let mut machine = Machine::start(
        json!({
            "One": {"Type": "Wait", "Seconds": 1, "Next": "Two"},
            "Two": task(json!({"Arguments": "{% $states.context %}"})),
        }),
        json!({"id": 5}),
    );
    machine.wait(1);
    assert_eq!(
        machine.request().arguments,
        json!({
            "Execution": {
                "Id": "arn:aws:states:us-east-1:0:execution:m:e",
                "Input": {"id": 5},
                "StartTime": "2026-12-01T19:30:00.000Z",
                "Name": "e",
                "RoleArn": "arn:aws:iam::0:role/r",
                "RedriveCount": 0,
            },
            "StateMachine": {"Id": "arn:aws:states:us-east-1:0:stateMachine:m", "Name": "m"},
            "State": {"Name": "Two", "EnteredTime": "2026-12-01T19:30:01.000Z", "RetryCount": 0},
        })
    );
}

#[test]
fn an_endless_loop_pauses_and_ends_at_the_limit_of_the_history() {
    let mut machine = Machine::start(json!({"One": {"Type": "Pass", "Next": "One"}}), json!({}));
    assert!(machine.history.len() < 1_000);
    while machine.execution.outcome().is_none() {
        assert_eq!(machine.last.next, Next::WaitUntil(machine.now));
        machine.wait(0);
    }
    assert_eq!(machine.error(), "States.Runtime");
    assert_eq!(machine.history.len(), 25_000);
    assert!(
        machine
            .history
            .iter()
            .zip(1..)
            .all(|(event, id)| event.id == id)
    );
}
