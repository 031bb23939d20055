//! The state machine itself, and whether its transitions lead somewhere.

use std::collections::BTreeMap;

use serde_json::Value;

use super::state::{query_language, state};
use crate::definition::Definition;
use crate::definition::fields::{Fields, Problems};
use crate::definition::problem::{DefinitionError, ProblemCode};
use crate::definition::state::{Exit, State, Transition};
use crate::limits::NAME_CHARACTERS;

pub(in crate::definition) fn definition(text: &str) -> Result<Definition, DefinitionError> {
    let mut problems = Problems::default();
    let definition = match serde_json::from_str(text) {
        Ok(value) => machine(&value, &mut problems),
        Err(error) => {
            problems.push(ProblemCode::InvalidJson, "/", error.to_string());
            None
        }
    };
    match definition {
        Some(definition) if problems.0.is_empty() => Ok(definition),
        _ => Err(DefinitionError::new(problems.0)),
    }
}

fn machine(value: &Value, problems: &mut Problems) -> Option<Definition> {
    if !value.is_object() {
        problems.schema("/", "Definition must be a valid JSON object");
        return None;
    }
    let fields = Fields::new(value, "/".to_owned(), problems)?;
    fields.allow_only(
        &[
            "Comment",
            "QueryLanguage",
            "StartAt",
            "States",
            "TimeoutSeconds",
            "Version",
        ],
        problems,
    );
    fields.require(&["States", "StartAt"], problems);
    fields.string("Comment", problems);
    if let Some(version) = fields.string("Version", problems)
        && version != "1.0"
    {
        problems.schema("/Version", "must be 1.0");
    }
    let jsonata = query_language(&fields, problems);
    let timeout = fields.whole("TimeoutSeconds", 1, problems);
    let start_at = fields.string("StartAt", problems);

    let states_value = fields.get("States")?;
    let states_fields = Fields::new(states_value, "/States".to_owned(), problems)?;
    if states_fields.object.is_empty() {
        problems.schema("/States", "must hold at least one state");
    }
    let mut states = BTreeMap::new();
    for (name, value) in states_fields.object {
        let path = states_fields.at(name);
        if name.is_empty() || name.chars().count() > NAME_CHARACTERS {
            let message = format!("a state's name has 1 to {NAME_CHARACTERS} characters");
            problems.schema(&path, message);
        }
        let Some(fields) = Fields::new(value, path, problems) else {
            continue;
        };
        if let Some(state) = state(&fields, jsonata, problems) {
            states.insert(name.clone(), state);
        }
    }
    let exists = |target: &str| states_fields.object.contains_key(target);
    if let Some(target) = start_at
        && !exists(target)
    {
        missing_target("/StartAt", target, problems);
    }
    for (name, state) in &states {
        for (field, target) in targets(state) {
            if !exists(target) {
                missing_target(&format!("/States/{name}/{field}"), target, problems);
            }
        }
    }
    Some(Definition {
        start_at: start_at?.to_owned(),
        timeout,
        states,
    })
}

fn missing_target(path: &str, target: &str, problems: &mut Problems) {
    let message = format!("there is no state '{target}'");
    problems.push(ProblemCode::MissingTarget, path, message);
}

/// Every transition of a state with the field that it stands in.
fn targets(state: &State) -> Vec<(String, &str)> {
    let exits: Vec<(String, &Exit)> = match state {
        State::Task(task) => std::iter::once(("Next".to_owned(), &task.exit))
            .chain(
                task.catchers
                    .iter()
                    .enumerate()
                    .map(|(i, catcher)| (format!("Catch[{i}]/Next"), &catcher.exit)),
            )
            .collect(),
        State::Pass(exit) => vec![("Next".to_owned(), exit)],
        State::Wait(wait) => vec![("Next".to_owned(), &wait.exit)],
        State::Choice(choice) => choice
            .rules
            .iter()
            .enumerate()
            .map(|(i, (_, exit))| (format!("Choices[{i}]/Next"), exit))
            .chain(
                choice
                    .default
                    .iter()
                    .map(|exit| ("Default".to_owned(), exit)),
            )
            .collect(),
        State::Succeed { .. } | State::Fail { .. } => Vec::new(),
    };
    exits
        .into_iter()
        .filter_map(|(field, exit)| match &exit.transition {
            Transition::Next(target) => Some((field, target.as_str())),
            Transition::End => None,
        })
        .collect()
}
