//! Whole objects: what is known of one, and sending a small one.

use bytes::Bytes;
use reqwest::{Method, header};

use crate::{Call, Client, Error, Meter};

/// What is known of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectHead {
    /// Bytes in it.
    pub length: u64,
    /// Its entity tag, with its quotes.
    pub etag: Option<String>,
}

impl Client {
    /// What is known of an object; `None` when there is none.
    ///
    /// Whoever may not list the bucket is refused with the status 403 where there is none.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>
    ///
    /// # Errors
    /// [`Error::Refused`], and what any request can meet.
    pub async fn head(&self, key: &str) -> Result<Option<ObjectHead>, Error> {
        let call = Call::new(Method::HEAD, key);
        let head = self
            .send(call, |answer| {
                let text = |name| answer.headers.get(name)?.to_str().ok();
                Ok(ObjectHead {
                    length: text(header::CONTENT_LENGTH)
                        .and_then(|length| length.parse().ok())
                        .ok_or(Error::Nonsense("it has no length"))?,
                    etag: text(header::ETAG).map(str::to_owned),
                })
            })
            .await;
        match head {
            Ok(head) => Ok(Some(head)),
            Err(Error::Refused(refusal)) if refusal.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes an object in one request; `sha256` is the hash of its bytes in hexadecimal.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>
    ///
    /// # Errors
    /// [`Error::Refused`], and what any request can meet.
    pub async fn put(
        &self,
        key: &str,
        content_type: &str,
        body: Bytes,
        sha256: &str,
        meter: &Meter,
    ) -> Result<(), Error> {
        let call = Call::new(Method::PUT, key)
            .header("content-type", content_type)
            .body(body)
            .hashed(sha256);
        self.send_metered(call, meter, |_| Ok(())).await
    }
}
