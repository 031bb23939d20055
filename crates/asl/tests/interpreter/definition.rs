//! Which definitions are refused, and in which words.

use asl::{Definition, Execution};
use serde_json::{Value, json};

#[track_caller]
fn check_text(text: &str, expected: &[&str]) {
    let error = Definition::parse(text).unwrap_err();
    let problems: Vec<String> = error.problems().iter().map(ToString::to_string).collect();
    assert_eq!(problems, expected);
}

#[track_caller]
fn check(state: Value, expected: &[&str]) {
    let definition =
        json!({"QueryLanguage": "JSONata", "StartAt": "One", "States": {"One": state}});
    check_text(&definition.to_string(), expected);
}

#[test]
fn the_machine() {
    check_text(
        "{}",
        &["SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /"],
    );
    check_text(
        "[]",
        &["SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object at /"],
    );
    check_text(
        "{",
        &["INVALID_JSON_DESCRIPTION: EOF while parsing an object at line 1 column 1 at /"],
    );
    let pass = json!({"Type": "Pass", "End": true});
    check_text(
        &json!({"StartAt": "One", "States": {"One": pass}}).to_string(),
        &[
            "UNSUPPORTED: the query language is JSONPath, which is the default; set it to JSONata at /States/One",
        ],
    );
    check_text(
        &json!({"QueryLanguage": "JSONPath", "StartAt": "One", "States": {"One": pass}})
            .to_string(),
        &[
            "UNSUPPORTED: the query language JSONPath is not supported, only JSONata at /QueryLanguage",
        ],
    );
    check_text(
        &json!({"QueryLanguage": "JSONata", "StartAt": "Two", "States": {"One": pass}, "Start": 1})
            .to_string(),
        &[
            "SCHEMA_VALIDATION_FAILED: the field 'Start' is not supported here at /Start",
            "MISSING_TRANSITION_TARGET: there is no state 'Two' at /StartAt",
        ],
    );
}

#[test]
fn a_single_state_may_ask_for_jsonata() {
    let one = json!({"Type": "Pass", "QueryLanguage": "JSONata", "End": true});
    Definition::parse(&json!({"StartAt": "One", "States": {"One": one}}).to_string()).unwrap();
}

#[test]
fn unsupported_types() {
    check(
        json!({"Type": "Map"}),
        &["UNSUPPORTED: the state type 'Map' is not supported at /States/One"],
    );
    check(
        json!({"Type": "Parallel"}),
        &["UNSUPPORTED: the state type 'Parallel' is not supported at /States/One"],
    );
    check(
        json!({"Type": "Loop"}),
        &["SCHEMA_VALIDATION_FAILED: there is no state type 'Loop' at /States/One/Type"],
    );
}

#[test]
fn fields() {
    check(
        json!({"Type": "Pass", "Result": 1, "Outputs": 1, "End": true}),
        &[
            "UNSUPPORTED: the field 'Result' is JSONPath; only JSONata is supported at /States/One/Result",
            "SCHEMA_VALIDATION_FAILED: the field 'Outputs' is not supported here at /States/One/Outputs",
        ],
    );
    check(
        json!({"Type": "Pass", "End": true, "Next": "One"}),
        &["SCHEMA_VALIDATION_FAILED: needs exactly one of Next and End at /States/One"],
    );
    check(
        json!({"Type": "Wait", "End": true}),
        &["SCHEMA_VALIDATION_FAILED: needs exactly one of Seconds and Timestamp at /States/One"],
    );
    check(
        json!({"Type": "Wait", "Timestamp": "tomorrow", "End": true}),
        &[
            "SCHEMA_VALIDATION_FAILED: must be an RFC 3339 time such as 2026-12-01T19:30:00Z or a JSONata expression at /States/One/Timestamp",
        ],
    );
    check(
        json!({"Type": "Pass", "Assign": {"states": 1, "1a": 2}, "End": true}),
        &[
            "SCHEMA_VALIDATION_FAILED: 'states' is not the name of a variable at /States/One/Assign/states",
            "SCHEMA_VALIDATION_FAILED: '1a' is not the name of a variable at /States/One/Assign/1a",
        ],
    );
    check(
        json!({"Type": "Choice", "Choices": [{"Condition": "{% true %}", "Next": "Two"}], "Default": "Three"}),
        &[
            "MISSING_TRANSITION_TARGET: there is no state 'Two' at /States/One/Choices[0]/Next",
            "MISSING_TRANSITION_TARGET: there is no state 'Three' at /States/One/Default",
        ],
    );
}

