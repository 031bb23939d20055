//! Which definitions this machine runs.

use asl::{Definition, Resource};
use serde_json::{Value, json};

use super::arguments::Arguments;
use crate::error::AwsError;

/// The service integrations there are here; a function can also be named directly.
const INTEGRATIONS: [(&str, &str); 2] = [("lambda", "invoke"), ("ecs", "runTask.sync")];

/// One thing that is wrong with a definition.
struct Diagnostic {
    code: &'static str,
    message: String,
    location: String,
}

/// Reads a definition whose every resource can be called here.
pub(super) fn definition(text: &str) -> Result<Definition, AwsError> {
    check(text).map_err(|diagnostics| {
        let texts: Vec<String> = diagnostics
            .iter()
            .map(|d| format!("{}: {} at {}", d.code, d.message, d.location))
            .collect();
        AwsError::new(
            "InvalidDefinition",
            format!("Invalid State Machine Definition: '{}'", texts.join(", ")),
        )
    })
}

/// `ValidateStateMachineDefinition`
pub(super) fn validate(arguments: &Arguments) -> Result<Value, AwsError> {
    let page = arguments.max_results()?;
    let diagnostics = match check(arguments.required("definition")?) {
        Ok(_) => Vec::new(),
        Err(diagnostics) => diagnostics,
    };
    let shown: Vec<Value> = diagnostics
        .iter()
        .take(page)
        .map(|d| {
            json!({
                "severity": "ERROR",
                "code": d.code,
                "message": d.message,
                "location": d.location,
            })
        })
        .collect();
    Ok(json!({
        "result": if diagnostics.is_empty() { "OK" } else { "FAIL" },
        "truncated": shown.len() < diagnostics.len(),
        "diagnostics": shown,
    }))
}

fn check(text: &str) -> Result<Definition, Vec<Diagnostic>> {
    let definition = Definition::parse(text).map_err(|error| {
        let problems = error.problems().iter().map(|problem| Diagnostic {
            code: problem.code.name(),
            message: problem.message.clone(),
            location: problem.path.clone(),
        });
        problems.collect::<Vec<_>>()
    })?;
    let unsupported: Vec<Diagnostic> = definition
        .resources()
        .filter(|(_, resource)| !is_supported(resource))
        .map(|(state, resource)| Diagnostic {
            code: "SCHEMA_VALIDATION_FAILED",
            message: format!("The resource '{resource}' is not supported on this machine"),
            location: format!("/States/{state}/Resource"),
        })
        .collect();
    if unsupported.is_empty() {
        Ok(definition)
    } else {
        Err(unsupported)
    }
}

fn is_supported(resource: &Resource) -> bool {
    match resource {
        Resource::Function { .. } => true,
        Resource::Integration {
            service, action, ..
        } => INTEGRATIONS.contains(&(service, action)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(resource: &str) -> String {
        json!({
            "QueryLanguage": "JSONata",
            "StartAt": "One",
            "States": {"One": {"Type": "Task", "Resource": resource, "End": true}},
        })
        .to_string()
    }

    #[test]
    fn what_runs_here_is_accepted() {
        for resource in [
            "arn:aws:states:::lambda:invoke",
            "arn:aws:states:::ecs:runTask.sync",
            "arn:aws:lambda:us-east-1:000000000000:function:persist",
        ] {
            assert!(definition(&task(resource)).is_ok(), "{resource}");
        }
    }

    #[test]
    fn other_integrations_are_refused_by_name() {
        for resource in [
            "arn:aws:states:::aws-sdk:s3:getObject",
            "arn:aws:states:::ecs:runTask",
            "arn:aws:states:::lambda:invoke.waitForTaskToken",
        ] {
            let error = definition(&task(resource)).unwrap_err();
            assert_eq!(error.code, "InvalidDefinition");
            assert!(error.message.contains(resource), "{}", error.message);
            assert!(
                error.message.contains("/States/One/Resource"),
                "{}",
                error.message
            );
        }
    }

    #[test]
    fn validation_answers_in_diagnostics() {
        let answer = validate(&Arguments(json!({"definition": "{}"}))).unwrap();
        assert_eq!(answer["result"], "FAIL");
        assert_eq!(
            answer["diagnostics"][0]["message"],
            "These fields are required: [States, StartAt]"
        );
        let good = task("arn:aws:states:::lambda:invoke");
        let answer = validate(&Arguments(json!({"definition": good}))).unwrap();
        assert_eq!(
            answer,
            json!({"result": "OK", "truncated": false, "diagnostics": []})
        );
    }
}
