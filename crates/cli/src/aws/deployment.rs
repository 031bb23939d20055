//! A deployment: what it says of itself, and the configuration with which it is asked.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig, timeout::TimeoutConfig};
use aws_credential_types::Credentials;
use broadcast::BroadcastId;
use s3::Keeper;
use serde::Deserialize;
use url::{Host, Url};

use super::{AwsOptions, Denied, words};
use crate::error::CliError;

/// What `infrastructure/` writes; a greater number is one that this program does not know.
const VERSION: u32 = 1;
/// How long a connection to AWS may take to come about: from here it may be half a world away.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long one try of one call may take.
const TRY_TIMEOUT: Duration = Duration::from_secs(10);

/// A deployment and who asks it.
#[derive(Debug)]
pub(crate) struct Deployment {
    pub(crate) name: String,
    pub(crate) region: String,
    pub(crate) sdk: SdkConfig,
    credentials: Keeper,
    parameter: Parameter,
}

/// What a deployment says of itself, in the parameter `/matinee-deployment/NAME`.
#[derive(Clone, Debug, Deserialize)]
struct Parameter {
    version: u32,
    api_url: String,
    videos_bucket: String,
    state_machine_arn: String,
}

impl Deployment {
    /// Asks SSM in the region for the deployment.
    pub(crate) async fn find(options: &AwsOptions) -> Result<Self, CliError> {
        let name = options.deployment()?;
        let sdk = configuration(options).await;
        let region = sdk.region().map(ToString::to_string).ok_or_else(|| {
            CliError::usage(
                "no AWS region is set; say --region REGION, or set AWS_REGION or the profile's \
                 region to where the deployment is",
            )
        })?;
        let credentials =
            Keeper::new(&sdk).map_err(|error| words::sign_in(&error, options.profile()))?;
        // Before anything is asked, so that it is told apart from what SSM says.
        credentials
            .get()
            .await
            .map_err(|error| words::sign_in(&error, options.profile()))?;
        let denied = Denied {
            deployment: &name,
            region: &region,
        };
        let parameter = parameter(&sdk, denied).await?;
        Ok(Self {
            name,
            region,
            sdk,
            credentials,
            parameter,
        })
    }

    /// Credentials that are still good for a while.
    pub(crate) async fn credentials(&self) -> Result<Credentials, CliError> {
        let credentials = self.credentials.get().await;
        credentials.map_err(|error| words::sign_in(&error, None))
    }

    /// Asks for credentials anew the next time.
    pub(crate) async fn forget_credentials(&self) {
        self.credentials.forget().await;
    }

    /// The address of the API, without a slash at its end.
    pub(crate) fn api_url(&self) -> &str {
        self.parameter.api_url.trim_end_matches('/')
    }

    /// The bucket that videos are uploaded to.
    pub(crate) fn videos_bucket(&self) -> &str {
        &self.parameter.videos_bucket
    }

    /// Where the console shows a broadcast's execution, once it has started.
    pub(crate) fn execution_link(&self, id: &BroadcastId) -> Option<String> {
        execution_link(&self.parameter.state_machine_arn, id)
    }

    /// Whom to ask when something is denied.
    pub(crate) fn denied(&self) -> Denied<'_> {
        Denied {
            deployment: &self.name,
            region: &self.region,
        }
    }
}

/// What every AWS tool reads, with what was said on the command line above it.
pub(crate) async fn configuration(options: &AwsOptions) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(TRY_TIMEOUT)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(broadcast::aws::http_client())
        .timeout_config(timeouts);
    if let Some(profile) = options.profile() {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = options.region() {
        loader = loader.region(Region::new(region.to_owned()));
    }
    loader.load().await
}

