//! Range requests to a web server or to S3.

use std::{ops::Range, sync::Mutex, time::Duration};

use broadcast::aws::words;
use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use reqwest::{Response, header};
use url::Url;

use super::{
    answer::{self, Part, check_status, may_pass},
    blocks::BLOCK_SIZE,
    client::{Clients, classify},
    error::{AttemptError, Fault, SourceError},
    lock,
    object::Object,
    options::{Retry, SourceOptions},
    origin::with_retries,
    signed_address,
    version::Version,
};

const REDIRECTS: usize = 5;

/// A file on a web server, or an object in S3, in the version it had when it was opened.
#[derive(Debug)]
pub(crate) struct WebOrigin {
    asker: Asker,
    version: Version,
}

#[derive(Debug)]
struct Asker {
    clients: Clients,
    target: Target,
    stall_timeout: Duration,
    attempt_timeout: Duration,
}

#[derive(Debug)]
enum Target {
    Page {
        url: Url,
        expires_at: Option<DateTime<Utc>>,
    },
    Object(Box<Object>),
}

impl WebOrigin {
    /// Opens a web address; also says what its first block holds.
    pub(crate) async fn open(
        url: Url,
        options: &SourceOptions,
    ) -> Result<(Self, Bytes), SourceError> {
        let clients = Clients::for_page(options)?;
        let expires_at = signed_address::expires_at(&url);
        Self::open_target(clients, Target::Page { url, expires_at }, options).await
    }

    /// Opens an object in S3.
    pub(crate) async fn open_object(
        bucket: &str,
        key: &str,
        options: &SourceOptions,
    ) -> Result<(Self, Bytes), SourceError> {
        let clients = Clients::for_objects(options)?;
        let object = Object::new(bucket, key, options.aws.clone()).await?;
        Self::open_target(clients, Target::Object(Box::new(object)), options).await
    }

    async fn open_target(
        clients: Clients,
        target: Target,
        options: &SourceOptions,
    ) -> Result<(Self, Bytes), SourceError> {
        let asker = Asker {
            clients,
            target,
            stall_timeout: options.stall_timeout,
            attempt_timeout: options.attempt_timeout,
        };
        // The first block says everything that HEAD would, and signed addresses allow GET only.
        let opened = with_retries(&options.opening, || async {
            let got = Mutex::default();
            match asker.fetch(&(0..BLOCK_SIZE), None, &got).await {
                Ok(version) => Ok((version, got)),
                Err(error) if options.was_read_before => Err(midway(error)),
                Err(error) => Err(error),
            }
        });
        let (version, got) = opened.await?;
        let first = std::mem::take(&mut *lock(&got)).freeze();
        Ok((Self { asker, version }, first))
    }

    /// Bytes in it.
    pub(crate) fn length(&self) -> u64 {
        self.version.length
    }

    /// When its address stops being good, if it is a signed one.
    pub(crate) fn expires_at(&self) -> Option<DateTime<Utc>> {
        match &self.asker.target {
            Target::Page { expires_at, .. } => *expires_at,
            Target::Object(_) => None,
        }
    }

    /// Reads a range; what came before an attempt broke off is not asked for again.
    pub(crate) async fn read(
        &self,
        range: &Range<u64>,
        retry: &Retry,
    ) -> Result<Bytes, SourceError> {
        let wanted = (range.end - range.start) as usize;
        let got = Mutex::new(BytesMut::with_capacity(wanted));
        with_retries(retry, || async {
            let fetched = self.asker.fetch(range, Some(&self.version), &got).await;
            fetched.map_err(midway)
        })
        .await?;
        Ok(std::mem::take(&mut *lock(&got)).freeze())
    }
}

/// What was given before may be given again: a web server that is being restarted answers with
/// almost anything, redirects to nowhere among it, and a resolver does too. The show waits for it
/// as for one that does not answer; what may not be connected to is not connected to meanwhile.
fn midway(error: AttemptError) -> AttemptError {
    match error {
        AttemptError::Fatal(
            error @ (SourceError::Missing(_)
            | SourceError::Refused(_)
            | SourceError::NoRanges
            | SourceError::Address(_)
            | SourceError::PlainHttp
            | SourceError::NotAnAddress(_)
            | SourceError::Redirects(_)),
        ) => Fault::Withdrawn(words(&error)).into(),
        // It has no such range any more.
        AttemptError::Fatal(SourceError::Empty) => SourceError::Changed.into(),
        error => error,
    }
}

