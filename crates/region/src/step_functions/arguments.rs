//! Reading requests: members, names, ARNs, with the errors of the API.

use serde_json::Value;

use crate::{arn, error::AwsError};

/// The members of a request.
pub(super) struct Arguments(pub(super) Value);

impl Arguments {
    /// A member that must be there.
    pub(super) fn required(&self, member: &str) -> Result<&str, AwsError> {
        self.optional(member)?.ok_or_else(|| {
            AwsError::validation(format!(
                "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
            ))
        })
    }

    pub(super) fn optional(&self, member: &str) -> Result<Option<&str>, AwsError> {
        match &self.0[member] {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text)),
            _ => Err(wrong_type(member, "a string")),
        }
    }

    pub(super) fn flag(&self, member: &str) -> Result<Option<bool>, AwsError> {
        match &self.0[member] {
            Value::Null => Ok(None),
            Value::Bool(flag) => Ok(Some(*flag)),
            _ => Err(wrong_type(member, "a boolean")),
        }
    }

    /// The size of a page: 100 unless said, 1,000 at most; 0 means the default.
    pub(super) fn max_results(&self) -> Result<usize, AwsError> {
        match &self.0["maxResults"] {
            Value::Null => Ok(100),
            value => match value.as_u64() {
                Some(0) => Ok(100),
                Some(number @ 1..=1000) => Ok(usize::try_from(number).unwrap_or(1000)),
                _ => Err(AwsError::validation(format!(
                    "1 validation error detected: Value '{value}' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000"
                ))),
            },
        }
    }

    /// The name of the state machine whose ARN a member holds.
    pub(super) fn state_machine(&self) -> Result<&str, AwsError> {
        let text = self.required("stateMachineArn")?;
        resource(text, &arn::state_machine(""))?.ok_or_else(|| no_machine(text))
    }

    /// The ARN of an execution.
    pub(super) fn execution(&self) -> Result<&str, AwsError> {
        let text = self.required("executionArn")?;
        resource(text, arn::execution("", "").trim_end_matches("::"))?
            .filter(|rest| rest.starts_with(':'))
            .ok_or_else(|| no_execution(text))?;
        Ok(text)
    }
}

/// What follows `prefix`; `None` when the ARN is one, but of something else.
fn resource<'a>(text: &'a str, prefix: &str) -> Result<Option<&'a str>, AwsError> {
    if !text.starts_with("arn:") {
        return Err(AwsError::new(
            "InvalidArn",
            format!("Invalid Arn: 'Invalid ARN prefix: {text}'"),
        ));
    }
    Ok(text.strip_prefix(prefix))
}

fn wrong_type(member: &str, expected: &str) -> AwsError {
    AwsError::new(
        "SerializationException",
        format!("the member '{member}' must be {expected}"),
    )
}

pub(super) fn no_machine(arn: &str) -> AwsError {
    AwsError::new(
        "StateMachineDoesNotExist",
        format!("State Machine Does Not Exist: '{arn}'"),
    )
}

pub(super) fn no_execution(arn: &str) -> AwsError {
    AwsError::new(
        "ExecutionDoesNotExist",
        format!("Execution Does Not Exist: '{arn}'"),
    )
}

/// The names that executions and state machines may have (API reference, `StartExecution`).
pub(super) fn check_name(name: &str) -> Result<(), AwsError> {
    let allowed = |c: char| {
        !c.is_whitespace()
            && !c.is_control()
            && !matches!(c, '\u{FFFE}' | '\u{FFFF}')
            && !"<>{}[]?*\"#%\\^|~`$&,;:/".contains(c)
    };
    let length = name.chars().count();
    if (1..=asl::limits::NAME_CHARACTERS).contains(&length) && name.chars().all(allowed) {
        Ok(())
    } else {
        Err(AwsError::new(
            "InvalidName",
            format!("Invalid Name: '{name}'"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check_code(result: Result<&str, AwsError>, code: &str) {
        assert_eq!(result.unwrap_err().code, code);
    }

    #[test]
    fn arns_are_checked() {
        let machine = |arn: &str| Arguments(json!({"stateMachineArn": arn}));
        let good = arn::state_machine("broadcast");
        assert_eq!(machine(&good).state_machine().unwrap(), "broadcast");
        check_code(machine("broadcast").state_machine(), "InvalidArn");
        check_code(
            machine("arn:aws:states:eu-west-1:1:stateMachine:x").state_machine(),
            "StateMachineDoesNotExist",
        );
        check_code(Arguments(json!({})).state_machine(), "ValidationException");

        let execution = |arn: &str| Arguments(json!({"executionArn": arn}));
        let good = arn::execution("broadcast", "one");
        assert_eq!(execution(&good).execution().unwrap(), good);
        check_code(execution("one").execution(), "InvalidArn");
        check_code(
            execution(&arn::state_machine("broadcast")).execution(),
            "ExecutionDoesNotExist",
        );
    }

    #[test]
    fn names_are_checked() {
        for name in ["20261201-1930-abcd", "a", "ä_.-+=@()!'", &"x".repeat(80)] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in [
            "",
            "a b",
            "a/b",
            "a:b",
            "a*",
            "a\u{7}",
            "$x",
            &"x".repeat(81),
        ] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
