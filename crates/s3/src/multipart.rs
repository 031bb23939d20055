//! Uploads in parts.

use aws_smithy_xml::{
    decode::{ScopedDecoder, XmlDecodeError},
    encode::XmlWriter,
};
use bytes::Bytes;
use reqwest::{Method, StatusCode, header};

use crate::{Call, Client, Error, Meter, Refusal, tags::NAMESPACE, xml};

/// A part that S3 has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// From 1.
    pub number: u32,
    /// Bytes in it.
    pub size: u64,
    /// Its entity tag, with its quotes as S3 gives it. The MD5 of the part, unless the bucket
    /// encrypts with keys of KMS.
    pub etag: String,
}

/// One page of a list, and where the next one begins.
#[derive(Debug, PartialEq, Eq)]
struct Page<T, Next> {
    items: Vec<T>,
    next: Option<Next>,
}

/// An upload that has begun and was neither completed nor aborted.
#[derive(Debug, PartialEq, Eq)]
struct Begun {
    key: String,
    id: String,
    /// ISO 8601, so that the latest is the greatest.
    initiated: String,
}

impl Client {
    /// Begins an upload in parts; its id.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html>
    ///
    /// # Errors
    /// [`Error::Refused`], and what any request can meet.
    pub async fn create_upload(&self, key: &str, content_type: &str) -> Result<String, Error> {
        let call = Call::new(Method::POST, key)
            .query("uploads", "")
            .header("content-type", content_type);
        self.send(call, |answer| {
            let id = xml::read(&answer.body, |result| child(result, "UploadId"))?;
            id.ok_or(Error::Nonsense("the upload has no id"))
        })
        .await
    }

    /// The ids of the uploads of exactly this key that were begun and not ended, the latest first.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html>
    ///
    /// # Errors
    /// [`Error::Refused`], and what any request can meet.
    pub async fn list_uploads(&self, key: &str) -> Result<Vec<String>, Error> {
        let mut found = Vec::new();
        let mut from: Option<(String, String)> = None;
        loop {
            let mut call = Call::new(Method::GET, "")
                .query("uploads", "")
                .query("prefix", key);
            if let Some((key, id)) = &from {
                call = call.query("key-marker", key).query("upload-id-marker", id);
            }
            let page = self.send(call, |answer| Ok(uploads(&answer.body)?)).await?;
            found.extend(page.items.into_iter().filter(|upload| upload.key == key));
            if page.next.is_none() || page.next == from {
                break;
            }
            from = page.next;
        }
        found.sort_by(|a: &Begun, b| b.initiated.cmp(&a.initiated));
        Ok(found.into_iter().map(|upload| upload.id).collect())
    }

    /// The parts that S3 has of an upload, by their numbers.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html>
    ///
    /// # Errors
    /// [`Error::Refused`] with `NoSuchUpload`, and what any request can meet.
    pub async fn list_parts(&self, key: &str, upload: &str) -> Result<Vec<Part>, Error> {
        let mut found = Vec::new();
        let mut after: Option<u32> = None;
        loop {
            let mut call = Call::new(Method::GET, key).query("uploadId", upload);
            if let Some(after) = after {
                call = call.query("part-number-marker", after);
            }
            let page = self.send(call, |answer| Ok(parts(&answer.body)?)).await?;
            found.extend(page.items);
            // Who gives the same page again has no more to give.
            if page.next <= after {
                return Ok(found);
            }
            after = page.next;
        }
    }

    /// Sends a part, or replaces it; its entity tag. `sha256` is the hash of its bytes in
    /// hexadecimal.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html>
    ///
    /// # Errors
    /// [`Error::Refused`] with `NoSuchUpload`, and what any request can meet.
    pub async fn upload_part(
        &self,
        key: &str,
        upload: &str,
        number: u32,
        body: Bytes,
        sha256: &str,
        meter: &Meter,
    ) -> Result<String, Error> {
        let call = Call::new(Method::PUT, key)
            .query("partNumber", number)
            .query("uploadId", upload)
            .body(body)
            .hashed(sha256);
        self.send_metered(call, meter, |answer| {
            answer
                .headers
                .get(header::ETAG)
                .and_then(|etag| Some(etag.to_str().ok()?.to_owned()))
                .ok_or(Error::Nonsense("the part has no entity tag"))
        })
        .await
    }

    /// Makes an object of parts, by their numbers and entity tags.
    ///
    /// A try whose answer was lost makes the next one answer `NoSuchUpload`.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>
    ///
    /// # Errors
    /// [`Error::Refused`], and what any request can meet.
    pub async fn complete_upload(
        &self,
        key: &str,
        upload: &str,
        parts: &[(u32, String)],
    ) -> Result<(), Error> {
        let call = Call::new(Method::POST, key)
            .query("uploadId", upload)
            .header("content-type", "application/xml")
            .body(list(parts));
        self.send(call, |answer| {
            // It answers 200 before it begins, and an error can follow.
            match xml::error_code(&answer.body) {
                Ok(Some(_)) => Err(Refusal::of(StatusCode::OK, &answer.body).into()),
                Ok(None) => Ok(()),
                Err(_) => Err(Error::Nonsense("it does not say that the object is made")),
            }
        })
        .await
    }

    /// Ends an upload and deletes its parts.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html>
    ///
    /// # Errors
    /// [`Error::Refused`] with `NoSuchUpload`, and what any request can meet.
    pub async fn abort_upload(&self, key: &str, upload: &str) -> Result<(), Error> {
        let call = Call::new(Method::DELETE, key).query("uploadId", upload);
        self.send(call, |_| Ok(())).await
    }
}

