//! Requests signed by the SDK's own signer, and spoilt after that.

use std::time::{Duration, SystemTime};

use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign},
    sign::v4,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::Region;

/// A request that can be spoilt between signing and sending.
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

pub(crate) struct Signing {
    pub(crate) service: &'static str,
    pub(crate) region: &'static str,
    pub(crate) time: SystemTime,
    pub(crate) presigned: bool,
    pub(crate) unsigned_payload: bool,
    pub(crate) secret: Option<&'static str>,
    pub(crate) access_key: Option<&'static str>,
}

impl Signing {
    pub(crate) fn for_service(service: &'static str) -> Self {
        Self {
            service,
            region: "us-east-1",
            time: SystemTime::now(),
            presigned: false,
            unsigned_payload: false,
            secret: None,
            access_key: None,
        }
    }
}

impl Request {
    pub(crate) fn new(method: &'static str, path: &str, body: &str) -> Self {
        Self {
            method,
            path: path.to_owned(),
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn sign(mut self, region: &Region, signing: &Signing) -> Self {
        self = self.header("host", &authority(region));
        let ours = region.credentials();
        let credentials = aws_credential_types::Credentials::new(
            signing.access_key.unwrap_or(ours.access_key_id()),
            signing.secret.unwrap_or(ours.secret_access_key()),
            None,
            None,
            "test",
        )
        .into();
        let mut settings = SigningSettings::default();
        if signing.presigned {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = Some(Duration::from_secs(60));
        }
        let parameters = v4::SigningParams::builder()
            .identity(&credentials)
            .region(signing.region)
            .name(signing.service)
            .time(signing.time)
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let body = if signing.unsigned_payload {
            SignableBody::UnsignedPayload
        } else {
            SignableBody::Bytes(&self.body)
        };
        if signing.unsigned_payload {
            self.headers.push((
                "x-amz-content-sha256".to_owned(),
                "UNSIGNED-PAYLOAD".to_owned(),
            ));
        }
        let url = format!("{}{}", region.endpoint, self.path);
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let signable = SignableRequest::new(self.method, url, headers, body).unwrap();
        let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
        let (headers, query) = instructions.into_parts();
        for header in headers {
            let header = (header.name().to_owned(), header.value().to_owned());
            if !self.headers.contains(&header) {
                self.headers.push(header);
            }
        }
        for (name, value) in query {
            let separator = if self.path.contains('?') { '&' } else { '?' };
            self.path = format!("{}{separator}{name}={value}", self.path);
        }
        self
    }

    /// The status and the whole answer, headers in front.
    pub(crate) async fn send(&self, region: &Region) -> (u16, String) {
        let mut text = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!(
            "content-length: {}\r\nconnection: close\r\n\r\n",
            self.body.len()
        ));
        let mut stream = TcpStream::connect(authority(region)).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream.write_all(&self.body).await.unwrap();
        let mut answer = Vec::new();
        // A request that is refused early may be cut off while we still write.
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).unwrap_or("0").parse().unwrap();
        (status, answer)
    }
}

pub(crate) fn authority(region: &Region) -> String {
    region.endpoint.strip_prefix("http://").unwrap().to_owned()
}
