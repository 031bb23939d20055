//! The definition and what is filled into it.

/// The definition, with its placeholders.
pub const BROADCAST: &str = include_str!("../broadcast.asl.json");

/// What is filled into the definition. The names are those of the `${placeholders}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placeholders {
    /// The function that tries the stream keys.
    pub validate_token_function_arn: String,
    /// The function that opens attempts.
    pub persist_function_arn: String,
    /// The function that records how it went.
    pub record_outcome_function_arn: String,
    /// The ECS cluster that the streamer runs in.
    pub cluster_arn: String,
    /// The streamer's task definition.
    pub task_definition_arn: String,
    /// The streamer's container in the task definition.
    pub container_name: String,
    /// The subnets of the streamer's network interface.
    pub subnet_ids: Vec<String>,
    /// Its security groups.
    pub security_group_ids: Vec<String>,
}

/// Why the definition could not be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A value that would break out of its place in the definition, or none.
    #[error("{value:?} cannot be the value of {name}; ARNs, names and ids can")]
    Value {
        /// The placeholder.
        name: &'static str,
        /// The value.
        value: String,
    },
    /// The definition has a placeholder that nothing is known for.
    #[error("the definition has a placeholder ${{{0}}} that nothing fills")]
    Unknown(String),
}

/// Fills the placeholders of [`BROADCAST`].
pub fn render(placeholders: &Placeholders) -> Result<String, RenderError> {
    let mut definition = BROADCAST.to_owned();
    for (name, values) in placeholders.values() {
        if values.is_empty() {
            return Err(refused(name, ""));
        }
        if let Some(value) = values.iter().find(|value| !is_plain(value)) {
            return Err(refused(name, value));
        }
        definition = definition.replace(&format!("${{{name}}}"), &values.join(","));
    }
    match unfilled(&definition) {
        Some(name) => Err(RenderError::Unknown(name.to_owned())),
        None => Ok(definition),
    }
}

impl Placeholders {
    fn values(&self) -> [(&'static str, &[String]); 8] {
        use std::slice::from_ref;
        [
            (
                "validate_token_function_arn",
                from_ref(&self.validate_token_function_arn),
            ),
            ("persist_function_arn", from_ref(&self.persist_function_arn)),
            (
                "record_outcome_function_arn",
                from_ref(&self.record_outcome_function_arn),
            ),
            ("cluster_arn", from_ref(&self.cluster_arn)),
            ("task_definition_arn", from_ref(&self.task_definition_arn)),
            ("container_name", from_ref(&self.container_name)),
            ("subnet_ids", &self.subnet_ids),
            ("security_group_ids", &self.security_group_ids),
        ]
    }
}

/// Neither JSON nor JSONata sees anything but text in it.
fn is_plain(value: &str) -> bool {
    !value.is_empty()
        && value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ":/._-".contains(c))
}

fn refused(name: &'static str, value: &str) -> RenderError {
    RenderError::Value {
        name,
        value: value.to_owned(),
    }
}

