//! The Task state with Retry and Catch.

use serde_json::Value;

use super::state::{allow, assign, exit};
use crate::definition::fields::{Fields, Problems};
use crate::definition::resource::Resource;
use crate::definition::retrier::{ErrorEquals, Retrier};
use crate::definition::state::{Catcher, Exit, Task, Transition};
use crate::definition::template::Template;

pub(super) fn task(fields: &Fields<'_>, problems: &mut Problems) -> Option<Task> {
    allow(
        fields,
        &[
            "Resource",
            "Arguments",
            "Credentials",
            "TimeoutSeconds",
            "HeartbeatSeconds",
            "Retry",
            "Catch",
            "Assign",
            "Output",
            "Next",
            "End",
        ],
        problems,
    );
    fields.require(&["Resource"], problems);
    let resource = fields.string("Resource", problems).and_then(|arn| {
        Resource::parse(arn)
            .map_err(|reason| problems.schema(&fields.at("Resource"), reason))
            .ok()
    });
    let seconds = |value: &Value| {
        value
            .as_u64()
            .is_some_and(|n| (1..=99_999_999).contains(&n))
    };
    let timeout = fields.scalar(
        "TimeoutSeconds",
        "seconds from 1 to 99999999",
        seconds,
        problems,
    );
    let heartbeat = fields.scalar(
        "HeartbeatSeconds",
        "seconds from 1 to 99999999",
        seconds,
        problems,
    );
    let retriers = fields.items("Retry", problems);
    let retriers: Vec<_> = retriers
        .filter_map(|(value, path)| retrier(value, path, problems))
        .collect();
    let catchers = fields.items("Catch", problems);
    let catchers: Vec<_> = catchers
        .filter_map(|(value, path)| catcher(value, path, problems))
        .collect();
    states_all_is_last(
        "Retry",
        retriers.iter().map(|r| &r.errors),
        fields,
        problems,
    );
    states_all_is_last(
        "Catch",
        catchers.iter().map(|c| &c.errors),
        fields,
        problems,
    );
    Some(Task {
        arguments: fields.template("Arguments", problems),
        credentials: credentials(fields, problems),
        exit: exit(fields, problems)?,
        resource: resource?,
        timeout,
        heartbeat,
        retriers,
        catchers,
    })
}

fn credentials(fields: &Fields<'_>, problems: &mut Problems) -> Option<Template> {
    let value = fields.get("Credentials")?;
    let fields = Fields::new(value, fields.at("Credentials"), problems)?;
    fields.allow_only(&["RoleArn"], problems);
    fields.require(&["RoleArn"], problems);
    fields.scalar("RoleArn", "a string", Value::is_string, problems)
}

fn retrier(value: &Value, path: String, problems: &mut Problems) -> Option<Retrier> {
    let fields = Fields::new(value, path, problems)?;
    fields.allow_only(
        &[
            "BackoffRate",
            "Comment",
            "ErrorEquals",
            "IntervalSeconds",
            "JitterStrategy",
            "MaxAttempts",
            "MaxDelaySeconds",
        ],
        problems,
    );
    let backoff_rate = match fields.get("BackoffRate").map(Value::as_f64) {
        None => 2.0,
        Some(Some(rate)) if rate >= 1.0 => rate,
        Some(_) => {
            problems.schema(
                &fields.at("BackoffRate"),
                "must be a number of at least 1.0",
            );
            return None;
        }
    };
    let full_jitter = match fields.string("JitterStrategy", problems) {
        Some("FULL") => true,
        Some("NONE") | None => false,
        Some(_) => {
            problems.schema(&fields.at("JitterStrategy"), "must be FULL or NONE");
            return None;
        }
    };
    let interval = fields.whole("IntervalSeconds", 1, problems).unwrap_or(1);
    let max_delay = fields.whole("MaxDelaySeconds", 1, problems);
    if max_delay.is_some_and(|max_delay| max_delay <= interval) {
        problems.schema(
            &fields.at("MaxDelaySeconds"),
            "must be greater than IntervalSeconds",
        );
    }
    Some(Retrier {
        errors: error_equals(&fields, problems)?,
        interval,
        max_attempts: fields.whole("MaxAttempts", 0, problems).unwrap_or(3),
        backoff_rate,
        max_delay,
        full_jitter,
    })
}

fn catcher(value: &Value, path: String, problems: &mut Problems) -> Option<Catcher> {
    let fields = Fields::new(value, path, problems)?;
    fields.allow_only(
        &["Assign", "Comment", "ErrorEquals", "Next", "Output"],
        problems,
    );
    fields.require(&["Next"], problems);
    Some(Catcher {
        errors: error_equals(&fields, problems)?,
        exit: Exit {
            assign: assign(&fields, problems),
            output: fields.template("Output", problems),
            transition: Transition::Next(fields.string("Next", problems)?.to_owned()),
        },
    })
}

fn error_equals(fields: &Fields<'_>, problems: &mut Problems) -> Option<ErrorEquals> {
    fields.require(&["ErrorEquals"], problems);
    let value = fields.get("ErrorEquals")?;
    let names: Option<Vec<String>> = value.as_array().and_then(|names| {
        names
            .iter()
            .map(|name| name.as_str().map(str::to_owned))
            .collect()
    });
    match names {
        Some(names) if !names.is_empty() => Some(ErrorEquals(names)),
        _ => {
            let message = "must be an array of at least one error name";
            problems.schema(&fields.at("ErrorEquals"), message);
            None
        }
    }
}

fn states_all_is_last<'e>(
    field: &str,
    errors: impl ExactSizeIterator<Item = &'e ErrorEquals>,
    fields: &Fields<'_>,
    problems: &mut Problems,
) {
    let last = errors.len().saturating_sub(1);
    for (i, ErrorEquals(names)) in errors.enumerate() {
        if names.iter().any(|name| name == "States.ALL") && (names.len() > 1 || i < last) {
            let path = format!("{}[{i}]/ErrorEquals", fields.at(field));
            problems.schema(&path, "States.ALL must appear alone and in the last entry");
        }
    }
}
