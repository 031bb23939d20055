//! One request, from the socket to the answer.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::Response,
};
use http::{HeaderMap, StatusCode, header};
use uuid::Uuid;

use super::{
    proof,
    routes::{Routed, Services},
    signature::Authorization,
    wire::{Protocol, name_request},
};
use crate::{clock::Clock, data_dir::Credentials, error::AwsError};

/// DynamoDB's limit, the largest of the services served.
const BODY_LIMIT: usize = 16 << 20;

/// The front door.
pub(crate) struct Front {
    pub(crate) services: Services,
    pub(crate) credentials: Credentials,
    pub(crate) port: u16,
    pub(crate) clock: Clock,
}

impl Front {
    /// Everything that is served on the port.
    pub(crate) fn router(self: Arc<Self>) -> Router {
        Router::new().fallback(serve).with_state(self)
    }

    async fn answer(&self, request: Request, request_id: &str) -> Result<Routed, AwsError> {
        let (parts, body) = request.into_parts();
        check_host(&parts.headers, self.port)?;
        if let Some(answer) = proof::answer(&parts, self.port, &self.credentials) {
            return answer.map(Routed::Service);
        }
        let authorization = Authorization::of(&parts, &self.credentials)?;
        let body = to_bytes(body, BODY_LIMIT).await.map_err(|_| {
            AwsError::new(
                "RequestEntityTooLargeException",
                format!("the body is longer than {BODY_LIMIT} bytes, or ended early"),
            )
            .status(StatusCode::PAYLOAD_TOO_LARGE)
        })?;
        authorization.verify(&parts, &body, &self.credentials, self.clock.now())?;
        self.services
            .route(&authorization.service, parts, body, request_id)
            .await
    }
}

async fn serve(State(front): State<Arc<Front>>, request: Request<Body>) -> Response {
    let request_id = Uuid::new_v4().to_string();
    let (parts, body) = request.into_parts();
    let protocol = Protocol::of(&parts);
    // The path of a call may hold a name that a user chose; its query and body are not logged.
    let target = parts
        .headers
        .get(super::wire::X_AMZ_TARGET)
        .and_then(|target| target.to_str().ok())
        .unwrap_or(parts.uri.path())
        .to_owned();
    let method = parts.method.clone();
    let request = Request::from_parts(parts, body);
    match front.answer(request, &request_id).await {
        Ok(Routed::Service(answer)) => {
            tracing::debug!(%method, target, status = answer.status.as_u16(), "answered");
            answer.into_response(protocol, &request_id)
        }
        Ok(Routed::Hosted(mut response)) => {
            tracing::debug!(%method, target, status = response.status().as_u16(), "answered");
            name_request(response.headers_mut(), &request_id);
            response
        }
        Err(error) => {
            tracing::debug!(%method, target, status = error.status.as_u16(), code = %error.code, "refused");
            protocol.error(&error, &request_id)
        }
    }
}

/// A web page that was led to this port by a name it controls sends that name: DNS rebinding.
fn check_host(headers: &HeaderMap, port: u16) -> Result<(), AwsError> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    let expected = host.is_some_and(|host| {
        host == format!("127.0.0.1:{port}") || host == format!("localhost:{port}")
    });
    if expected && hosts.next().is_none() {
        return Ok(());
    }
    Err(AwsError::new(
        "AccessDeniedException",
        format!("the Host header must be 127.0.0.1:{port} or localhost:{port}"),
    )
    .status(StatusCode::MISDIRECTED_REQUEST))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(hosts: &[&'static str], let_in: bool) {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(header::HOST, HeaderValue::from_static(host));
        }
        assert_eq!(check_host(&headers, 4566).is_ok(), let_in, "{hosts:?}");
    }

    #[test]
    fn only_this_machine_by_its_own_names() {
        check(&["127.0.0.1:4566"], true);
        check(&["localhost:4566"], true);
        check(&[], false);
        check(&["127.0.0.1"], false);
        check(&["127.0.0.1:80"], false);
        check(&["attacker.example:4566"], false);
        check(&["localhost.attacker.example:4566"], false);
        check(&["127.0.0.1:4566", "attacker.example:4566"], false);
    }
}
