//! The tags of an object.

use aws_smithy_xml::{decode::XmlDecodeError, encode::XmlWriter};
use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::Method;

use crate::{Call, Client, Error, xml};

/// Of S3's XML.
pub(crate) const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

impl Client {
    /// The tags of an object: names and values.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectTagging.html>
    ///
    /// # Errors
    /// [`Error::Refused`] with `NoSuchKey` or `AccessDenied`, and what any request can meet.
    pub async fn get_tags(&self, key: &str) -> Result<Vec<(String, String)>, Error> {
        let call = Call::new(Method::GET, key).query("tagging", "");
        self.send(call, |answer| Ok(parse(&answer.body)?)).await
    }

    /// Replaces the tags of an object: those that are not named are gone.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html>
    ///
    /// # Errors
    /// As [`Client::get_tags`].
    pub async fn put_tags(&self, key: &str, tags: &[(String, String)]) -> Result<(), Error> {
        let body = document(tags);
        let call = Call::new(Method::PUT, key)
            .query("tagging", "")
            // One of the few operations that want a checksum beside the signature.
            .header("content-md5", STANDARD.encode(md5::compute(&body).0))
            .header("content-type", "application/xml")
            .body(body);
        self.send(call, |_| Ok(())).await
    }
}

fn parse(body: &[u8]) -> Result<Vec<(String, String)>, XmlDecodeError> {
    xml::read(body, |tagging| {
        let mut tags = Vec::new();
        while let Some(mut set) = tagging.next_tag() {
            while let Some(mut tag) = set.next_tag() {
                let (mut name, mut value) = (None, String::new());
                while let Some(mut element) = tag.next_tag() {
                    match element.start_el().local() {
                        "Key" => name = Some(xml::text(&mut element)?),
                        "Value" => value = xml::text(&mut element)?,
                        _ => {}
                    }
                }
                tags.extend(name.map(|name| (name, value)));
            }
        }
        Ok(tags)
    })
}

fn document(tags: &[(String, String)]) -> String {
    let mut text = String::new();
    let mut writer = XmlWriter::new(&mut text);
    let mut tagging = writer
        .start_el("Tagging")
        .write_ns(NAMESPACE, None)
        .finish();
    let mut set = tagging.start_el("TagSet").finish();
    for (name, value) in tags {
        let mut tag = set.start_el("Tag").finish();
        xml::write(&mut tag, "Key", name);
        xml::write(&mut tag, "Value", value);
    }
    set.finish();
    tagging.finish();
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let tags = [("matinee", "aired"), ("a&b", "<>\"' ü"), ("none", "")];
        let tags = tags.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(parse(document(&tags).as_bytes()).unwrap(), tags);
        assert_eq!(parse(document(&[]).as_bytes()).unwrap(), []);
    }

    #[test]
    fn what_s3_answers_is_read() {
        let body = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Tagging \
            xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><TagSet><Tag><Key>matinee</Key>\
            <Value>aired</Value></Tag></TagSet></Tagging>";
        let tags = parse(body).unwrap();
        assert_eq!(tags, [("matinee".to_owned(), "aired".to_owned())]);
        assert!(parse(b"<Error/>").is_err());
        assert!(parse(b"\xff").is_err());
    }
}
