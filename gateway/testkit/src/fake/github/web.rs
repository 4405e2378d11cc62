//! The endpoints of the fake GitHub.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State as From},
    response::{IntoResponse as _, Response},
};
use gateway_domain::Token;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Account, Shared, State};
use crate::fake::{Seen, endpoint, keys::encode};

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new().fallback(serve).with_state(shared)
}

async fn serve(From(shared): From<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20)
        .await
        .unwrap_or_default();
    let seen = Seen::new(head.method.clone(), &head.uri, head.headers, &body);
    shared.log.push(seen.clone());
    let path = seen
        .path
        .strip_prefix("/api/v3")
        .unwrap_or(&seen.path)
        .to_owned();
    if path == "/login/oauth/access_token" && head.method == Method::POST {
        let manner = shared.state().script.token.clone();
        return manner.answer(|| redeem(&mut shared.state(), &seen)).await;
    }
    if head.method != Method::GET {
        return StatusCode::NOT_FOUND.into_response();
    }
    if path == "/user" {
        let manner = shared.state().script.user.clone();
        return manner.answer(|| api(&shared, &seen, user)).await;
    }
    if path == "/user/emails" {
        let manner = shared.state().script.emails.clone();
        let emails = |account: &Account| (StatusCode::OK, account.emails.clone());
        return manner.answer(|| api(&shared, &seen, emails)).await;
    }
    if path == "/user/orgs" {
        let manner = shared.state().script.memberships.clone();
        return manner.answer(|| api(&shared, &seen, organizations)).await;
    }
    if let Some(organization) = path.strip_prefix("/user/memberships/orgs/") {
        let manner = shared.state().script.memberships.clone();
        let membership = |account: &Account| membership(account, organization);
        return manner.answer(|| api(&shared, &seen, membership)).await;
    }
    StatusCode::NOT_FOUND.into_response()
}

/// Its errors have status 200.
fn redeem(state: &mut State, seen: &Seen) -> Response {
    let script = &state.script;
    let error = |error: &str| endpoint::json(StatusCode::OK, &json!({ "error": error }));
    if seen.header("accept") != Some("application/json") {
        return StatusCode::NOT_ACCEPTABLE.into_response();
    }
    if seen.field("client_id").as_ref() != Some(&script.client_id)
        || seen.field("client_secret").as_ref() != Some(&script.client_secret)
    {
        return error("incorrect_client_credentials");
    }
    let code = seen.field("code").unwrap_or_default();
    let Some(grant) = state.grants.get_mut(&code).filter(|grant| !grant.used) else {
        return error("bad_verification_code");
    };
    grant.used = true;
    let verifier = seen.field("code_verifier").unwrap_or_default();
    let challenge = encode(&Sha256::digest(verifier.as_bytes()));
    if grant
        .challenge
        .as_ref()
        .is_some_and(|known| *known != challenge)
    {
        return error("bad_verification_code");
    }
    if seen.field("redirect_uri").as_ref() != Some(&grant.redirect_uri) {
        return error("redirect_uri_mismatch");
    }
    let token = format!("gho_{}", Token::generate().expose());
    let reply = json!({
        "access_token": token, "token_type": "bearer", "scope": grant.scope.replace(' ', ","),
    });
    state.bearers.insert(token, grant.account.clone());
    endpoint::json(StatusCode::OK, &reply)
}

/// Answers for the account of the bearer; like GitHub it wants to know who asks.
fn api(
    shared: &Shared,
    seen: &Seen,
    answer: impl FnOnce(&Account) -> (StatusCode, Value),
) -> Response {
    if seen.header("user-agent").is_none() {
        let body = json!({ "message": "Request forbidden by administrative rules." });
        return endpoint::json(StatusCode::FORBIDDEN, &body);
    }
    let state = shared.state();
    let token = seen.header("authorization").and_then(|header| {
        header
            .strip_prefix("Bearer ")
            .or_else(|| header.strip_prefix("token "))
    });
    let Some(account) = token.and_then(|token| state.bearers.get(token)) else {
        let body = json!({ "message": "Bad credentials", "status": "401" });
        return endpoint::json(StatusCode::UNAUTHORIZED, &body);
    };
    let (status, body) = answer(account);
    endpoint::json(status, &body)
}

fn user(account: &Account) -> (StatusCode, Value) {
    let body = json!({
        "id": account.id, "login": account.login, "name": account.name, "email": account.email, "type": "User",
    });
    (StatusCode::OK, body)
}

fn organizations(account: &Account) -> (StatusCode, Value) {
    let active = account
        .organizations
        .iter()
        .filter(|(_, state)| *state == "active");
    let list: Vec<Value> = active.map(|(name, _)| json!({ "login": name })).collect();
    (StatusCode::OK, json!(list))
}

fn membership(account: &Account, organization: &str) -> (StatusCode, Value) {
    let found = account
        .organizations
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(organization));
    match found {
        Some((name, state)) => {
            let body =
                json!({ "state": state, "role": "member", "organization": { "login": name } });
            (StatusCode::OK, body)
        }
        None => (
            StatusCode::NOT_FOUND,
            json!({ "message": "Not Found", "status": "404" }),
        ),
    }
}
