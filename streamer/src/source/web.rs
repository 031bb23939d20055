//! Range requests to a web server or to S3.

use std::{ops::Range, time::Duration};

use bytes::{Bytes, BytesMut};
use reqwest::{Response, StatusCode, header};
use url::Url;

use super::{
    blocks::BLOCK_SIZE,
    client::{Clients, classify},
    error::{AttemptError, Fault, SourceError},
    object::Object,
    options::SourceOptions,
    origin::with_retries,
};

const REDIRECTS: usize = 5;

/// A file on a web server, or an object in S3, in the version it had when it was opened.
#[derive(Debug)]
pub(crate) struct WebOrigin {
    asker: Asker,
    version: Version,
}

/// What must stay the same while it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Version {
    length: u64,
    /// The entity tag or, without one, the time of the last change.
    tag: Option<String>,
}

#[derive(Debug)]
struct Asker {
    clients: Clients,
    target: Target,
    attempt_timeout: Duration,
}

#[derive(Debug)]
enum Target {
    Page(Url),
    Object(Box<Object>),
}

impl WebOrigin {
    /// Opens a web address; also says how long the file is and what its first block holds.
    pub(crate) async fn open(
        url: Url,
        options: &SourceOptions,
    ) -> Result<(Self, u64, Bytes), SourceError> {
        let clients = Clients::for_page(options)?;
        Self::open_target(clients, Target::Page(url), options).await
    }

    /// Opens an object in S3.
    pub(crate) async fn open_object(
        bucket: &str,
        key: &str,
        options: &SourceOptions,
    ) -> Result<(Self, u64, Bytes), SourceError> {
        let clients = Clients::for_objects(options)?;
        let object = Object::new(bucket, key, options.aws.clone()).await?;
        Self::open_target(clients, Target::Object(Box::new(object)), options).await
    }

    async fn open_target(
        clients: Clients,
        target: Target,
        options: &SourceOptions,
    ) -> Result<(Self, u64, Bytes), SourceError> {
        let asker = Asker {
            clients,
            target,
            attempt_timeout: options.attempt_timeout,
        };
        // The first block says everything that HEAD would, and signed addresses allow GET only.
        let (version, first) =
            with_retries(&options.retry, || asker.ask(0..BLOCK_SIZE, None)).await?;
        let length = version.length;
        Ok((Self { asker, version }, length, first))
    }

    pub(crate) async fn read(&self, range: Range<u64>) -> Result<Bytes, AttemptError> {
        let (version, bytes) = self.asker.ask(range, self.version.tag.as_deref()).await?;
        if version == self.version {
            Ok(bytes)
        } else {
            Err(SourceError::Changed.into())
        }
    }
}

impl Asker {
    async fn ask(
        &self,
        range: Range<u64>,
        tag: Option<&str>,
    ) -> Result<(Version, Bytes), AttemptError> {
        let answer = async {
            let response = match &self.target {
                Target::Page(url) => self.ask_page(url, &range).await?,
                Target::Object(object) => self.ask_object(object, &range, tag).await?,
            };
            partial_content(response, &range).await
        };
        tokio::time::timeout(self.attempt_timeout, answer)
            .await
            .unwrap_or_else(|_| Err(Fault::Stalled(self.attempt_timeout).into()))
    }

    async fn ask_page(&self, url: &Url, range: &Range<u64>) -> Result<Response, AttemptError> {
        let mut url = url.clone();
        for _ in 0..=REDIRECTS {
            let response = self
                .clients
                .get(&url)?
                .get(url.clone())
                .header(header::RANGE, range_header(range))
                .header(header::ACCEPT_ENCODING, "identity")
                .send()
                .await
                .map_err(classify)?;
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
            if status.is_success() || status == StatusCode::NOT_FOUND || status.is_server_error() {
                return check_status(response);
            }
            return Err(object.refusal(response).await);
        }
        Err(SourceError::Refused("S3 does not say in which region the bucket is".to_owned()).into())
    }
}

fn redirected(url: &Url, response: &Response) -> Result<Url, SourceError> {
    response
        .headers()
        .get(header::LOCATION)
        .and_then(|location| url.join(location.to_str().ok()?).ok())
        .ok_or(SourceError::NotAnAddress("what the server redirects to"))
}

/// Lets pass what holds content.
fn check_status(response: Response) -> Result<Response, AttemptError> {
    let status = response.status();
    match status {
        StatusCode::PARTIAL_CONTENT => Ok(response),
        status if status.is_success() => Err(SourceError::NoRanges.into()),
        StatusCode::NOT_FOUND | StatusCode::GONE => {
            Err(SourceError::Missing("there is nothing at this address").into())
        }
        StatusCode::PRECONDITION_FAILED => Err(SourceError::Changed.into()),
        // An empty file has no first byte; one that got shorter has no such range.
        StatusCode::RANGE_NOT_SATISFIABLE => Err(match total_length(&response) {
            Some(0) => SourceError::Empty.into(),
            _ => SourceError::Changed.into(),
        }),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Err(Fault::Status(status.as_u16()).into())
        }
        status if status.is_server_error() => Err(Fault::Status(status.as_u16()).into()),
        status => Err(SourceError::Refused(format!("the server refuses it ({status})")).into()),
    }
}

/// Reads the answer to a range request, which holds what was asked for or, at the end, less.
async fn partial_content(
    mut response: Response,
    range: &Range<u64>,
) -> Result<(Version, Bytes), AttemptError> {
    let length = total_length(&response).ok_or(Fault::Nonsense("no length in Content-Range"))?;
    let start = content_range(&response).map(|(start, _)| start);
    if start != Some(range.start.to_string().as_str()) {
        return Err(Fault::Nonsense("another range than asked for").into());
    }
    let wanted = (range.end.min(length).saturating_sub(range.start)) as usize;
    // No more than a block, whatever the answer says.
    let mut bytes = BytesMut::with_capacity(wanted);
    while let Some(chunk) = response.chunk().await.map_err(classify)? {
        if bytes.len() + chunk.len() > wanted {
            return Err(Fault::Nonsense("more bytes than asked for").into());
        }
        bytes.extend_from_slice(&chunk);
    }
    if bytes.len() < wanted {
        let got = bytes.len();
        return Err(Fault::Short { got, wanted }.into());
    }
    let version = Version {
        length,
        tag: tag(&response),
    };
    Ok((version, bytes.freeze()))
}

fn range_header(range: &Range<u64>) -> String {
    format!("bytes={}-{}", range.start, range.end.saturating_sub(1))
}

/// `bytes START-END/LENGTH` as (START, LENGTH).
fn content_range(response: &Response) -> Option<(&str, &str)> {
    let value = response
        .headers()
        .get(header::CONTENT_RANGE)?
        .to_str()
        .ok()?;
    let (range, length) = value.strip_prefix("bytes ")?.split_once('/')?;
    let start = range.split_once('-').map_or(range, |(start, _)| start);
    Some((start.trim(), length.trim()))
}

fn total_length(response: &Response) -> Option<u64> {
    content_range(response)?.1.parse().ok()
}

fn tag(response: &Response) -> Option<String> {
    let headers = response.headers();
    headers
        .get(header::ETAG)
        .or_else(|| headers.get(header::LAST_MODIFIED))
        .and_then(|value| Some(value.to_str().ok()?.to_owned()))
}
