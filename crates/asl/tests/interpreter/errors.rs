//! What the states do when something goes wrong.

use crate::driver::{Machine, pass, task};
use asl::{Event, Next, TaskId};
use chrono::TimeDelta;
use serde_json::{Value, json};

/// A task whose error leads to a state that shows it.
fn caught(catcher: Value, retry: Value) -> Value {
    let mut catcher = catcher;
    catcher["Next"] = json!("Two");
    json!({
        "One": task(json!({"Retry": retry, "Catch": [catcher], "TimeoutSeconds": 60, "HeartbeatSeconds": 50})),
        "Two": pass(json!("{% $states.input %}")),
    })
}

#[test]
fn catch_gives_the_error_on() {
    let mut machine = Machine::start(
        caught(json!({"ErrorEquals": ["Oops"]}), json!([])),
        json!(1),
    );
    machine.fail("Oops");
    assert_eq!(
        machine.output(),
        json!({"Error": "Oops", "Cause": "because"})
    );
    assert_eq!(
        machine.trace(4),
        [
            "4<5 TaskFailed",
            "5<6 TaskStateExited",
            "6<7 PassStateEntered",
            "7<8 PassStateExited",
            "8<9 ExecutionSucceeded"
        ]
    );
}

#[test]
fn catch_has_output_and_assign() {
    let catcher = json!({
        "ErrorEquals": ["States.ALL"],
        "Assign": {"e": "{% $states.errorOutput.Error %}"},
        "Output": {"c": "{% $states.errorOutput.Cause %}", "i": "{% $states.input %}"},
    });
    let mut machine = Machine::start(caught(catcher, json!([])), json!(1));
    assert_eq!(
        machine.fail("Oops").output(),
        json!({"c": "because", "i": 1})
    );
    let exited = serde_json::to_value(&machine.history[5]).unwrap();
    assert_eq!(
        exited["stateExitedEventDetails"]["assignedVariables"],
        json!({"e": "\"Oops\""})
    );
}

#[test]
fn what_is_not_named_is_not_caught() {
    let mut machine = Machine::start(
        caught(json!({"ErrorEquals": ["Other"]}), json!([])),
        json!(1),
    );
    assert_eq!(machine.fail("Oops").error(), "Oops");
    assert_eq!(
        machine.newest(),
        json!({"error": "Oops", "cause": "because"})
    );
}

#[test]
fn runtime_errors_are_never_caught() {
    let mut machine = Machine::start(
        caught(json!({"ErrorEquals": ["States.ALL"]}), json!([])),
        json!(1),
    );
    assert_eq!(machine.fail("States.Runtime").error(), "States.Runtime");
}

