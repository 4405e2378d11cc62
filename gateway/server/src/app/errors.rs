//! What is answered when no handler does: in the form that the caller reads, without details.

use std::any::Any;

use axum::{
    body::Body,
    extract::Request,
    http::{
        HeaderMap, Method, StatusCode,
        header::{ALLOW, CONTENT_TYPE, RETRY_AFTER},
    },
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use gateway_edge::{Problem, Refusal};

/// What a panic becomes. Its message goes to the log alone.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the signature that CatchPanicLayer asks for"
)]
pub(super) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!(panic = panic_text(&*panic), "a handler panicked");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

/// What a panic says, for the log.
pub(crate) fn panic_text<'a>(panic: &'a (dyn Any + Send + 'static)) -> &'a str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without a message")
}

/// Gives errors that have no form yet (the framework's own and empty ones) the one that the caller reads: problem
/// details under `/api`, a small page elsewhere.
pub(super) async fn dress(request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let is_head = request.method() == Method::HEAD;
    let response = next.run(request).await;
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || has_form(response.headers()) {
        return response;
    }
    let mut dressed = if is_api {
        Problem::new(status, code(status), sentence(status)).into_response()
    } else {
        Refusal::new(status, sentence(status)).into_response()
    };
    for name in [ALLOW, RETRY_AFTER] {
        if let Some(value) = response.headers().get(&name) {
            dressed.headers_mut().insert(name, value.clone());
        }
    }
    if is_head {
        *dressed.body_mut() = Body::empty();
    }
    dressed
}

/// Texts of the framework's extractors are no form: they repeat what was sent.
fn has_form(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| !value.as_bytes().starts_with(b"text/plain"))
}

fn code(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "not_found",
        StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
        StatusCode::REQUEST_TIMEOUT => "request_timeout",
        StatusCode::PAYLOAD_TOO_LARGE => "too_large",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported_media_type",
        _ if status.is_server_error() => "server_error",
        _ => "invalid_request",
    }
}

fn sentence(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "There is nothing at this address.",
        StatusCode::METHOD_NOT_ALLOWED => "This address does not take requests of this method.",
        StatusCode::REQUEST_TIMEOUT => "The request took too long to arrive.",
        StatusCode::PAYLOAD_TOO_LARGE => "The request is too large.",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "The request's content type is not taken here.",
        _ if status.is_server_error() => "Something went wrong on our side.",
        _ => "The request cannot be understood.",
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::to_bytes, middleware::from_fn, routing::get};
    use tower::ServiceExt as _;
    use tower_http::catch_panic::CatchPanicLayer;

    use super::*;

    async fn panics() {
        panic!("canary of a panic");
    }

    async fn ask(method: &str, path: &str) -> (StatusCode, HeaderMap, String) {
        let app = Router::new()
            .route("/api/v1/panics", get(panics))
            .route("/panics", get(panics))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(from_fn(dress));
        let request = Request::builder().method(method).uri(path);
        let request = request.body(Body::empty()).unwrap();
        let response = app.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 10_000).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        (parts.status, parts.headers, text)
    }

    #[tokio::test]
    async fn a_panic_is_a_500_without_details() {
        let (status, headers, body) = ask("GET", "/api/v1/panics").await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(headers[CONTENT_TYPE], "application/problem+json");
        assert!(
            body.contains("server_error") && !body.contains("canary"),
            "{body}"
        );
        let (status, headers, body) = ask("GET", "/panics").await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(headers[CONTENT_TYPE].as_bytes().starts_with(b"text/html"));
        assert!(!body.contains("canary"), "{body}");
    }

    #[tokio::test]
    async fn what_nobody_answers_has_the_form_of_its_side() {
        let (status, headers, body) = ask("GET", "/api/v1/nothing").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(headers[CONTENT_TYPE], "application/problem+json");
        assert!(body.contains("not_found"), "{body}");
        let (status, headers, _) = ask("POST", "/panics").await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(headers[ALLOW], "GET,HEAD");
        let (status, _, body) = ask("HEAD", "/nothing").await;
        assert_eq!((status, body.as_str()), (StatusCode::NOT_FOUND, ""));
    }
}
