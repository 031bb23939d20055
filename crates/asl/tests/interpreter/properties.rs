//! No definition and no sequence of events makes the interpreter panic or lose its history.

use crate::driver::Machine;
use asl::{Definition, Event, Next, TaskId};
use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Values, among them expressions that work, that fail and that do not compile.
fn value() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z{%} ]{0,6}".prop_map(Value::from),
        prop::sample::select(vec![
            "{% $states.input %}",
            "{% $states.result %}",
            "{% $states.errorOutput.Error %}",
            "{% $states.context %}",
            "{% $v %}",
            "{% $v + 1 %}",
            "{% $uuid() %}",
            "{% $range(0, $v, 1) %}",
            "{% true %}",
            "{% 3 %}",
            "{% 1 + %}",
            "States.ALL",
            "States.Timeout",
            "A",
            "B",
            "2026-12-01T19:30:05Z",
            "arn:aws:states:::ecs:runTask.sync",
            "arn:aws:lambda:us-east-1:0:function:f",
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,3}", inner, 0..3)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
    .boxed()
}

/// A definition that mostly holds together.
fn likely_definition() -> impl Strategy<Value = Value> {
    let target = || prop::sample::select(vec!["One", "Two", "Three"]);
    let error = || prop::sample::select(vec!["States.ALL", "States.TaskFailed", "E"]);
    let exit = (value(), value(), target(), 0..4_u8)
        .prop_map(|(assign, output, next, shape)| {
            let mut fields = Map::new();
            if shape & 1 == 1 {
                fields.insert("Assign".into(), json!({"v": assign}));
            }
            if shape & 2 == 2 {
                fields.insert("Output".into(), output);
            }
            fields.insert("Next".into(), json!(next));
            fields
        })
        .boxed();
    let with = |exit: Map<String, Value>, own: Value| {
        let mut state = exit;
        state.extend(own.as_object().cloned().unwrap());
        Value::Object(state)
    };
    let state = prop_oneof![
        exit.clone().prop_map(move |exit| with(exit, json!({"Type": "Pass"}))),
        (exit.clone(), 0..9_u8)
            .prop_map(move |(exit, n)| with(exit, json!({"Type": "Wait", "Seconds": n}))),
        (exit.clone(), value(), target(), error(), 0..3_u8).prop_map(
            move |(exit, arguments, next, error, n)| with(
                exit,
                json!({
                    "Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync",
                    "Arguments": arguments, "TimeoutSeconds": 5, "HeartbeatSeconds": 3,
                    "Retry": [{"ErrorEquals": [error], "MaxAttempts": n, "JitterStrategy": "FULL"}],
                    "Catch": [{"ErrorEquals": [error], "Next": next, "Output": arguments}],
                })
            )
        ),
        (value(), target(), target()).prop_map(|(condition, next, default)| json!({
            "Type": "Choice", "Default": default,
            "Choices": [{"Condition": condition.as_bool().map_or(json!("{% $v = 1 %}"), Value::from), "Next": next}],
        })),
        value().prop_map(|output| json!({"Type": "Succeed", "Output": output})),
        Just(json!({"Type": "Fail", "Error": "{% $states.input %}"})),
    ];
    let state = state.boxed();
    (state.clone(), state.clone(), state).prop_map(|(one, two, three)| {
        json!({
            "QueryLanguage": "JSONata", "StartAt": "One", "TimeoutSeconds": 60,
            "States": {"One": one, "Two": two, "Three": three},
        })
    })
}

#[derive(Debug, Clone)]
enum Happening {
    Wait(i64),
    Task(u8, Value),
    OtherTask(u64),
    Abort,
    Redrive,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        3 => (0..8_i64).prop_map(Happening::Wait),
        6 => (0..5_u8, value()).prop_map(|(kind, value)| Happening::Task(kind, value)),
        1 => any::<u64>().prop_map(Happening::OtherTask),
        1 => Just(Happening::Abort),
        2 => Just(Happening::Redrive),
    ]
}

fn event(machine: &Machine, happening: Happening) -> Event {
    let task = match machine.execution.next() {
        Next::Run(request) => request.id,
        _ => TaskId(3),
    };
    let error = "E".to_owned();
    match happening {
        Happening::Wait(_) => Event::TimerFired,
        Happening::Task(0, output) => Event::TaskSubmitted {
            task,
            output,
            reference: "r".to_owned(),
        },
        Happening::Task(1, _) => Event::TaskSubmitFailed {
            task,
            error,
            cause: None,
        },
        Happening::Task(2, _) => Event::TaskHeartbeat { task },
        Happening::Task(3, _) => Event::TaskFailed {
            task,
            error,
            cause: None,
        },
        Happening::Task(_, output) => Event::TaskSucceeded { task, output },
        Happening::OtherTask(id) => Event::TaskSucceeded {
            task: TaskId(id),
            output: json!(1),
        },
        Happening::Abort => Event::Abort {
            error: None,
            cause: None,
        },
        Happening::Redrive => Event::Redrive,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_json_is_parsed_or_refused(definition in value(), text in ".{0,40}") {
        let _ = Definition::parse(&definition.to_string());
        let _ = Definition::parse(&text);
    }

    #[test]
    fn any_state_is_parsed_or_refused(
        fields in prop::collection::btree_map(
            prop::sample::select(vec![
                "Type", "Next", "End", "Output", "Assign", "Arguments", "Resource", "Retry", "Catch",
                "Choices", "Default", "Seconds", "Timestamp", "Error", "Cause", "TimeoutSeconds",
                "Credentials",
            ]),
            value(),
            0..6,
        ),
        kind in prop::sample::select(vec!["Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Map"]),
    ) {
        let mut state = json!(fields);
        state["Type"] = json!(kind);
        let definition = json!({"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": state}});
        let _ = Definition::parse(&definition.to_string());
    }

    #[test]
    fn any_sequence_of_events_keeps_the_history_whole(
        definition in likely_definition(),
        input in value(),
        happenings in prop::collection::vec(happening(), 0..25),
    ) {
        prop_assume!(Definition::parse(&definition.to_string()).is_ok());
        let mut machine = Machine::start_definition(&definition, input);
        for happening in happenings {
            if let Happening::Wait(seconds) = happening {
                machine.now += TimeDelta::seconds(seconds);
            }
            let event = event(&machine, happening);
            machine.advance(event);
            let done = matches!(machine.execution.next(), Next::Done(_));
            prop_assert_eq!(done, machine.execution.outcome().is_some());
            prop_assert_eq!(done, machine.execution.wake_at().is_none());
        }
        for (event, id) in machine.history.iter().zip(1..) {
            prop_assert_eq!(event.id, id);
            prop_assert!(event.previous_event_id < event.id);
        }
        prop_assert_eq!(machine.execution.last_event(), machine.history.len() as u64);
    }
}
