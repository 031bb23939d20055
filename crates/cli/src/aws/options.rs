//! The options that lead to a deployment.

use clap::builder::FalseyValueParser;

use crate::error::CliError;

/// The name of a deployment that has no other.
const DEFAULT: &str = "matinee";
/// Which deployment, unless `--deployment` says it.
const DEPLOYMENT: &str = "MATINEE_DEPLOYMENT";
/// The longest name that `infrastructure/` takes.
const LONGEST: usize = 24;

/// Options of every command: where the broadcasts are.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "On AWS")]
pub(crate) struct AwsOptions {
    /// Ask a deployment on AWS instead of `matinee up` on this machine
    #[arg(long, global = true, env = "MATINEE_AWS", value_parser = FalseyValueParser::new())]
    aws: bool,

    /// The profile of the AWS configuration [default: $AWS_PROFILE, or what the environment gives]
    #[arg(long, global = true, value_name = "NAME")]
    profile: Option<String>,

    /// The region of the deployment [default: $AWS_REGION, or the profile's]
    #[arg(long, global = true, value_name = "REGION")]
    region: Option<String>,

    /// The deployment's name [default: $MATINEE_DEPLOYMENT, or matinee]
    #[arg(long, global = true, value_name = "NAME")]
    deployment: Option<String>,
}

impl AwsOptions {
    /// Whether a deployment is asked.
    pub(crate) fn are_given(&self) -> bool {
        self.aws
    }

    /// Refuses options that say where on AWS when nothing says that it is AWS.
    pub(crate) fn check(&self) -> Result<(), CliError> {
        let given = [
            ("--profile", &self.profile),
            ("--region", &self.region),
            ("--deployment", &self.deployment),
        ]
        .into_iter()
        .find(|(_, value)| value.is_some());
        match given {
            Some((option, _)) if !self.aws => Err(CliError::usage(format!(
                "{option} is for a deployment on AWS; say --aws too, or leave it out to ask \
                 `matinee up` on this machine"
            ))),
            _ => Ok(()),
        }
    }

    pub(super) fn profile(&self) -> Option<&str> {
        self.profile.as_deref()
    }

    pub(super) fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// The deployment's name.
    pub(super) fn deployment(&self) -> Result<String, CliError> {
        let from_environment = || {
            std::env::var(DEPLOYMENT)
                .ok()
                .filter(|name| !name.is_empty())
        };
        let name = self
            .deployment
            .clone()
            .or_else(from_environment)
            .unwrap_or_else(|| DEFAULT.to_owned());
        match is_legal(&name) {
            true => Ok(name),
            false => Err(CliError::usage(format!(
                "{name:?} is no name of a deployment: it begins with a lower-case letter, and \
                 lower-case letters, digits and hyphens follow, {LONGEST} in all at most"
            ))),
        }
    }

    /// How the command goes on that asks the same deployment once more.
    pub(crate) fn command(&self) -> String {
        let mut command = "matinee".to_owned();
        if self.aws {
            command.push_str(" --aws");
        }
        for (option, value) in [
            ("--profile", &self.profile),
            ("--region", &self.region),
            ("--deployment", &self.deployment),
        ] {
            if let Some(value) = value {
                command.push_str(&format!(" {option} {value}"));
            }
        }
        command
    }
}

fn is_legal(name: &str) -> bool {
    name.len() <= LONGEST
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(aws: bool, region: Option<&str>, deployment: Option<&str>) -> AwsOptions {
        AwsOptions {
            aws,
            profile: None,
            region: region.map(str::to_owned),
            deployment: deployment.map(str::to_owned),
        }
    }

    #[test]
    fn the_same_deployment_once_more() {
        assert_eq!(options(false, None, None).command(), "matinee");
        assert_eq!(
            options(true, Some("eu-west-1"), Some("sunday")).command(),
            "matinee --aws --region eu-west-1 --deployment sunday"
        );
    }

    #[test]
    fn where_on_aws_without_aws_is_refused() {
        assert!(options(false, None, None).check().is_ok());
        assert!(options(true, Some("eu-west-1"), None).check().is_ok());
        let error = options(false, Some("eu-west-1"), None).check();
        assert!(error.unwrap_err().to_string().contains("--region is for"));
    }

    #[track_caller]
    fn check_name(name: &str, legal: bool) {
        let found = options(true, None, Some(name)).deployment();
        assert_eq!(found.is_ok(), legal, "{name}");
    }

    #[test]
    fn names() {
        check_name("matinee", true);
        check_name("a", true);
        check_name("sunday-2", true);
        check_name("abcdefghijklmnopqrstuvwx", true);
        check_name("abcdefghijklmnopqrstuvwxy", false);
        for name in ["", "2x", "-x", "Matinee", "a/b", "../x", "ä"] {
            check_name(name, false);
        }
    }
}
