//! How answers and errors look in each of the AWS protocols.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};
use serde_json::Value;

use crate::error::AwsError;

const X_AMZN_ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const X_AMZN_REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
/// The target of a JSON protocol call: `AmazonSSM.GetParameter`.
pub(super) const X_AMZ_TARGET: &str = "x-amz-target";

/// The protocol a request came in, so that even its refusal can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// `X-Amz-Target` and JSON, with this content type.
    Json(&'static str),
    /// Paths, methods and JSON.
    RestJson,
    /// Forms in, XML out.
    Query,
}

impl Protocol {
    pub(super) fn of(parts: &Parts) -> Self {
        let content_type = parts
            .headers
            .get(header::CONTENT_TYPE)
            .map_or(&b""[..], HeaderValue::as_bytes);
        if parts.headers.contains_key(X_AMZ_TARGET) {
            Self::Json(if content_type.ends_with(b"json-1.0") {
                "application/x-amz-json-1.0"
            } else {
                "application/x-amz-json-1.1"
            })
        } else if content_type.starts_with(b"application/x-www-form-urlencoded") {
            Self::Query
        } else {
            Self::RestJson
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Json(content_type) => content_type,
            Self::RestJson => "application/json",
            Self::Query => "text/xml",
        }
    }

    pub(super) fn error(self, error: &AwsError, request_id: &str) -> Response {
        let body = match self {
            Self::Json(_) | Self::RestJson => error.body().to_string(),
            Self::Query => crate::query::error(error, request_id),
        };
        let mut answer = Answer::new(error.status, body);
        if let Ok(code) = HeaderValue::from_str(&error.code) {
            answer.headers.insert(X_AMZN_ERROR_TYPE, code);
        }
        answer.into_response(self, request_id)
    }
}

/// What a service answers.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn new(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: body.into(),
        }
    }

    pub(crate) fn json(value: &Value) -> Self {
        Self::new(StatusCode::OK, value.to_string())
    }

    pub(super) fn into_response(self, protocol: Protocol, request_id: &str) -> Response {
        let mut response = (self.status, Body::from(self.body)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(protocol.content_type()),
        );
        headers.extend(self.headers);
        name_request(headers, request_id);
        response
    }
}

/// Adds the request's id, which the SDKs show in their errors.
pub(super) fn name_request(headers: &mut HeaderMap, request_id: &str) {
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(X_AMZN_REQUEST_ID, id);
    }
}