#[test]
fn expressions_must_compile() {
    let definition = json!({"QueryLanguage": "JSONata", "StartAt": "One", "States": {
        "One": {"Type": "Pass", "Output": {"x": ["{% 1 + %}"]}, "End": true}}});
    let error = Definition::parse(&definition.to_string()).unwrap_err();
    let problem = &error.problems()[0];
    assert_eq!(problem.path, "/States/One/Output/x[0]");
    assert!(
        problem.message.contains("does not compile: S0"),
        "{problem}"
    );
}

#[test]
fn tasks() {
    let task = |fields: Value| {
        let mut task =
            json!({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true});
        for (name, value) in fields.as_object().unwrap() {
            task[name] = value.clone();
        }
        task
    };
    check(
        task(json!({"Resource": "persist"})),
        &[
            "SCHEMA_VALIDATION_FAILED: 'persist' is neither the ARN of a Lambda function nor of a service integration at /States/One/Resource",
        ],
    );
    check(
        task(json!({"TimeoutSeconds": 0, "Retry": [{"MaxAttempts": -1}]})),
        &[
            "SCHEMA_VALIDATION_FAILED: must be seconds from 1 to 99999999 or a JSONata expression at /States/One/TimeoutSeconds",
            "SCHEMA_VALIDATION_FAILED: These fields are required: [ErrorEquals] at /States/One/Retry[0]",
        ],
    );
    check(
        task(json!({"Retry": [
            {"ErrorEquals": ["States.ALL"], "BackoffRate": 0.5},
            {"ErrorEquals": [], "JitterStrategy": "HALF"},
            {"ErrorEquals": ["A"], "MaxDelaySeconds": 1},
        ]})),
        &[
            "SCHEMA_VALIDATION_FAILED: must be a number of at least 1.0 at /States/One/Retry[0]/BackoffRate",
            "SCHEMA_VALIDATION_FAILED: must be FULL or NONE at /States/One/Retry[1]/JitterStrategy",
            "SCHEMA_VALIDATION_FAILED: must be greater than IntervalSeconds at /States/One/Retry[2]/MaxDelaySeconds",
        ],
    );
    check(
        task(json!({"Catch": [
            {"ErrorEquals": ["States.ALL"], "Next": "One"},
            {"ErrorEquals": ["A"], "Next": "Two"},
        ]})),
        &[
            "SCHEMA_VALIDATION_FAILED: States.ALL must appear alone and in the last entry at /States/One/Catch[0]/ErrorEquals",
            "MISSING_TRANSITION_TARGET: there is no state 'Two' at /States/One/Catch[1]/Next",
        ],
    );
}

#[test]
fn an_execution_of_a_newer_program_is_not_read() {
    let definition = json!({"QueryLanguage": "JSONata", "StartAt": "One", "States": {"One": {"Type": "Wait", "Seconds": 1, "End": true}}});
    let definition = Definition::parse(&definition.to_string()).unwrap();
    let start = asl::StartInput {
        execution_arn: String::new(),
        name: String::new(),
        role_arn: String::new(),
        state_machine_arn: String::new(),
        state_machine_name: String::new(),
        input: json!({}),
    };
    let now = "2026-12-01T19:30:00Z".parse().unwrap();
    let (execution, _) = Execution::start(&definition, start, now, 0);
    let mut stored = serde_json::to_value(&execution).unwrap();
    assert_eq!(
        serde_json::from_value::<Execution>(stored.clone()).unwrap(),
        execution
    );
    stored["version"] = json!(2);
    let error = serde_json::from_value::<Execution>(stored).unwrap_err();
    assert!(error.to_string().contains("version 2"), "{error}");
}