/// The text of a child, all of which are read.
fn child(
    element: &mut ScopedDecoder<'_, '_>,
    name: &str,
) -> Result<Option<String>, XmlDecodeError> {
    let mut found = None;
    while let Some(mut child) = element.next_tag() {
        if child.start_el().local() == name {
            found = Some(xml::text(&mut child)?);
        }
    }
    Ok(found)
}

fn uploads(body: &[u8]) -> Result<Page<Begun, (String, String)>, XmlDecodeError> {
    xml::read(body, |list| {
        let mut items = Vec::new();
        let (mut more, mut next_key, mut next_id) = (false, None, None);
        while let Some(mut element) = list.next_tag() {
            match element.start_el().local() {
                "Upload" => items.push(upload(&mut element)?),
                "IsTruncated" => more = xml::text(&mut element)? == "true",
                "NextKeyMarker" => next_key = Some(xml::text(&mut element)?),
                "NextUploadIdMarker" => next_id = Some(xml::text(&mut element)?),
                _ => {}
            }
        }
        let next = next_key.zip(next_id).filter(|_| more);
        Ok(Page { items, next })
    })
}

fn upload(element: &mut ScopedDecoder<'_, '_>) -> Result<Begun, XmlDecodeError> {
    let (mut key, mut id, mut initiated) = (String::new(), String::new(), String::new());
    while let Some(mut child) = element.next_tag() {
        match child.start_el().local() {
            "Key" => key = xml::text(&mut child)?,
            "UploadId" => id = xml::text(&mut child)?,
            "Initiated" => initiated = xml::text(&mut child)?,
            _ => {}
        }
    }
    Ok(Begun { key, id, initiated })
}

fn parts(body: &[u8]) -> Result<Page<Part, u32>, XmlDecodeError> {
    xml::read(body, |list| {
        let mut items = Vec::new();
        let (mut more, mut next) = (false, None);
        while let Some(mut element) = list.next_tag() {
            match element.start_el().local() {
                "Part" => items.push(part(&mut element)?),
                "IsTruncated" => more = xml::text(&mut element)? == "true",
                "NextPartNumberMarker" => next = xml::number(&mut element).ok(),
                _ => {}
            }
        }
        let next = next.filter(|_| more);
        Ok(Page { items, next })
    })
}

fn part(element: &mut ScopedDecoder<'_, '_>) -> Result<Part, XmlDecodeError> {
    let (mut number, mut size, mut etag) = (0, 0, String::new());
    while let Some(mut child) = element.next_tag() {
        match child.start_el().local() {
            "PartNumber" => number = xml::number(&mut child)?,
            "Size" => size = xml::number(&mut child)?,
            "ETag" => etag = xml::text(&mut child)?,
            _ => {}
        }
    }
    Ok(Part { number, size, etag })
}

fn list(parts: &[(u32, String)]) -> String {
    let mut text = String::new();
    let mut writer = XmlWriter::new(&mut text);
    let mut upload = writer
        .start_el("CompleteMultipartUpload")
        .write_ns(NAMESPACE, None)
        .finish();
    for (number, etag) in parts {
        let mut part = upload.start_el("Part").finish();
        xml::write(&mut part, "PartNumber", &number.to_string());
        xml::write(&mut part, "ETag", etag);
    }
    upload.finish();
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_uploads() {
        let body = b"<?xml version=\"1.0\"?><ListMultipartUploadsResult xmlns=\"http://s3/\">\
            <Bucket>b</Bucket><IsTruncated>true</IsTruncated><NextKeyMarker>k2</NextKeyMarker>\
            <NextUploadIdMarker>i2</NextUploadIdMarker>\
            <Upload><Key>a&amp;b</Key><UploadId>i1</UploadId><Initiator><ID>x</ID></Initiator>\
            <Initiated>2026-11-23T12:00:00.000Z</Initiated></Upload>\
            </ListMultipartUploadsResult>";
        let page = uploads(body).unwrap();
        assert_eq!(page.next, Some(("k2".to_owned(), "i2".to_owned())));
        assert_eq!(page.items[0].key, "a&b");
        assert_eq!(page.items[0].id, "i1");
    }

    #[test]
    fn lists_of_parts() {
        let body = |more: &str| {
            format!(
                "<ListPartsResult><PartNumberMarker>0</PartNumberMarker>\
                 <NextPartNumberMarker>7</NextPartNumberMarker><IsTruncated>{more}</IsTruncated>\
                 <Part><PartNumber>7</PartNumber><ETag>&quot;e7&quot;</ETag><Size>5</Size></Part>\
                 </ListPartsResult>"
            )
        };
        let seventh = Part {
            number: 7,
            size: 5,
            etag: "\"e7\"".to_owned(),
        };
        let page = parts(body("true").as_bytes()).unwrap();
        assert_eq!((page.items, page.next), (vec![seventh], Some(7)));
        assert_eq!(parts(body("false").as_bytes()).unwrap().next, None);
    }

    #[test]
    fn what_completes_an_upload() {
        assert_eq!(
            list(&[(1, "\"e1\"".to_owned())]),
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part>\
             <PartNumber>1</PartNumber><ETag>&quot;e1&quot;</ETag></Part>\
             </CompleteMultipartUpload>"
        );
    }
}
