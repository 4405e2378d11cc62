//! What the gateway is compared with: handlers of the same framework that do only what cannot be left out.

use axum::{
    Router,
    extract::{RawQuery, State},
    http::{StatusCode, header},
    response::Redirect,
    routing::get,
};
use gateway_testkit::FakeIdp;
use url::form_urlencoded::{Serializer, parse};

use crate::Error;

/// `GET /bare` answers two letters.
pub fn bare() -> Router {
    Router::new().route("/bare", get(async || "ok"))
}

/// The pair of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const REDIRECT: &str = "https://gateway.test/bare/callback";

#[derive(Clone)]
struct Exchange {
    client: reqwest::Client,
    authorization: String,
    token: String,
}

/// A sign-in that believes everything: the same two redirects and the same call of the provider for the code, but no
/// check, no database and no session.
pub fn credulous(idp: &FakeIdp) -> Result<Router, Error> {
    let query = Serializer::new(String::new())
        .append_pair("redirect_uri", REDIRECT)
        .append_pair("state", "of-nobody")
        .append_pair("nonce", "of-nobody")
        .append_pair("code_challenge", CHALLENGE)
        .finish();
    let state = Exchange {
        client: reqwest::Client::builder().no_proxy().build()?,
        authorization: idp.url(&format!("/authorize?{query}")),
        token: idp.url("/token"),
    };
    let start = async |State(state): State<Exchange>| Redirect::to(&state.authorization);
    Ok(Router::new()
        .route("/bare/start", get(start))
        .route("/bare/callback", get(callback))
        .with_state(state))
}

async fn callback(
    State(state): State<Exchange>,
    RawQuery(query): RawQuery,
) -> Result<Redirect, StatusCode> {
    let query = query.unwrap_or_default();
    let code = parse(query.as_bytes()).find(|(name, _)| name == "code");
    let (_, code) = code.ok_or(StatusCode::BAD_REQUEST)?;
    let form = Serializer::new(String::new())
        .append_pair("grant_type", "authorization_code")
        .append_pair("code", &code)
        .append_pair("redirect_uri", REDIRECT)
        .append_pair("code_verifier", VERIFIER)
        .append_pair("client_id", FakeIdp::CLIENT_ID)
        .append_pair("client_secret", FakeIdp::CLIENT_SECRET)
        .finish();
    let request = state
        .client
        .post(&state.token)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(form);
    let answer = request.send().await.map_err(|_| StatusCode::BAD_GATEWAY)?;
    let answer = answer
        .error_for_status()
        .map_err(|_| StatusCode::BAD_GATEWAY)?;
    let tokens = answer.bytes().await.map_err(|_| StatusCode::BAD_GATEWAY)?;
    serde_json::from_slice::<serde_json::Value>(&tokens).map_err(|_| StatusCode::BAD_GATEWAY)?;
    Ok(Redirect::to("/admin"))
}
