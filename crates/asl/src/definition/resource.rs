//! What a Task state calls.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The `Resource` of a Task state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Resource {
    /// A Lambda function, named directly by its ARN: it gets the arguments as its event.
    Function {
        /// The ARN.
        arn: String,
    },
    /// A service integration such as `arn:aws:states:::ecs:runTask.sync`.
    Integration {
        /// The whole ARN.
        arn: String,
        /// The service as in the event history: `ecs`, `lambda`, `aws-sdk:s3`.
        service: String,
        /// The action with its pattern as in the event history: `runTask.sync`, `invoke`.
        action: String,
    },
}

impl Resource {
    /// Reads an ARN; the error says what it should be.
    pub(crate) fn parse(arn: &str) -> Result<Self, String> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        match parts.as_slice() {
            ["arn", _, "lambda", _, _, rest] if rest.starts_with("function:") => {
                Ok(Self::Function {
                    arn: arn.to_owned(),
                })
            }
            ["arn", _, "states", _, _, rest] => match rest.rsplit_once(':') {
                Some((service, action)) if !service.is_empty() && !action.is_empty() => {
                    if service == "activity" {
                        return Err("activities are not supported".to_owned());
                    }
                    Ok(Self::Integration {
                        arn: arn.to_owned(),
                        service: service.to_owned(),
                        action: action.to_owned(),
                    })
                }
                _ => Err(format!("'{arn}' names no service and action")),
            },
            _ => Err(format!(
                "'{arn}' is neither the ARN of a Lambda function nor of a service integration"
            )),
        }
    }

    /// The whole ARN.
    pub fn arn(&self) -> &str {
        match self {
            Self::Function { arn } | Self::Integration { arn, .. } => arn,
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.arn())
    }
}

#[cfg(test)]
mod tests {
    use super::Resource;

    #[track_caller]
    fn check(arn: &str, expected: (&str, &str)) {
        match Resource::parse(arn) {
            Ok(Resource::Integration {
                service, action, ..
            }) => {
                assert_eq!((service.as_str(), action.as_str()), expected);
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn integrations_have_a_service_and_an_action() {
        check("arn:aws:states:::lambda:invoke", ("lambda", "invoke"));
        check("arn:aws:states:::ecs:runTask.sync", ("ecs", "runTask.sync"));
        check(
            "arn:aws:states:::aws-sdk:s3:getObject",
            ("aws-sdk:s3", "getObject"),
        );
    }

    #[test]
    fn functions_are_named_by_their_arn() {
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:persist:live";
        assert_eq!(
            Resource::parse(arn),
            Ok(Resource::Function {
                arn: arn.to_owned()
            })
        );
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "arn:aws:states:::",
            "arn:aws:s3:::bucket",
            "invoke",
            "arn:aws:states:us-east-1:1:activity:x",
        ] {
            assert!(Resource::parse(text).is_err(), "{text}");
        }
    }
}
