//! The routes.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{Method, StatusCode, Uri},
    response::IntoResponse,
    routing::{MethodRouter, get, post, put},
};
use broadcast::FailureKind;

use crate::{
    Api, Problem,
    routes::{cancel, create, key, list, openapi, retry, show, stop},
};

/// The largest body that makes sense: sixteen destinations with keys of 4 KB.
const BODY_LIMIT: usize = 128 * 1024;

/// The API, on whatever hosts it.
pub fn router(api: Api) -> Router {
    routes()
        .into_iter()
        .fold(Router::new(), |router, (path, methods)| {
            router.route(path, methods.fallback(no_method))
        })
        .fallback(no_route)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(api)
}

/// Every path with its methods. A test holds `openapi.json` against it.
fn routes() -> [(&'static str, MethodRouter<Api>); 7] {
    [
        ("/broadcasts", post(create::create).get(list::list)),
        ("/broadcasts/{id}", get(show::show)),
        ("/broadcasts/{id}/cancel", post(cancel::cancel)),
        ("/broadcasts/{id}/stop", post(stop::stop)),
        ("/broadcasts/{id}/retry", post(retry::retry)),
        ("/broadcasts/{id}/keys/{destination}", put(key::set_key)),
        ("/openapi.json", get(openapi::openapi)),
    ]
}

async fn no_route(uri: Uri) -> impl IntoResponse {
    Problem::not_found(format!(
        "there is nothing at {}; GET /openapi.json tells what there is",
        uri.path()
    ))
}

async fn no_method(method: Method, uri: Uri) -> impl IntoResponse {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        FailureKind::BadRequest,
        format!("{method} is not for {}", uri.path()),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use axum::{body::Body, http::Request};
    use serde_json::Value;
    use tower::ServiceExt;

    use super::*;
    use crate::{Config, routes::openapi::DOCUMENT};

    fn nowhere() -> Api {
        let sdk = aws_config::SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .region(aws_config::Region::new("us-east-1"))
            .build();
        let variable = |name: &str| Some(name.to_owned()).filter(|_| name.contains("_ARN"));
        let config = Config::from_variables(|name| match name {
            "SCHEDULE_GROUP" => Some("matinee".to_owned()),
            _ => variable(name),
        });
        Api::new(&sdk, config.unwrap())
    }

    /// The methods of each path, by the document.
    fn documented() -> BTreeMap<String, BTreeSet<String>> {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(path, item)| {
                let methods = item.as_object().unwrap().keys();
                let methods = methods
                    .filter(|key| *key != "parameters")
                    .map(|method| method.to_uppercase());
                (path.clone(), methods.collect())
            })
            .collect()
    }

    async fn status(method: &str, path: &str) -> StatusCode {
        // Bodies and ids that are refused before any AWS is called.
        let path = path.replace("{id}", "no-id").replace("{destination}", "x");
        let path = match (method, &*path) {
            ("GET", "/broadcasts") => "/broadcasts?from=x".to_owned(),
            _ => path,
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(Body::from("{}"))
            .unwrap();
        router(nowhere()).oneshot(request).await.unwrap().status()
    }

    #[test]
    fn the_document_has_the_routes_and_no_others() {
        let documented: BTreeSet<String> = documented().into_keys().collect();
        let routed: BTreeSet<String> = routes()
            .into_iter()
            .map(|(path, _)| path.to_owned())
            .collect();
        assert_eq!(documented, routed);
    }

    #[tokio::test]
    async fn the_document_has_the_methods_and_no_others() {
        for (path, documented) in documented() {
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
                assert_eq!(
                    status(method, &path).await != StatusCode::METHOD_NOT_ALLOWED,
                    documented.contains(method),
                    "{method} {path}"
                );
            }
        }
    }

    #[tokio::test]
    async fn elsewhere_there_is_nothing() {
        assert_eq!(status("GET", "/elsewhere").await, StatusCode::NOT_FOUND);
    }
}
