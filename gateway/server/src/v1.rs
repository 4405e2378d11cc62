//! `/v1`: the data plane. It stands outside what surrounds the pages and the API: no session, no form, no small body, and no
//! line in the log for every call; the request log has them.

mod answer;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, Method, header::ALLOW},
    response::Response,
    routing::{MethodRouter, any, get, post},
};
use gateway_domain::{RequestId, ledger::Surface};
use gateway_inference::{ClientCall, Plane, Refusal, surface_of};

use self::answer::{answered, guarded};
use crate::metrics::HttpMetrics;

/// What the handlers work with.
#[derive(Clone)]
struct Door {
    plane: Plane,
    metrics: Arc<HttpMetrics>,
}

/// Every route under `/v1`.
pub(crate) fn router(plane: Plane, metrics: Arc<HttpMetrics>) -> Router {
    Router::new()
        .route("/v1/models", reading(get(list)))
        .route("/v1/models/{*id}", reading(get(one)))
        .route("/v1/chat/completions", calling(post(chat)))
        .route("/v1/responses", calling(post(responses)))
        .route("/v1/messages", calling(post(messages)))
        .route("/v1/messages/count_tokens", calling(post(count_tokens)))
        .route("/v1/embeddings", calling(post(embeddings)))
        .route("/v1", any(missing))
        .route("/v1/", any(missing))
        .route("/v1/{*rest}", any(missing))
        .with_state(Door { plane, metrics })
}

fn calling(route: MethodRouter<Door>) -> MethodRouter<Door> {
    route.fallback(async |state, request: Request| refused_method(state, &request, "POST"))
}

fn reading(route: MethodRouter<Door>) -> MethodRouter<Door> {
    route.fallback(async |state, request: Request| refused_method(state, &request, "GET,HEAD"))
}

async fn chat(State(door): State<Door>, request: Request) -> Response {
    door.call(Surface::Chat, request).await
}

async fn responses(State(door): State<Door>, request: Request) -> Response {
    door.call(Surface::Responses, request).await
}

async fn messages(State(door): State<Door>, request: Request) -> Response {
    door.call(Surface::Messages, request).await
}

async fn count_tokens(State(door): State<Door>, request: Request) -> Response {
    door.call(Surface::CountTokens, request).await
}

async fn embeddings(State(door): State<Door>, request: Request) -> Response {
    door.call(Surface::Embeddings, request).await
}

async fn list(State(door): State<Door>, request: Request) -> Response {
    door.list(request, None).await
}

async fn one(State(door): State<Door>, Path(id): Path<String>, request: Request) -> Response {
    door.list(request, Some(&id)).await
}

impl Door {
    async fn call(self, surface: Surface, request: Request) -> Response {
        let id = RequestId::new();
        let (parts, body) = request.into_parts();
        let call = ClientCall {
            id,
            surface,
            query: parts.uri.query().map(ToOwned::to_owned),
            headers: parts.headers,
            body,
        };
        // Boxed: it is large, and every layer of the router would move it.
        let reply = guarded(Box::pin(self.plane.call(call)), surface, id).await;
        answered(reply, &self.metrics)
    }

    async fn list(self, request: Request, model: Option<&str>) -> Response {
        let id = RequestId::new();
        let (headers, query) = (request.headers(), request.uri().query());
        let listing = self.plane.list(id, headers, query, model);
        let reply = guarded(listing, surface_of(headers), id).await;
        answered(reply, &self.metrics)
    }
}

async fn missing(State(door): State<Door>, request: Request) -> Response {
    let surface = surface(request.uri().path(), request.headers());
    let reply = Refusal::not_found().reply(surface, RequestId::new());
    answered(reply, &door.metrics)
}

fn refused_method(State(door): State<Door>, request: &Request, allow: &'static str) -> Response {
    let surface = surface(request.uri().path(), request.headers());
    let is_head = request.method() == Method::HEAD;
    let reply = Refusal::method_not_allowed().reply(surface, RequestId::new());
    let mut response = answered(reply, &door.metrics);
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allow));
    if is_head {
        *response.body_mut() = axum::body::Body::empty();
    }
    response
}

/// In whose shape an error is told.
fn surface(path: &str, headers: &HeaderMap) -> Surface {
    let is_messages = path
        .strip_prefix("/v1/messages")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if is_messages {
        Surface::Messages
    } else {
        surface_of(headers)
    }
}