fn unfilled(definition: &str) -> Option<&str> {
    let (_, rest) = definition.split_once("${")?;
    rest.split('}').next()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn placeholders() -> Placeholders {
        let function =
            |name: &str| format!("arn:aws:lambda:us-east-1:123456789012:function:{name}");
        Placeholders {
            validate_token_function_arn: function("matinee-validate-token"),
            persist_function_arn: function("matinee-persist"),
            record_outcome_function_arn: function("matinee-record-outcome"),
            cluster_arn: "arn:aws:ecs:us-east-1:123456789012:cluster/matinee".into(),
            task_definition_arn: "arn:aws:ecs:us-east-1:123456789012:task-definition/streamer:7"
                .into(),
            container_name: "streamer".into(),
            subnet_ids: vec!["subnet-1".into(), "subnet-2".into()],
            security_group_ids: vec!["sg-1".into()],
        }
    }

    #[test]
    fn what_is_rendered_is_a_definition() {
        let rendered = render(&placeholders()).unwrap();
        asl::Definition::parse(&rendered).unwrap();
        let json: Value = serde_json::from_str(&rendered).unwrap();
        let states: Vec<&String> = json["States"].as_object().unwrap().keys().collect();
        assert_eq!(
            states,
            [
                "ValidateToken",
                "Persist",
                "Stream",
                "RecordOutcome",
                "Aired",
                "RecordFailure",
                "Backoff",
                "TryAgain"
            ]
        );
        let network = &json["States"]["Stream"]["Arguments"]["NetworkConfiguration"];
        assert_eq!(
            network["AwsvpcConfiguration"]["Subnets"],
            "{% ($all := $split('subnet-1,subnet-2', ','); $retries := $states.context.State.RetryCount; \
             $retries > 0 or $attempt > 1 ? \
             [$all[($retries + $attempt * ($count($all) - 1)) % $count($all)]] : $all) %}"
        );
    }

    #[test]
    fn every_placeholder_is_in_the_definition() {
        for (name, _) in placeholders().values() {
            assert!(BROADCAST.contains(&format!("${{{name}}}")), "{name}");
        }
    }

    /// `%{` begins a directive in Terraform's templates, and `$${` is its escape.
    #[test]
    fn terraform_reads_the_definition_as_we_do() {
        assert!(!BROADCAST.contains("%{"));
        assert!(!BROADCAST.contains("$${"));
        serde_json::from_str::<Value>(BROADCAST).unwrap();
    }

    #[test]
    fn a_value_cannot_break_out_of_its_place() {
        for value in ["", "a', $x) %}", "a\"", "${b}", "a,b"] {
            let mut placeholders = placeholders();
            placeholders.subnet_ids = vec![value.to_owned()];
            assert_eq!(
                render(&placeholders),
                Err(refused("subnet_ids", value)),
                "{value}"
            );
        }
        let none = Placeholders {
            security_group_ids: vec![],
            ..placeholders()
        };
        assert_eq!(render(&none), Err(refused("security_group_ids", "")));
    }

    /// Of RunTask's parameters Step Functions takes only some in a state of this kind, and fills
    /// in StartedBy itself.
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html>
    /// That page leaves CapacityProviderStrategy out, which is taken all the same:
    /// <https://github.com/aws/aws-cdk/pull/35465>
    #[test]
    fn the_streamer_is_started_with_parameters_that_step_functions_takes() {
        const TAKEN: [&str; 11] = [
            "CapacityProviderStrategy",
            "Cluster",
            "EnableExecuteCommand",
            "Group",
            "NetworkConfiguration",
            "Overrides",
            "PlacementConstraints",
            "PlacementStrategy",
            "PlatformVersion",
            "PropagateTags",
            "TaskDefinition",
        ];
        let json: Value = serde_json::from_str(BROADCAST).unwrap();
        let arguments = json["States"]["Stream"]["Arguments"].as_object().unwrap();
        for name in arguments.keys() {
            assert!(TAKEN.contains(&name.as_str()), "{name}");
        }
    }

    /// A broadcast that is given up fails its execution at RecordFailure: only there does a
    /// redrive mean "try again".
    #[test]
    fn every_task_but_record_failure_is_caught() {
        let json: Value = serde_json::from_str(BROADCAST).unwrap();
        for (name, state) in json["States"].as_object().unwrap() {
            if state["Type"] != "Task" {
                continue;
            }
            for retrier in state["Retry"].as_array().unwrap() {
                assert_eq!(retrier["JitterStrategy"], "FULL", "{name}");
            }
            if name == "RecordFailure" {
                assert!(state.get("Catch").is_none());
            } else {
                let catch = &state["Catch"][0];
                assert_eq!(catch["ErrorEquals"][0], "States.ALL", "{name}");
                assert_eq!(catch["Assign"]["stage"], name.as_str());
                assert_eq!(catch["Next"], "RecordFailure", "{name}");
            }
        }
    }
}