#[test]
fn retries_back_off_and_then_give_up() {
    let retry = json!([
        {"ErrorEquals": ["Other"], "MaxAttempts": 9},
        {"ErrorEquals": ["Oops"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 2},
    ]);
    let mut machine = Machine::start(
        caught(json!({"ErrorEquals": ["States.ALL"]}), retry),
        json!(1),
    );
    machine.fail("Oops");
    assert_eq!(
        machine.last.next,
        Next::WaitUntil(machine.now + TimeDelta::seconds(2))
    );
    machine.wait(1);
    assert!(machine.last.history.is_empty());
    machine.wait(1);
    assert_eq!(
        machine.trace(4),
        ["4<5 TaskFailed", "5<6 TaskScheduled", "6<7 TaskStarted"]
    );
    machine.fail("Oops");
    assert_eq!(
        machine.last.next,
        Next::WaitUntil(machine.now + TimeDelta::seconds(6))
    );
    machine.wait_as_asked().fail("Oops");
    assert_eq!(
        machine.output(),
        json!({"Error": "Oops", "Cause": "because"})
    );
}

#[test]
fn retries_are_counted_in_the_context_and_anew_in_each_state() {
    let retry = json!([{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]);
    let arguments = json!({"n": "{% $states.context.State.RetryCount %}"});
    let mut machine = Machine::start(
        json!({
            "One": task(json!({"Arguments": arguments, "Retry": retry, "Next": "Two"})),
            "Two": task(json!({"Arguments": arguments, "Retry": retry})),
        }),
        json!(1),
    );
    assert_eq!(machine.request().arguments, json!({"n": 0}));
    machine.fail("Oops").wait_as_asked();
    assert_eq!(machine.request().arguments, json!({"n": 1}));
    machine.succeed(json!(1));
    assert_eq!(machine.request().arguments, json!({"n": 0}));
    assert_eq!(
        machine.fail("Oops").wait_as_asked().fail("Oops").error(),
        "Oops"
    );
}

#[test]
fn timeouts_of_a_task() {
    let catcher = json!({"ErrorEquals": ["States.Timeout"]});
    let mut machine = Machine::start(caught(catcher, json!([])), json!(1));
    let task = machine.task();
    machine.wait(49);
    assert_eq!(machine.last.next, Next::Await);
    machine.advance(Event::TaskHeartbeat { task }).wait(10);
    assert_eq!(machine.last.next, Next::Await);
    machine.wait(1);
    assert_eq!(
        machine.output(),
        json!({"Error": "States.Timeout", "Cause": ""})
    );
    assert_eq!(machine.last.stop.as_ref().unwrap().id, task);
    assert_eq!(
        machine.trace(4)[..2],
        ["4<5 TaskTimedOut", "5<6 TaskStateExited"]
    );
}

#[test]
fn a_missed_heartbeat_is_a_timeout_too() {
    for (name, is_caught) in [
        ("States.HeartbeatTimeout", true),
        ("States.Timeout", true),
        ("States.ALL", true),
        ("States.TaskFailed", false),
    ] {
        let mut machine =
            Machine::start(caught(json!({"ErrorEquals": [name]}), json!([])), json!(1));
        machine.wait(50);
        let outcome = machine.execution.outcome().unwrap();
        assert_eq!(
            outcome.status() == asl::Status::Succeeded,
            is_caught,
            "{name}"
        );
    }
}

#[test]
fn seconds_may_be_expressions() {
    let mut machine = Machine::start(
        json!({"One": task(json!({"TimeoutSeconds": "{% $states.input %}"}))}),
        json!(2),
    );
    assert_eq!(machine.wait(2).error(), "States.Timeout");
    let machine = Machine::start(
        json!({"One": task(json!({"TimeoutSeconds": "{% $states.input %}"}))}),
        json!("2"),
    );
    assert_eq!(machine.error(), "States.QueryEvaluationError");
    assert!(
        machine.newest()["cause"].as_str().unwrap().ends_with(
            "The JSONata expression '$states.input' specified for the field 'TimeoutSeconds' returned an unexpected result type. Expected 'number', but was 'string' for value: \"2\""
        ),
        "{}",
        machine.newest()
    );
}

#[test]
fn the_timeout_of_the_execution_is_not_caught() {
    let mut machine = Machine::start_definition(
        &json!({
            "QueryLanguage": "JSONata", "StartAt": "One", "TimeoutSeconds": 5,
            "States": caught(json!({"ErrorEquals": ["States.ALL"]}), json!([])),
        }),
        json!(1),
    );
    assert_eq!(
        machine.execution.wake_at(),
        Some(machine.now + TimeDelta::seconds(5))
    );
    machine.wait(5);
    assert_eq!(machine.last.next, Next::Done(asl::Outcome::TimedOut));
    assert_eq!(machine.trace(4), ["0<5 ExecutionTimedOut"]);
    assert!(machine.last.stop.is_some());
}

#[test]
fn abort_is_not_caught() {
    let mut machine = Machine::start(
        caught(json!({"ErrorEquals": ["States.ALL"]}), json!([])),
        json!(1),
    );
    machine.advance(Event::Abort {
        error: Some("Stop".to_owned()),
        cause: None,
    });
    assert_eq!(machine.execution.status(), asl::Status::Aborted);
    assert_eq!(machine.trace(4), ["0<5 ExecutionAborted"]);
    assert_eq!(machine.newest(), json!({"error": "Stop"}));
    assert!(machine.last.stop.is_some());
}

#[test]
fn late_events_change_nothing() {
    let retry = json!([{"ErrorEquals": ["Oops"]}]);
    let mut machine = Machine::start(caught(json!({"ErrorEquals": ["X"]}), retry), json!(1));
    let first = machine.task();
    machine.fail("Oops").wait_as_asked();
    let before = machine.execution.clone();
    for task in [first, TaskId(0), TaskId(99)] {
        machine.advance(Event::TaskSucceeded {
            task,
            output: json!(1),
        });
        assert_eq!(
            (machine.last.history.len(), &machine.execution),
            (0, &before)
        );
    }
    machine.succeed(json!(2));
    let before = machine.execution.clone();
    machine.advance(Event::TimerFired).advance(Event::Redrive);
    assert_eq!(machine.execution, before);
}

#[test]
fn a_bad_expression_can_be_caught_and_retried() {
    let mut machine = Machine::start(
        json!({
            "One": task(json!({
                "Output": "{% $states.result.missing %}",
                "Retry": [{"ErrorEquals": ["States.QueryEvaluationError"], "MaxAttempts": 1}],
                "Catch": [{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "Two"}],
            })),
            "Two": pass(json!("{% $states.input.Error %}")),
        }),
        json!(1),
    );
    machine
        .succeed(json!({}))
        .wait_as_asked()
        .succeed(json!({}));
    assert_eq!(machine.output(), json!("States.QueryEvaluationError"));
    assert_eq!(
        machine.trace(4)[..4],
        [
            "4<5 TaskSucceeded",
            "5<6 EvaluationFailed",
            "6<7 TaskScheduled",
            "7<8 TaskStarted"
        ]
    );
}

#[track_caller]
fn check_evaluation_error(state: Value, location: &str, part: &str) {
    let machine = Machine::start(json!({"One": state}), json!({"x": "a"}));
    assert_eq!(machine.error(), "States.QueryEvaluationError");
    let failed = serde_json::to_value(&machine.history[2]).unwrap();
    let details = &failed["evaluationFailedEventDetails"];
    assert_eq!(details["location"], location);
    assert!(
        details["cause"].as_str().unwrap().contains(part),
        "{details}"
    );
    assert_eq!(failed["previousEventId"], 0);
}

#[test]
fn evaluation_errors_name_the_field() {
    check_evaluation_error(
        json!({"Type": "Pass", "Output": {"y": ["{% 1 + $states.input.x %}"]}, "End": true}),
        "Output/y[0]",
        "threw an error during evaluation. T2002: ",
    );
    check_evaluation_error(
        json!({"Type": "Choice", "Choices": [{"Condition": "{% $states.input.x %}", "Next": "One"}]}),
        "Choices[0]/Condition",
        "Expected 'boolean', but was 'string' for value: \"a\"",
    );
    check_evaluation_error(
        json!({"Type": "Wait", "Timestamp": "{% $states.input.x %}", "End": true}),
        "Timestamp",
        "RFC 3339",
    );
    check_evaluation_error(
        json!({"Type": "Wait", "Seconds": "{% -1 %}", "End": true}),
        "Seconds",
        "out of range",
    );
    check_evaluation_error(
        json!({"Type": "Fail", "Error": "{% 1 %}"}),
        "Error",
        "Expected 'string', but was 'number' for value: 1",
    );
}

#[test]
fn no_choice_matched() {
    let machine = Machine::start(
        json!({"One": {"Type": "Choice", "Choices": [{"Condition": "{% false %}", "Next": "One"}]}}),
        json!(1),
    );
    assert_eq!(machine.error(), "States.Runtime");
    assert_eq!(
        machine.newest()["cause"],
        "An error occurred while executing the state 'One' (entered at the event id #2). Failed to transition out of the state. The state does not point to a next state."
    );
}

#[test]
fn the_data_limit() {
    let large = json!("x".repeat(262_143));
    let mut machine = Machine::start(
        caught(json!({"ErrorEquals": ["States.ALL"]}), json!([])),
        json!(1),
    );
    machine.succeed(large.clone());
    assert_eq!(machine.output()["Error"], "States.DataLimitExceeded");
    assert_eq!(machine.trace(4)[0], "4<5 TaskFailed");

    for state in [
        pass(json!(["{% $states.input %}", 1])),
        json!({"Type": "Pass", "Assign": {"v": ["{% $states.input %}"]}, "End": true}),
        task(
            json!({"Arguments": ["{% $states.input %}"], "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "One"}]}),
        ),
    ] {
        let input = json!("x".repeat(262_142));
        assert_eq!(
            Machine::start(json!({"One": state}), input).error(),
            "States.DataLimitExceeded"
        );
    }
}

#[test]
fn what_lies_too_deep_is_refused_before_it_is_stored() {
    // Each turn puts the input one level deeper; a step is a hundred turns at most.
    let mut machine = Machine::start(
        json!({"One": {"Type": "Pass", "Output": ["{% $states.input %}"], "Next": "One"}}),
        json!(1),
    );
    machine.wait(0);
    assert_eq!(machine.error(), "States.DataLimitExceeded");
    let stored = serde_json::to_string(&machine.execution).unwrap();
    serde_json::from_str::<asl::Execution>(&stored).unwrap();
}
