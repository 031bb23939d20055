//! How a request to S3 fails.

use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_xml::decode::XmlDecodeError;

use crate::Refusal;

/// Why S3 did not do what it was asked. None of the texts holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No bucket can have this name.
    #[error("no bucket can have this name")]
    BucketName,
    /// A key with `.` or `..` as a part: whatever parses the address would fold it away.
    #[error("a key with . or .. as a part is not asked for")]
    Key,
    /// `AWS_ENDPOINT_URL_S3`, or what stands in its place, is no URL.
    #[error("the configured S3 endpoint is no address")]
    Endpoint,
    /// There are no credentials to be found.
    #[error("there are no AWS credentials in the environment or a profile")]
    NoCredentials,
    /// Credentials that should be there were not given.
    #[error("the AWS credentials cannot be had")]
    Credentials(#[source] CredentialsError),
    /// A value that no HTTP request can hold.
    #[error("the request cannot be signed")]
    Unsigned(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The HTTP client cannot be made.
    #[error("the HTTP client cannot be made")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The connection failed or broke.
    #[error("the connection failed")]
    Connection(#[source] reqwest::Error),
    /// No byte went either way for too long.
    #[error("nothing moved for {:.0} s", .0.as_secs_f64())]
    Stalled(Duration),
    /// S3 said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// An answer that is not what the question asks for.
    #[error("the answer is not understood: {0}")]
    Nonsense(&'static str),
    /// An answer that is no XML.
    #[error("the answer is not understood")]
    Xml(#[source] XmlDecodeError),
    /// The retries were used up.
    #[error("gave up after {attempts} attempts in {:.1} s", .elapsed.as_secs_f64())]
    GaveUp {
        /// Attempts made.
        attempts: u32,
        /// Time from the first to the last.
        elapsed: Duration,
        /// What the last attempt met.
        #[source]
        last: Box<Self>,
    },
}

impl Error {
    /// Whether another attempt may go better.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Connection(_) | Self::Stalled(_) | Self::Credentials(_) => true,
            Self::Refused(refusal) => refusal.may_pass(),
            Self::BucketName
            | Self::Key
            | Self::Endpoint
            | Self::NoCredentials
            | Self::Unsigned(_)
            | Self::Client(_)
            | Self::Nonsense(_)
            | Self::Xml(_)
            | Self::GaveUp { .. } => false,
        }
    }

    /// What S3 answered, at the last attempt if there were several.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::GaveUp { last, .. } => last.refusal(),
            _ => None,
        }
    }
}

impl From<XmlDecodeError> for Error {
    fn from(error: XmlDecodeError) -> Self {
        Self::Xml(error)
    }
}
