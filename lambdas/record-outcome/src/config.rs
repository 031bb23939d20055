//! What a deployment decides.

/// What a deployment decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The DynamoDB table.
    pub table: String,
    /// The ECS cluster that the streamer's tasks run in, by name or ARN.
    pub cluster: String,
    /// The SNS topic where outcomes are told; none: nowhere but in the log.
    pub topic_arn: Option<String>,
    /// The bucket whose objects are tagged once their show has aired; none: nothing is tagged.
    pub videos_bucket: Option<String>,
    /// The deployment's name, for the one who is told.
    pub deployment: Option<String>,
}

/// A variable that must be there is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("environment variable {0} is not set")]
pub struct MissingVariable(&'static str);

impl Config {
    /// The least that is needed: nobody is told, nothing is tagged.
    pub fn new(table: impl Into<String>, cluster: impl Into<String>) -> Self {
        Self {
            table: table.into(),
            cluster: cluster.into(),
            topic_arn: None,
            videos_bucket: None,
            deployment: None,
        }
    }

    /// Reads `TABLE`, `CLUSTER` and, where set, `TOPIC_ARN`, `VIDEOS_BUCKET` and `DEPLOYMENT`.
    ///
    /// # Errors
    /// A variable that must be there is not.
    pub fn from_variables(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, MissingVariable> {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let required = |name| set(name).ok_or(MissingVariable(name));
        Ok(Self {
            topic_arn: set("TOPIC_ARN"),
            videos_bucket: set("VIDEOS_BUCKET"),
            deployment: set("DEPLOYMENT"),
            ..Self::new(required("TABLE")?, required("CLUSTER")?)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_is_not_done() {
        let config = Config::from_variables(|name| match name {
            "TABLE" => Some("matinee".to_owned()),
            "CLUSTER" => Some("cluster".to_owned()),
            "TOPIC_ARN" => Some(String::new()),
            _ => None,
        });
        assert_eq!(config, Ok(Config::new("matinee", "cluster")));
        let missing = Config::from_variables(|_| None).unwrap_err();
        assert_eq!(missing.to_string(), "environment variable TABLE is not set");
    }
}
