//! Reading the fields of one JSON object and noting what is wrong with them.

use serde_json::{Map, Value};

use super::problem::{Problem, ProblemCode};
use super::template::Template;
use crate::limits::LONGEST_SECONDS;

/// Fields of the States Language that belong to JSONPath.
const JSONPATH: [&str; 18] = [
    "And",
    "CausePath",
    "ErrorPath",
    "HeartbeatSecondsPath",
    "InputPath",
    "ItemsPath",
    "Not",
    "Or",
    "OutputPath",
    "Parameters",
    "Result",
    "ResultPath",
    "ResultSelector",
    "SecondsPath",
    "TimeoutSecondsPath",
    "TimestampPath",
    "Variable",
    "MaxConcurrencyPath",
];

/// The problems found so far.
#[derive(Debug, Default)]
pub(super) struct Problems(pub(super) Vec<Problem>);

impl Problems {
    pub(super) fn push(&mut self, code: ProblemCode, path: &str, message: impl Into<String>) {
        self.0.push(Problem {
            code,
            path: path.to_owned(),
            message: message.into(),
        });
    }

    pub(super) fn schema(&mut self, path: &str, message: impl Into<String>) {
        self.push(ProblemCode::SchemaValidation, path, message);
    }
}

/// One JSON object of the definition.
pub(super) struct Fields<'a> {
    pub(super) object: &'a Map<String, Value>,
    pub(super) path: String,
}

impl<'a> Fields<'a> {
    /// The object at `path`; notes a problem when `value` is not one.
    pub(super) fn new(value: &'a Value, path: String, problems: &mut Problems) -> Option<Self> {
        let Value::Object(object) = value else {
            problems.schema(&path, "must be an object");
            return None;
        };
        Some(Self { object, path })
    }

    /// The path of a field.
    pub(super) fn at(&self, name: &str) -> String {
        match self.path.as_str() {
            "/" => format!("/{name}"),
            path => format!("{path}/{name}"),
        }
    }

    /// Notes every field that is not `known`.
    pub(super) fn allow_only(&self, known: &[&str], problems: &mut Problems) {
        for name in self.object.keys().map(String::as_str) {
            if known.contains(&name) {
                continue;
            }
            let path = self.at(name);
            if JSONPATH.contains(&name) {
                let message = format!("the field '{name}' is JSONPath; only JSONata is supported");
                problems.push(ProblemCode::Unsupported, &path, message);
            } else {
                problems.schema(&path, format!("the field '{name}' is not supported here"));
            }
        }
    }

    /// Notes the fields of `names` that are missing, in the words of Step Functions.
    pub(super) fn require(&self, names: &[&str], problems: &mut Problems) {
        let missing: Vec<&str> = names
            .iter()
            .copied()
            .filter(|name| !self.object.contains_key(*name))
            .collect();
        if !missing.is_empty() {
            let message = format!("These fields are required: [{}]", missing.join(", "));
            problems.schema(&self.path, message);
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name)
    }

    pub(super) fn string(&self, name: &str, problems: &mut Problems) -> Option<&'a str> {
        match self.get(name)? {
            Value::String(text) => Some(text),
            _ => {
                problems.schema(&self.at(name), "must be a string");
                None
            }
        }
    }

    pub(super) fn bool(&self, name: &str, problems: &mut Problems) -> Option<bool> {
        match self.get(name)? {
            Value::Bool(flag) => Some(*flag),
            _ => {
                problems.schema(&self.at(name), "must be true or false");
                None
            }
        }
    }

    /// A whole number of at least `least` and at most 99,999,999.
    pub(super) fn whole(&self, name: &str, least: u64, problems: &mut Problems) -> Option<u64> {
        let value = self.get(name)?;
        match value.as_u64() {
            Some(number) if (least..=LONGEST_SECONDS).contains(&number) => Some(number),
            _ => {
                let message = format!("must be an integer from {least} to {LONGEST_SECONDS}");
                problems.schema(&self.at(name), message);
                None
            }
        }
    }

    pub(super) fn template(&self, name: &str, problems: &mut Problems) -> Option<Template> {
        let value = self.get(name)?;
        Some(template(value, &self.at(name), problems))
    }

    /// A template that is an expression, or a literal that `accept` takes.
    pub(super) fn scalar(
        &self,
        name: &str,
        expected: &str,
        accept: impl FnOnce(&Value) -> bool,
        problems: &mut Problems,
    ) -> Option<Template> {
        let template = self.template(name, problems)?;
        match &template {
            Template::Expression(_) => Some(template),
            Template::Literal(value) if accept(value) => Some(template),
            _ => {
                problems.schema(
                    &self.at(name),
                    format!("must be {expected} or a JSONata expression"),
                );
                None
            }
        }
    }

    /// The items of an array field, each with its path; nothing when the field is missing.
    pub(super) fn items(
        &self,
        name: &str,
        problems: &mut Problems,
    ) -> impl Iterator<Item = (&'a Value, String)> + use<'a> {
        let path = self.at(name);
        let items = match self.get(name) {
            Some(Value::Array(items)) => items.as_slice(),
            None => &[],
            Some(_) => {
                problems.schema(&path, "must be an array");
                &[]
            }
        };
        items
            .iter()
            .enumerate()
            .map(move |(i, item)| (item, format!("{path}[{i}]")))
    }
}

pub(super) fn template(value: &Value, path: &str, problems: &mut Problems) -> Template {
    Template::parse(value, path, &mut |path, reason| {
        let message = format!("the JSONata expression does not compile: {reason}");
        problems.schema(path, message);
    })
}
