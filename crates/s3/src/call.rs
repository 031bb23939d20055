//! What is asked of S3, before it is signed.

use bytes::Bytes;
use reqwest::Method;
use ring::digest;

/// One request, but for who asks, where and when.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) key: &'a str,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
    sha256: Option<String>,
}

impl<'a> Call<'a> {
    /// A request for an object, or with an empty key for the bucket.
    pub fn new(method: Method, key: &'a str) -> Self {
        Self {
            method,
            key,
            query: Vec::new(),
            headers: Vec::new(),
            body: Bytes::new(),
            sha256: None,
        }
    }

    /// A header, which is signed too. Its name is in lower case.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// A parameter of the query.
    pub(crate) fn query(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// The hash of the body, where it is known: each attempt would compute it.
    pub(crate) fn hashed(mut self, sha256: &str) -> Self {
        self.sha256 = Some(sha256.to_owned());
        self
    }

    pub(crate) fn sha256(&self) -> String {
        self.sha256.clone().unwrap_or_else(|| sha256(&self.body))
    }
}

/// The hash under which a body is signed, in hexadecimal.
pub(crate) fn sha256(body: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, body))
}
