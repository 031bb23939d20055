//! `GET /openapi.json`

use axum::{http::header, response::IntoResponse};

/// The description of this API. A test holds it against the routes, another against the views.
pub(crate) const DOCUMENT: &str = include_str!("../../openapi.json");

/// Serves the description.
pub(crate) async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT)
}
