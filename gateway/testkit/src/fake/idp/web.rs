//! The endpoints of the fake provider.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{Request, State as From},
    response::{IntoResponse as _, Response},
};
use gateway_domain::Clock as _;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::{Shared, discovery, token};
use crate::fake::{Seen, endpoint};

/// One handler, by the end of the path: the issuer may have a path of its own.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new().fallback(serve).with_state(shared)
}

async fn serve(From(shared): From<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 1 << 20)
        .await
        .unwrap_or_default();
    let seen = Seen::new(head.method.clone(), &head.uri, head.headers, &body);
    shared.log.push(seen.clone());
    let path = seen.path.as_str();
    if path.ends_with("/.well-known/openid-configuration") {
        let manner = shared.state().script.discovery.clone();
        return manner.answer(|| document(&shared, &seen)).await;
    }
    if path.ends_with("/jwks") {
        let manner = shared.state().script.jwks.clone();
        return manner.answer(|| keys(&shared)).await;
    }
    if path.ends_with("/token") && head.method == Method::POST {
        let manner = shared.state().script.token.clone();
        return manner.answer(|| redeem(&shared, &seen)).await;
    }
    if path.ends_with("/userinfo") {
        let manner = shared.state().script.userinfo.clone();
        return manner.answer(|| userinfo(&shared, &seen)).await;
    }
    StatusCode::NOT_FOUND.into_response()
}

fn document(shared: &Shared, seen: &Seen) -> Response {
    let host = seen.header(header::HOST.as_str()).unwrap_or_default();
    let document = discovery(&shared.state().script, &format!("http://{host}"));
    endpoint::json(StatusCode::OK, &document)
}

fn keys(shared: &Shared) -> Response {
    let keys = json!({ "keys": shared.state().script.published });
    endpoint::json(StatusCode::OK, &keys)
}

fn redeem(shared: &Shared, seen: &Seen) -> Response {
    let now = shared.clock.now();
    token::redeem(&mut shared.state(), seen, now)
}

fn userinfo(shared: &Shared, seen: &Seen) -> Response {
    let state = shared.state();
    let bearer = seen
        .header("authorization")
        .and_then(|header| header.strip_prefix("Bearer "))
        .and_then(|token| state.bearers.get(token));
    let Some(person) = bearer else {
        let body = json!({ "error": "invalid_token" });
        return endpoint::json(StatusCode::UNAUTHORIZED, &body);
    };
    let mut claims = person.with_sub();
    if let Some(bend) = &state.script.userinfo_reply {
        bend(&mut claims);
    }
    endpoint::json(StatusCode::OK, &Value::Object(claims))
}