impl Asker {
    /// One attempt at what is missing in `got` of a range, in the version that is known, if one is.
    async fn fetch(
        &self,
        range: &Range<u64>,
        known: Option<&Version>,
        got: &Mutex<BytesMut>,
    ) -> Result<Version, AttemptError> {
        tokio::time::timeout(self.attempt_timeout, self.fetch_all(range, known, got))
            .await
            .unwrap_or_else(|_| Err(Fault::Stalled(self.attempt_timeout).into()))
    }

    async fn fetch_all(
        &self,
        range: &Range<u64>,
        known: Option<&Version>,
        got: &Mutex<BytesMut>,
    ) -> Result<Version, AttemptError> {
        let mut known = known.cloned();
        // More than once only where the server sends less at a time, each time at least a byte.
        loop {
            let rest = range.start + lock(got).len() as u64..range.end;
            if let (true, Some(version)) = (rest.is_empty(), &known) {
                return Ok(version.clone());
            }
            let response =
                tokio::time::timeout(self.stall_timeout, self.ask(&rest, known.as_ref()))
                    .await
                    .map_err(|_| Fault::Stalled(self.stall_timeout))??;
            let part = Part::of(&response, &rest)?;
            let version = Version::of(&response, part.length);
            if known.as_ref().is_some_and(|known| !known.may_be(&version)) {
                return Err(SourceError::Changed.into());
            }
            let version = known.get_or_insert(version).clone();
            let wanted = (part.range.end - part.range.start) as usize;
            answer::receive(response, wanted, self.stall_timeout, got).await?;
            if part.range.end >= range.end.min(version.length) {
                return Ok(version);
            }
        }
    }

    /// An answer that holds content.
    async fn ask(
        &self,
        range: &Range<u64>,
        known: Option<&Version>,
    ) -> Result<Response, AttemptError> {
        let tag = known.and_then(Version::strong_tag);
        match &self.target {
            Target::Page { url, expires_at } => {
                let answer = self.ask_page(url, range, tag).await;
                answer.map_err(|error| explain(error, *expires_at))
            }
            Target::Object(object) => self.ask_object(object, range, tag).await,
        }
    }

    async fn ask_page(
        &self,
        url: &Url,
        range: &Range<u64>,
        tag: Option<&str>,
    ) -> Result<Response, AttemptError> {
        let mut url = url.clone();
        for _ in 0..=REDIRECTS {
            let mut request = self
                .clients
                .get(&url)?
                .get(url.clone())
                .header(header::RANGE, range_header(range))
                .header(header::ACCEPT_ENCODING, "identity");
            if let Some(tag) = tag {
                // Not `If-Range`, which would be answered with all of the other version.
                request = request.header(header::IF_MATCH, tag);
            }
            let response = request.send().await.map_err(classify)?;
            if !response.status().is_redirection() {
                return check_status(response);
            }
            url = redirected(&url, &response)?;
        }
        Err(SourceError::Redirects(REDIRECTS).into())
    }

    async fn ask_object(
        &self,
        object: &Object,
        range: &Range<u64>,
        tag: Option<&str>,
    ) -> Result<Response, AttemptError> {
        // Twice at most: a bucket elsewhere says where.
        for _ in 0..2 {
            let request = object.request(&range_header(range), tag).await?;
            let client = self.clients.get(request.url())?;
            let response = client.execute(request).await.map_err(classify)?;
            if object.moved(&response) {
                continue;
            }
            let status = response.status();
            if status.is_success() || status.as_u16() == 404 || may_pass(status) {
                return check_status(response);
            }
            return Err(object.refusal(response).await);
        }
        Err(SourceError::Refused("S3 does not say in which region the bucket is".to_owned()).into())
    }
}

/// A signed address that is refused after its time is refused for good.
fn explain(error: AttemptError, expires_at: Option<DateTime<Utc>>) -> AttemptError {
    match (error, expires_at) {
        (AttemptError::Fatal(SourceError::Refused(_)), Some(at)) if at <= Utc::now() => {
            SourceError::Expired(at).into()
        }
        (error, _) => error,
    }
}

fn redirected(url: &Url, response: &Response) -> Result<Url, SourceError> {
    response
        .headers()
        .get(header::LOCATION)
        .and_then(|location| url.join(location.to_str().ok()?).ok())
        .ok_or(SourceError::NotAnAddress("what the server redirects to"))
}

fn range_header(range: &Range<u64>) -> String {
    format!("bytes={}-{}", range.start, range.end.saturating_sub(1))
}
