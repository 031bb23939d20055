//! The states by type, and what they share.

use serde_json::Value;

use super::task::task;
use crate::definition::fields::{Fields, Problems, template};
use crate::definition::problem::ProblemCode;
use crate::definition::state::{Choice, Exit, State, Transition, Wait, WaitFor};
use crate::definition::template::Template;
use crate::limits::NAME_CHARACTERS;

pub(super) fn state(
    fields: &Fields<'_>,
    machine_is_jsonata: bool,
    problems: &mut Problems,
) -> Option<State> {
    fields.require(&["Type"], problems);
    let kind = fields.string("Type", problems)?;
    let own = query_language(fields, problems);
    if !machine_is_jsonata && !own {
        let message = "the query language is JSONPath, which is the default; set it to JSONata";
        problems.push(ProblemCode::Unsupported, &fields.path, message);
        return None;
    }
    fields.string("Comment", problems);
    match kind {
        "Task" => task(fields, problems).map(|task| State::Task(Box::new(task))),
        "Pass" => {
            allow(fields, &["Assign", "Output", "Next", "End"], problems);
            exit(fields, problems).map(State::Pass)
        }
        "Choice" => choice(fields, problems).map(State::Choice),
        "Wait" => wait(fields, problems).map(State::Wait),
        "Succeed" => {
            allow(fields, &["Output"], problems);
            let output = fields.template("Output", problems);
            Some(State::Succeed { output })
        }
        "Fail" => {
            allow(fields, &["Error", "Cause"], problems);
            let mut text = |name| fields.scalar(name, "a string", Value::is_string, problems);
            let (error, cause) = (text("Error"), text("Cause"));
            Some(State::Fail { error, cause })
        }
        "Map" | "Parallel" => {
            let message = format!("the state type '{kind}' is not supported");
            problems.push(ProblemCode::Unsupported, &fields.path, message);
            None
        }
        _ => {
            problems.schema(
                &fields.at("Type"),
                format!("there is no state type '{kind}'"),
            );
            None
        }
    }
}

/// Notes the fields that neither all states nor this type of state have.
pub(super) fn allow(fields: &Fields<'_>, own: &[&str], problems: &mut Problems) {
    let known: Vec<&str> = ["Type", "Comment", "QueryLanguage"]
        .iter()
        .chain(own)
        .copied()
        .collect();
    fields.allow_only(&known, problems);
}

/// Whether the object asks for JSONata; a state that asks for JSONPath is a problem.
pub(super) fn query_language(fields: &Fields<'_>, problems: &mut Problems) -> bool {
    match fields.string("QueryLanguage", problems) {
        Some("JSONata") => true,
        Some("JSONPath") => {
            let message = "the query language JSONPath is not supported, only JSONata";
            problems.push(
                ProblemCode::Unsupported,
                &fields.at("QueryLanguage"),
                message,
            );
            // It has been said; without this every state would say it again.
            true
        }
        Some(_) => {
            problems.schema(&fields.at("QueryLanguage"), "must be JSONata or JSONPath");
            true
        }
        None => false,
    }
}

fn choice(fields: &Fields<'_>, problems: &mut Problems) -> Option<Choice> {
    allow(
        fields,
        &["Choices", "Default", "Assign", "Output"],
        problems,
    );
    fields.require(&["Choices"], problems);
    let rules = fields.items("Choices", problems);
    let rules: Vec<_> = rules
        .filter_map(|(value, path)| rule(value, path, problems))
        .collect();
    if rules.is_empty() && fields.get("Choices").is_some() {
        problems.schema(&fields.at("Choices"), "must hold at least one choice");
    }
    let (assign, output) = (
        assign(fields, problems),
        fields.template("Output", problems),
    );
    let default = fields.string("Default", problems).map(|target| Exit {
        assign,
        output,
        transition: Transition::Next(target.to_owned()),
    });
    Some(Choice { rules, default })
}

fn rule(value: &Value, path: String, problems: &mut Problems) -> Option<(Template, Exit)> {
    let fields = Fields::new(value, path, problems)?;
    fields.allow_only(
        &["Assign", "Comment", "Condition", "Next", "Output"],
        problems,
    );
    fields.require(&["Condition", "Next"], problems);
    let condition = fields.scalar("Condition", "true, false", Value::is_boolean, problems);
    let exit = Exit {
        assign: assign(&fields, problems),
        output: fields.template("Output", problems),
        transition: Transition::Next(fields.string("Next", problems)?.to_owned()),
    };
    Some((condition?, exit))
}

fn wait(fields: &Fields<'_>, problems: &mut Problems) -> Option<Wait> {
    allow(
        fields,
        &["Seconds", "Timestamp", "Assign", "Output", "Next", "End"],
        problems,
    );
    let seconds = |value: &Value| value.as_u64().is_some_and(|n| n <= 99_999_999);
    let timestamp = |value: &Value| {
        value
            .as_str()
            .is_some_and(|text| WaitFor::timestamp(text).is_some())
    };
    let wait_for = match (fields.get("Seconds"), fields.get("Timestamp")) {
        (Some(_), None) => fields
            .scalar("Seconds", "seconds from 0 to 99999999", seconds, problems)
            .map(WaitFor::Seconds),
        (None, Some(_)) => fields
            .scalar(
                "Timestamp",
                "an RFC 3339 time such as 2026-12-01T19:30:00Z",
                timestamp,
                problems,
            )
            .map(WaitFor::Timestamp),
        _ => {
            problems.schema(&fields.path, "needs exactly one of Seconds and Timestamp");
            None
        }
    };
    let exit = exit(fields, problems);
    Some(Wait {
        wait_for: wait_for?,
        exit: exit?,
    })
}

pub(super) fn exit(fields: &Fields<'_>, problems: &mut Problems) -> Option<Exit> {
    let next = fields.string("Next", problems);
    let end = fields.bool("End", problems).unwrap_or(false);
    let transition = match (next, end) {
        (Some(target), false) => Some(Transition::Next(target.to_owned())),
        (None, true) => Some(Transition::End),
        _ => {
            problems.schema(&fields.path, "needs exactly one of Next and End");
            None
        }
    };
    let (assign, output) = (
        assign(fields, problems),
        fields.template("Output", problems),
    );
    Some(Exit {
        assign,
        output,
        transition: transition?,
    })
}

pub(super) fn assign(fields: &Fields<'_>, problems: &mut Problems) -> Vec<(String, Template)> {
    let Some(value) = fields.get("Assign") else {
        return Vec::new();
    };
    let Some(fields) = Fields::new(value, fields.at("Assign"), problems) else {
        return Vec::new();
    };
    let mut variables = Vec::new();
    for (name, value) in fields.object {
        let path = fields.at(name);
        if !is_variable_name(name) {
            let message = format!("'{name}' is not the name of a variable");
            problems.schema(&path, message);
        }
        variables.push((name.clone(), template(value, &path, problems)));
    }
    variables
}

/// A letter or underscore, then letters, digits and underscores; `states` is reserved.
fn is_variable_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters
        .next()
        .is_some_and(|c| c.is_alphabetic() || c == '_')
        && characters.all(|c| c.is_alphanumeric() || c == '_')
        && name.chars().count() <= NAME_CHARACTERS
        && name != "states"
}
