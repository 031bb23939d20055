//! Where a video lies.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use serde::{Deserialize, Serialize};
use url::Url;

/// The place of a video: `s3://bucket/key`, `https://…` or `file:///…`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SourceUrl {
    /// An object in S3.
    S3 {
        /// The bucket's name.
        bucket: String,
        /// The object's key, as it is (not percent-encoded).
        key: String,
    },
    /// A file on a web server that takes range requests. `http` is for the own machine only; who
    /// opens it decides.
    Web(Url),
    /// A file on this machine, by its absolute path.
    File(PathBuf),
}

/// Why a text is no source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSource {
    /// Not a URL.
    #[error("{0:?} is not a source; give s3://bucket/key, https://… or file:///…")]
    NotAUrl(String),
    /// A scheme that is not read.
    #[error("{0}:// is not read; give s3://bucket/key, https://… or file:///…")]
    Scheme(String),
    /// `s3://` without bucket or key.
    #[error("{0:?} names no object; it looks like s3://bucket/folder/talk.mp4")]
    NoObject(String),
    /// `file://` that is no absolute path of this machine.
    #[error("{0:?} is no file of this machine; it looks like file:///home/me/talk.mp4")]
    NoPath(String),
}

impl SourceUrl {
    /// An object in S3, by bucket and key.
    pub fn s3(bucket: &str, key: &str) -> Result<Self, InvalidSource> {
        let key = key.trim_start_matches('/');
        if bucket.is_empty() || key.is_empty() || bucket.contains('/') {
            return Err(InvalidSource::NoObject(format!("s3://{bucket}/{key}")));
        }
        Ok(Self::S3 {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        })
    }

    /// A file of this machine, by its absolute path.
    pub fn file(path: &Path) -> Result<Self, InvalidSource> {
        if path.is_absolute() && Url::from_file_path(path).is_ok() {
            Ok(Self::File(path.to_owned()))
        } else {
            Err(InvalidSource::NoPath(path.display().to_string()))
        }
    }

    /// The last part of the path, for titles.
    pub fn file_name(&self) -> &str {
        let path = match self {
            Self::S3 { key, .. } => key.as_str(),
            Self::Web(url) => url.path(),
            Self::File(path) => path.to_str().unwrap_or_default(),
        };
        path.trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or_default()
    }
}

impl FromStr for SourceUrl {
    type Err = InvalidSource;

    fn from_str(text: &str) -> Result<Self, InvalidSource> {
        if let Some(object) = text.strip_prefix("s3://") {
            let (bucket, key) = object
                .split_once('/')
                .ok_or_else(|| InvalidSource::NoObject(text.to_owned()))?;
            return Self::s3(bucket, key);
        }
        let url = Url::parse(text).map_err(|_| InvalidSource::NotAUrl(text.to_owned()))?;
        match url.scheme() {
            "https" | "http" if url.host_str().is_some() => Ok(Self::Web(url)),
            "file" => url
                .to_file_path()
                .ok()
                .filter(|path| path.is_absolute() && path.file_name().is_some())
                .map(Self::File)
                .ok_or_else(|| InvalidSource::NoPath(text.to_owned())),
            scheme => Err(InvalidSource::Scheme(scheme.to_owned())),
        }
    }
}

impl TryFrom<String> for SourceUrl {
    type Error = InvalidSource;

    fn try_from(text: String) -> Result<Self, InvalidSource> {
        text.parse()
    }
}

impl From<SourceUrl> for String {
    fn from(source: SourceUrl) -> Self {
        match source {
            SourceUrl::S3 { bucket, key } => format!("s3://{bucket}/{key}"),
            SourceUrl::Web(url) => url.into(),
            // A path that `Url` cannot hold is refused when the value is made.
            SourceUrl::File(path) => Url::from_file_path(&path)
                .map(String::from)
                .unwrap_or_else(|()| format!("file://{}", path.display())),
        }
    }
}

/// For a person: a web address without its query, which often is a signature.
impl fmt::Display for SourceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S3 { bucket, key } => write!(f, "s3://{bucket}/{key}"),
            Self::Web(url) => {
                let mut shown = url.clone();
                shown.set_fragment(None);
                // Credentials in the authority and signatures in the query are secrets too.
                let _ = shown.set_password(None);
                let _ = shown.set_username("");
                if shown.query().is_some() {
                    shown.set_query(Some("…"));
                }
                write!(f, "{}", shown.as_str().replace("%E2%80%A6", "…"))
            }
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, shown: &str) {
        let source: SourceUrl = text.parse().unwrap();
        assert_eq!(source.to_string(), shown);
        assert_eq!(String::from(source.clone()).parse(), Ok(source));
    }

    #[test]
    fn sources_and_what_is_shown_of_them() {
        check("s3://bucket/a b/ü.mp4", "s3://bucket/a b/ü.mp4");
        check("file:///tmp/a%20b.mp4", "/tmp/a b.mp4");
        check("https://h/v.mp4?sig=secret", "https://h/v.mp4?…");
        check("https://user:pass@h/v.mp4", "https://h/v.mp4");
    }

    #[test]
    fn what_is_no_source() {
        let refused = |text: &str| text.parse::<SourceUrl>().unwrap_err();
        assert!(matches!(refused("talk.mp4"), InvalidSource::NotAUrl(_)));
        assert!(matches!(refused("ftp://h/v"), InvalidSource::Scheme(_)));
        assert!(matches!(refused("s3://bucket"), InvalidSource::NoObject(_)));
        assert!(matches!(refused("s3:///key"), InvalidSource::NoObject(_)));
        assert!(matches!(
            refused("file://host/v.mp4"),
            InvalidSource::NoPath(_)
        ));
    }
}
