//! Going back into the state that failed.

use crate::driver::{Machine, task};
use asl::{Event, Next, Status};
use chrono::TimeDelta;
use serde_json::json;

#[test]
fn a_task_is_scheduled_again_with_the_same_input_and_variables() {
    let mut machine = Machine::start(
        json!({
            "One": {"Type": "Pass", "Assign": {"v": 1}, "Output": "in", "Next": "Two"},
            "Two": task(json!({
                "Arguments": ["{% $v %}", "{% $states.input %}", "{% $states.context.Execution.RedriveCount %}", "{% $states.context.State.RetryCount %}"],
                "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}],
            })),
        }),
        json!({}),
    );
    machine.fail("Oops").wait_as_asked().fail("Oops");
    assert_eq!(machine.execution.status(), Status::Failed);
    let events = machine.history.len();
    machine.now += TimeDelta::days(1);
    machine.advance(Event::Redrive);
    assert_eq!(machine.execution.status(), Status::Running);
    assert_eq!(machine.request().arguments, json!([1, "in", 1, 0]));
    assert_eq!(
        machine.trace(events),
        [
            "11<12 ExecutionRedriven",
            "12<13 TaskScheduled",
            "13<14 TaskStarted"
        ]
    );
    // The retries are counted anew.
    machine.fail("Oops");
    assert!(matches!(machine.last.next, Next::WaitUntil(_)));
    machine.wait_as_asked();
    assert_eq!(machine.request().arguments, json!([1, "in", 1, 1]));
    machine.succeed(json!("done"));
    assert_eq!(machine.output(), json!("done"));
    assert_eq!(machine.execution.redrive_count(), 1);
}

#[test]
fn other_states_are_entered_again() {
    let mut machine = Machine::start(
        json!({"One": {"Type": "Wait", "Seconds": 60, "End": true}}),
        json!({}),
    );
    machine.advance(Event::Abort {
        error: None,
        cause: None,
    });
    machine.now += TimeDelta::seconds(600);
    machine.advance(Event::Redrive);
    assert_eq!(
        machine.trace(2),
        [
            "0<3 ExecutionAborted",
            "3<4 ExecutionRedriven",
            "4<5 WaitStateEntered"
        ]
    );
    assert_eq!(
        machine.last.next,
        Next::WaitUntil(machine.now + TimeDelta::seconds(60))
    );
    machine.wait(60).output();
}

#[test]
fn a_fail_state_fails_again() {
    let mut machine = Machine::start(json!({"One": {"Type": "Fail", "Error": "No"}}), json!({}));
    machine.advance(Event::Redrive);
    assert_eq!(machine.error(), "No");
    assert_eq!(
        machine.trace(2),
        [
            "2<3 ExecutionFailed",
            "3<4 ExecutionRedriven",
            "4<5 FailStateEntered",
            "5<6 ExecutionFailed"
        ]
    );
}

#[test]
fn the_timeout_of_the_execution_begins_again() {
    let mut machine = Machine::start_definition(
        &json!({
            "QueryLanguage": "JSONata", "StartAt": "One", "TimeoutSeconds": 5,
            "States": {"One": task(json!({}))},
        }),
        json!({}),
    );
    machine.wait(5);
    assert_eq!(machine.execution.status(), Status::TimedOut);
    machine.now += TimeDelta::seconds(100);
    machine.advance(Event::Redrive);
    assert_eq!(
        machine.execution.wake_at(),
        Some(machine.now + TimeDelta::seconds(5))
    );
    machine.succeed(json!(1)).output();
}

#[test]
fn the_context_says_when_it_was_redriven() {
    let mut machine = Machine::start(
        json!({"One": task(json!({"Arguments": "{% $states.context.Execution.RedriveTime ? $states.context.Execution.RedriveTime : 'never' %}"}))}),
        json!({}),
    );
    assert_eq!(machine.request().arguments, json!("never"));
    machine.fail("Oops").now += TimeDelta::seconds(1);
    machine.advance(Event::Redrive);
    assert_eq!(
        machine.request().arguments,
        json!("2026-12-01T19:30:01.000Z")
    );
}