async fn parameter(sdk: &SdkConfig, denied: Denied<'_>) -> Result<Parameter, CliError> {
    let name = format!("/matinee-deployment/{}", denied.deployment);
    let answer = aws_sdk_ssm::Client::new(sdk)
        .get_parameter()
        .name(&name)
        .send()
        .await
        .map_err(|error| words::ssm_failed(&error, denied))?;
    let text = answer.parameter.and_then(|it| it.value).unwrap_or_default();
    read(&text).map_err(|fault| {
        CliError::internal(format!("the parameter {name} in {} {fault}", denied.region))
    })
}

fn read(text: &str) -> Result<Parameter, String> {
    let parameter: Parameter = serde_json::from_str(text)
        .map_err(|error| format!("is not what `./deploy` writes ({error}); run it again"))?;
    if parameter.version > VERSION {
        return Err(format!(
            "is of version {}, and this matinee knows {VERSION}; take a newer one",
            parameter.version
        ));
    }
    match is_safe(&parameter.api_url) {
        true => Ok(parameter),
        false => Err("names an API that is not https; run `./deploy` again".to_owned()),
    }
}

/// Whether stream keys may go there: over TLS, or to this machine.
fn is_safe(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(Host::Ipv4(address))) => address.is_loopback(),
        ("http", Some(Host::Ipv6(address))) => address.is_loopback(),
        _ => false,
    }
}

fn execution_link(state_machine: &str, id: &BroadcastId) -> Option<String> {
    let parts: Vec<&str> = state_machine.split(':').collect();
    let [
        "arn",
        partition,
        "states",
        region,
        account,
        "stateMachine",
        name,
    ] = parts[..]
    else {
        return None;
    };
    let console = match partition {
        "aws-cn" => "console.amazonaws.cn",
        "aws-us-gov" => "console.amazonaws-us-gov.com",
        _ => "console.aws.amazon.com",
    };
    Some(format!(
        "https://{region}.{console}/states/home?region={region}#/v2/executions/details/\
         arn:{partition}:states:{region}:{account}:execution:{name}:{id}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(version: u32, url: &str, fault: Option<&str>) {
        let text = format!(
            r#"{{"version":{version},"api_url":"{url}","videos_bucket":"b",
                "state_machine_arn":"arn","dashboard_url":"https://d","later":1}}"#
        );
        match (read(&text), fault) {
            (Ok(_), None) => {}
            (Err(found), Some(fault)) => assert!(found.contains(fault), "{found}"),
            (found, _) => panic!("{found:?}"),
        }
    }

    #[test]
    fn what_a_deployment_says() {
        check(1, "https://x.lambda-url.eu-west-1.on.aws/", None);
        check(2, "https://x/", Some("take a newer one"));
        check(1, "http://x.example/", Some("not https"));
        check(1, "http://127.0.0.1.example/", Some("not https"));
        check(1, "http://localhost/", Some("not https"));
        check(1, "http://127.0.0.1:4580/", None);
        check(1, "http://[::1]:4580/", None);
        check(1, "ftp://x/", Some("not https"));
        assert!(read("{}").unwrap_err().contains("./deploy"));
    }

    #[track_caller]
    fn check_link(machine: &str, link: Option<&str>) {
        let id = "20261201-1930-k3fz".parse().unwrap();
        assert_eq!(execution_link(machine, &id).as_deref(), link);
    }

    #[test]
    fn where_the_console_shows_it() {
        check_link(
            "arn:aws:states:eu-west-1:123456789012:stateMachine:matinee-broadcast",
            Some(
                "https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/\
                 executions/details/arn:aws:states:eu-west-1:123456789012:execution:\
                 matinee-broadcast:20261201-1930-k3fz",
            ),
        );
        check_link(
            "arn:aws-cn:states:cn-north-1:123456789012:stateMachine:m",
            Some(
                "https://cn-north-1.console.amazonaws.cn/states/home?region=cn-north-1#/v2/\
                 executions/details/arn:aws-cn:states:cn-north-1:123456789012:execution:m:\
                 20261201-1930-k3fz",
            ),
        );
        check_link("matinee-broadcast", None);
    }
}
