//! What the API answers when it does not do what was asked: `application/problem+json`, RFC 9457.

use std::fmt::Display;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use broadcast::{Failure, FailureKind};
use serde::{Deserialize, Serialize};
use streamer::check::Finding;

/// The body of an answer that is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Always `about:blank`: the kind tells more than a link would.
    #[serde(rename = "type")]
    pub type_uri: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong and what to do next. Never holds a stream key.
    pub detail: String,
    /// The kind of failure, as everywhere else.
    pub kind: FailureKind,
    /// What is wrong with the video, if that is the problem.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

impl Problem {
    /// 400: the request makes no sense.
    pub(crate) fn bad_request(detail: impl Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, FailureKind::BadRequest, detail)
    }

    /// 404: there is no such thing.
    pub(crate) fn not_found(detail: impl Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, FailureKind::BadRequest, detail)
    }

    /// 409: it would make sense if the broadcast stood elsewhere.
    pub(crate) fn conflict(detail: impl Display) -> Self {
        Self::new(StatusCode::CONFLICT, FailureKind::BadRequest, detail)
    }

    /// 500: ours. What happened goes to the log; the answer says only what could not be done.
    pub(crate) fn internal(failed_to: &'static str, error: impl Display) -> Self {
        tracing::error!(%error, "failed to {failed_to}");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            FailureKind::Internal,
            format!("failed to {failed_to}; the log of the api function has the cause, try again"),
        )
    }

    pub(crate) fn new(status: StatusCode, kind: FailureKind, detail: impl Display) -> Self {
        Self {
            type_uri: "about:blank".to_owned(),
            title: status.canonical_reason().unwrap_or_default().to_owned(),
            status: status.as_u16(),
            detail: detail.to_string(),
            kind,
            findings: Vec::new(),
        }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let status = match failure.kind {
            FailureKind::BadRequest => StatusCode::BAD_REQUEST,
            FailureKind::SourceMissing => StatusCode::NOT_FOUND,
            FailureKind::Superseded => StatusCode::CONFLICT,
            FailureKind::UnsupportedMedia | FailureKind::TokenRejected => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            FailureKind::IngestUnreachable
            | FailureKind::Internal
            | FailureKind::SourceUnreadable
            | FailureKind::Interrupted
            | FailureKind::IngestProtocol => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(error = %failure.message, kind = %failure.kind, "request failed");
        }
        Self::new(status, failure.kind, failure.message)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        response
    }
}
