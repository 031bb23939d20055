//! An object in S3: ranged reads of it, as [`s3`] signs them.
//!
//! Sending them here, rather than through a client of S3, leaves one path for retries, versions and
//! limits of web servers and S3.

use aws_config::SdkConfig;
use broadcast::aws::words;
use reqwest::{Method, Request, Response, StatusCode};
use s3::{Bucket, Call};

use super::error::{AttemptError, Fault, SourceError};

/// Where an object lies and who asks for it.
#[derive(Debug)]
pub(crate) struct Object {
    bucket: Bucket,
    key: String,
}

impl Object {
    /// Takes what `aws` is missing from the environment.
    pub(crate) async fn new(
        bucket: &str,
        key: &str,
        aws: Option<SdkConfig>,
    ) -> Result<Self, SourceError> {
        let aws = match aws {
            Some(aws) => aws,
            None => broadcast::aws::config().await,
        };
        Ok(Self {
            bucket: Bucket::new(&aws, bucket).map_err(fatal)?,
            key: key.to_owned(),
        })
    }

    /// A signed request for a range; `tag` is the version that it must still have.
    pub(crate) async fn request(
        &self,
        range: &str,
        tag: Option<&str>,
    ) -> Result<Request, AttemptError> {
        let mut call = Call::new(Method::GET, &self.key).header("range", range);
        if let Some(tag) = tag {
            call = call.header("if-match", tag);
        }
        match self.bucket.request(&call).await {
            Ok(request) => Ok(request),
            Err(s3::Error::Credentials(error)) => Err(Fault::Credentials(words(&error)).into()),
            Err(error) => Err(fatal(error).into()),
        }
    }

    /// Whether S3 says that the bucket is in another region; if so, it is asked there from now on.
    pub(crate) fn moved(&self, response: &Response) -> bool {
        self.bucket.moved(response)
    }

    /// What a refusal means.
    pub(crate) async fn refusal(&self, response: Response) -> AttemptError {
        let status = response.status();
        match status {
            StatusCode::PRECONDITION_FAILED => return SourceError::Changed.into(),
            StatusCode::RANGE_NOT_SATISFIABLE => return SourceError::Empty.into(),
            _ => {}
        }
        let refusal = self.bucket.refusal(response).await;
        match &*refusal.code {
            "RequestTimeout" => Fault::Refused(refusal.to_string()).into(),
            _ if refusal.is_about_the_clock() => Fault::Refused(refusal.to_string()).into(),
            _ if refusal.is_about_expiry() => Fault::Credentials(refusal.code).into(),
            "AccessDenied" => SourceError::Refused(
                "S3 answered AccessDenied: these credentials may not read it, or it does not exist"
                    .to_owned(),
            )
            .into(),
            _ => SourceError::Refused(refusal.to_string()).into(),
        }
    }
}

fn fatal(error: s3::Error) -> SourceError {
    match error {
        s3::Error::BucketName => SourceError::NotAnAddress("a bucket of this name"),
        s3::Error::Key => SourceError::NotAnAddress("a key with . or .. as a part"),
        s3::Error::Endpoint => SourceError::NotAnAddress("the configured S3 endpoint"),
        error => SourceError::Refused(words(&error)),
    }
}

#[cfg(test)]
mod tests {
    use aws_config::Region;

    use super::*;

    #[track_caller]
    fn check(request: Result<Request, AttemptError>, wanted: Result<&str, &str>) {
        let found = match request {
            Ok(request) => Ok(request.url().to_string()),
            Err(AttemptError::Fatal(error)) => Err(error.to_string()),
            Err(AttemptError::Passing(fault, _)) => Err(fault.to_string()),
        };
        assert_eq!(found.as_deref().map_err(String::as_str), wanted);
    }

    async fn asked(bucket: &str, key: &str) -> Result<Request, AttemptError> {
        let mut endpoint = broadcast::aws::Endpoint {
            url: "http://127.0.0.1:9000".to_owned(),
            region: "us-east-1".to_owned(),
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "secret".to_owned().into(),
        }
        .config()
        .into_builder();
        endpoint.set_endpoint_url(None);
        let aws = endpoint.region(Region::new("eu-west-1")).build();
        let object = Object::new(bucket, key, Some(aws)).await?;
        object.request("bytes=0-9", None).await
    }

    #[tokio::test]
    async fn where_it_is_asked_for() {
        check(
            asked("talks", "2026/a b.mp4").await,
            Ok("https://talks.s3.eu-west-1.amazonaws.com/2026/a%20b.mp4"),
        );
        check(
            asked("talks", "../other/a.mp4").await,
            Err("a key with . or .. as a part is not an address that can be read"),
        );
        check(
            asked("talks/other", "a.mp4").await,
            Err("a bucket of this name is not an address that can be read"),
        );
    }
}
