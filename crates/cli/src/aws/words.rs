//! What AWS says, in words that say what to do next.

use aws_sdk_ssm::{
    error::{ProvideErrorMetadata, SdkError},
    operation::get_parameter::GetParameterError,
};
use broadcast::aws::words;
use s3::Refusal;

use super::Deployment;
use crate::error::CliError;

/// What is asked, for saying which right is missing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Denied<'a> {
    pub(crate) deployment: &'a str,
    pub(crate) region: &'a str,
}

/// Classes of what a service says of who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Signed well, but not allowed.
    NotAllowed,
    /// They were good once.
    Expired,
    /// This machine's clock is off.
    Clock,
    /// Nobody that AWS knows, or a wrong secret.
    Unknown,
}

impl Denied<'_> {
    /// Why nothing came of it, by the code and the message of the service; `None` if it was not
    /// about who asks.
    pub(crate) fn by(self, code: &str, message: &str) -> Option<CliError> {
        let Self { deployment, region } = self;
        Some(match classify(code, message)? {
            Fault::NotAllowed => CliError::usage(format!(
                "AWS denies this to your credentials; whoever schedules with the deployment \
                 {deployment:?} needs its policy {deployment}-operator-{region} (see \
                 docs/aws.md): ask the owner of the account to attach it to you"
            )),
            Fault::Expired => CliError::usage(
                "your AWS credentials have expired; get new ones (`aws sso login`, or however \
                 you got these) and try again",
            ),
            Fault::Clock => CliError::usage(
                "AWS refuses the request because of its time: this machine's clock is more than \
                 five minutes off; set it right (`timedatectl set-ntp true`) and try again",
            ),
            Fault::Unknown => CliError::usage(
                "AWS does not know your credentials, or the secret key does not fit the access \
                 key; look at them with `aws sts get-caller-identity`, or choose others with \
                 --profile",
            ),
        })
    }
}

fn classify(code: &str, message: &str) -> Option<Fault> {
    // Services differ in their words for it.
    let time = ["Signature expired", "not yet current"];
    if time.iter().any(|words| message.contains(words)) {
        return Some(Fault::Clock);
    }
    Some(match code {
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => Fault::NotAllowed,
        "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" => Fault::Expired,
        "RequestTimeTooSkewed" | "RequestExpired" | "RequestInTheFuture" => Fault::Clock,
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "InvalidSignatureException"
        | "IncompleteSignatureException"
        | "MissingAuthenticationTokenException"
        | "MissingAuthenticationToken"
        | "SignatureDoesNotMatch"
        | "InvalidToken" => Fault::Unknown,
        _ => return None,
    })
}

/// Why SSM did not say where the deployment is.
pub(super) fn ssm_failed(error: &SdkError<GetParameterError>, denied: Denied<'_>) -> CliError {
    let Denied { deployment, region } = denied;
    if let Some(failure) = error.as_service_error() {
        if failure.is_parameter_not_found() {
            return CliError::unavailable(format!(
                "there is no deployment {deployment:?} in {region} for this account; `./deploy` \
                 makes one; if it is elsewhere, say --region, --deployment or --profile"
            ));
        }
        let code = failure.code().unwrap_or_default();
        return denied
            .by(code, failure.message().unwrap_or_default())
            .unwrap_or_else(|| {
                CliError::internal(format!(
                    "SSM in {region} answers {code}: {}",
                    failure.message().unwrap_or("no reason")
                ))
            });
    }
    CliError::unavailable(format!(
        "cannot reach SSM in {region} ({}); is that the region's name, and is there a way to the \
         internet?",
        words(error)
    ))
}

/// Why there are no credentials.
pub(crate) fn sign_in(error: &s3::Error, profile: Option<&str>) -> CliError {
    let (with, login) = match profile {
        Some(profile) => (
            format!(" with the profile {profile:?}"),
            format!("aws sso login --profile {profile}"),
        ),
        None => (String::new(), "aws sso login".to_owned()),
    };
    match error {
        s3::Error::NoCredentials => CliError::usage(format!(
            "there are no AWS credentials{with}; run `aws configure`, choose a profile with \
             --profile or AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )),
        error => CliError::usage(format!(
            "cannot get AWS credentials{with}: {}; if they come from single sign-on: `{login}`; \
             if from a way that matinee does not know, such as `aws login`: \
             `eval \"$(aws configure export-credentials --format env)\"`",
            words(error)
        )),
    }
}

/// Why S3 did not take a video.
pub(crate) fn s3_failed(
    error: &s3::Error,
    what: &dyn std::error::Error,
    deployment: &Deployment,
) -> CliError {
    let bucket = deployment.videos_bucket();
    match error {
        s3::Error::NoCredentials | s3::Error::Credentials(_) => return sign_in(error, None),
        s3::Error::GaveUp { .. } => {
            return CliError::unavailable(format!(
                "{}; try again: what was sent stays, and the same command goes on from there",
                words(what)
            ));
        }
        _ => {}
    }
    let Some(Refusal { code, .. }) = error.refusal() else {
        return CliError::internal(words(what));
    };
    if let Some(denied) = deployment.denied().by(code, "") {
        return denied;
    }
    match &**code {
        "NoSuchBucket" => CliError::unavailable(format!(
            "the bucket {bucket} of the deployment {:?} does not exist; run `./deploy` again",
            deployment.name
        )),
        _ => CliError::internal(format!("{} (bucket {bucket})", words(what))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: &str, message: &str, said: Option<&str>) {
        let denied = Denied {
            deployment: "sunday",
            region: "eu-west-1",
        };
        let found = denied.by(code, message).map(|error| error.to_string());
        match (&found, said) {
            (None, None) => {}
            (Some(found), Some(said)) => assert!(found.contains(said), "{found}"),
            _ => panic!("{found:?}"),
        }
    }

    #[test]
    fn who_asks() {
        check(
            "AccessDeniedException",
            "User: arn:… is not authorized",
            Some("sunday-operator-eu-west-1"),
        );
        check("ExpiredTokenException", "", Some("have expired"));
        check(
            "InvalidSignatureException",
            "Signature expired: 20261201T193000Z is now earlier than …",
            Some("clock"),
        );
        check("RequestTimeTooSkewed", "", Some("clock"));
        check("InvalidSignatureException", "", Some("does not fit"));
        check("ThrottlingException", "", None);
    }

    #[test]
    fn no_credentials() {
        let said = |profile| sign_in(&s3::Error::NoCredentials, profile).to_string();
        assert!(said(None).contains("aws configure"));
        assert!(said(Some("work")).contains("profile \"work\""));
    }
}
