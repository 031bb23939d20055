//! Where a bucket and its objects are.

use aws_types::{SdkConfig, service_config::ServiceConfigKey};
use url::Url;

use crate::Error;

/// The region that is asked where none is known; it answers with the right one.
const HOME_REGION: &str = "us-east-1";

/// What a configuration says of S3's addresses.
#[derive(Clone, Debug)]
pub(crate) struct Addressing {
    /// What stands in for S3, asked in path style.
    endpoint: Option<Url>,
    fips: bool,
    dual_stack: bool,
}

impl Addressing {
    /// `AWS_ENDPOINT_URL_S3`, the profile's `services`, `AWS_ENDPOINT_URL`, in this order.
    pub(crate) fn of(sdk: &SdkConfig) -> Result<Self, Error> {
        let key = ServiceConfigKey::builder()
            .service_id("S3")
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build();
        let for_s3 = sdk
            .service_config()
            .zip(key.ok())
            .and_then(|(settings, key)| settings.load_config(key));
        let endpoint = for_s3
            .as_deref()
            .filter(|url| !url.is_empty())
            .or(sdk.endpoint_url())
            .map(Url::parse)
            .transpose()
            .ok()
            .filter(|url| url.as_ref().is_none_or(Url::has_host))
            .ok_or(Error::Endpoint)?;
        Ok(Self {
            endpoint,
            fips: sdk.use_fips().unwrap_or(false),
            dual_stack: sdk.use_dual_stack().unwrap_or(false),
        })
    }

    /// The address of an object, or with an empty key of the bucket.
    pub(crate) fn url(&self, region: &str, bucket: &str, key: &str) -> Result<Url, Error> {
        // URL parsers fold these segments away, which would lead to another object, or bucket.
        if key.split('/').any(|part| matches!(part, "." | "..")) {
            return Err(Error::Key);
        }
        let key = encode(key, "/");
        let url = match &self.endpoint {
            Some(endpoint) => {
                let endpoint = endpoint.as_str().trim_end_matches('/');
                format!("{endpoint}/{bucket}/{key}")
            }
            // A dot would leave the reach of the wildcard certificate.
            None if bucket.contains(['.', '_'])
                || bucket.bytes().any(|byte| byte.is_ascii_uppercase()) =>
            {
                format!("https://{}/{bucket}/{key}", self.host(region))
            }
            None => format!("https://{bucket}.{}/{key}", self.host(region)),
        };
        Url::parse(&url).map_err(|_| Error::Endpoint)
    }

    fn host(&self, region: &str) -> String {
        let service = match self.fips {
            true => "s3-fips",
            false => "s3",
        };
        let dual_stack = match self.dual_stack {
            true => ".dualstack",
            false => "",
        };
        let suffix = match region.starts_with("cn-") {
            true => "amazonaws.com.cn",
            false => "amazonaws.com",
        };
        format!("{service}{dual_stack}.{region}.{suffix}")
    }
}

/// The region in which a configuration looks for a bucket first.
pub(crate) fn region(sdk: &SdkConfig) -> String {
    sdk.region().map_or(HOME_REGION, AsRef::as_ref).to_owned()
}

/// Lets pass what cannot lead to another host or path.
pub(crate) fn check_bucket(name: &str) -> Result<(), Error> {
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    match !name.is_empty() && name.bytes().all(is_fine) && !name.starts_with('.') {
        true => Ok(()),
        false => Err(Error::BucketName),
    }
}

/// Percent-encodes as Signature Version 4 wants it: everything but unreserved characters and
/// `and_not`.
pub(crate) fn encode(text: &str, and_not: &str) -> String {
    use std::fmt::Write;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            byte if and_not.as_bytes().contains(&byte) => encoded.push(char::from(byte)),
            // Writing to a string does not fail.
            _ => _ = write!(encoded, "%{byte:02X}"),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sdk: &SdkConfig, region: &str, bucket: &str, key: &str, wanted: &str) {
        let url = Addressing::of(sdk).unwrap().url(region, bucket, key);
        assert_eq!(url.unwrap().as_str(), wanted);
    }

    #[test]
    fn addresses() {
        let aws = SdkConfig::builder().build();
        check(
            &aws,
            "eu-west-1",
            "talks",
            "2026/a b+ü.mp4",
            "https://talks.s3.eu-west-1.amazonaws.com/2026/a%20b%2B%C3%BC.mp4",
        );
        check(
            &aws,
            "cn-north-1",
            "talks.example.org",
            "a.mp4",
            "https://s3.cn-north-1.amazonaws.com.cn/talks.example.org/a.mp4",
        );
        check(
            &aws,
            "eu-west-1",
            "talks",
            "",
            "https://talks.s3.eu-west-1.amazonaws.com/",
        );
        let both = SdkConfig::builder().use_fips(true).use_dual_stack(true);
        check(
            &both.build(),
            "us-east-2",
            "talks",
            "a",
            "https://talks.s3-fips.dualstack.us-east-2.amazonaws.com/a",
        );
    }

    #[test]
    fn what_stands_in_for_s3() {
        let stand_in = SdkConfig::builder().endpoint_url("http://127.0.0.1:9000/");
        check(
            &stand_in.build(),
            "us-east-1",
            "talks",
            "a.mp4",
            "http://127.0.0.1:9000/talks/a.mp4",
        );
        let nowhere = SdkConfig::builder().endpoint_url("mailto:me").build();
        assert!(matches!(Addressing::of(&nowhere), Err(Error::Endpoint)));
    }

    #[test]
    fn names_that_would_lead_elsewhere() {
        let aws = Addressing::of(&SdkConfig::builder().build()).unwrap();
        for key in ["../other/a.mp4", "a/./b.mp4", "a/.."] {
            assert!(matches!(aws.url("us-east-1", "b", key), Err(Error::Key)));
        }
        for bucket in ["talks/other", "evil.example?x=", ".talks", ""] {
            assert!(check_bucket(bucket).is_err(), "{bucket}");
        }
    }
}
