//! The token endpoint (RFC 6749 §4.1.3, RFC 7636 §4.6, OpenID Connect Core §3.1.3).

use axum::{
    Json,
    extract::{Form, State, rejection::FormRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use gateway_domain::TokenHash;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Grant, Idp, TOKEN_LIFE, claims_of};

#[derive(Deserialize)]
pub(super) struct Exchange {
    #[serde(default)]
    grant_type: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    redirect_uri: String,
    #[serde(default)]
    code_verifier: String,
    client_id: Option<String>,
    client_secret: Option<String>,
}

pub(super) async fn exchange(
    State(idp): State<Idp>,
    headers: HeaderMap,
    form: Result<Form<Exchange>, FormRejection>,
) -> Response {
    let Ok(Form(form)) = form else {
        return refuse("invalid_request");
    };
    if !is_our_client(&idp, &headers, &form) {
        let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"development\"")];
        let error = Json(json!({ "error": "invalid_client" }));
        return (StatusCode::UNAUTHORIZED, challenge, error).into_response();
    }
    if form.grant_type != "authorization_code" {
        return refuse("unsupported_grant_type");
    }
    // The code goes before anything else is looked at: a wrong verifier has no second try.
    let Some(grant) = idp.take_code(&form.code) else {
        return refuse("invalid_grant");
    };
    if form.redirect_uri != idp.0.client.redirect_uri || !is_verified(&grant, &form.code_verifier) {
        return refuse("invalid_grant");
    }
    let Ok(id_token) = idp.0.key.sign(&id_claims(&idp, &grant)) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    Json(json!({
        "access_token": idp.issue_access(grant.person),
        "token_type": "Bearer",
        "expires_in": TOKEN_LIFE.num_seconds(),
        "scope": "openid email profile",
        "id_token": id_token,
    }))
    .into_response()
}

fn id_claims(idp: &Idp, grant: &Grant) -> Value {
    let now = idp.now();
    let mut claims = claims_of(grant.person);
    claims["iss"] = json!(idp.0.issuer);
    claims["aud"] = json!(idp.0.client.id);
    claims["iat"] = json!(now.timestamp());
    claims["auth_time"] = json!(now.timestamp());
    claims["exp"] = json!((now + TOKEN_LIFE).timestamp());
    if let Some(nonce) = &grant.nonce {
        claims["nonce"] = json!(nonce);
    }
    claims
}

/// RFC 7636 §4.1 and §4.6.
fn is_verified(grant: &Grant, verifier: &str) -> bool {
    let length = 43..=128;
    let challenge = URL_SAFE_NO_PAD.encode(TokenHash::of(verifier.as_bytes()).as_bytes());
    length.contains(&verifier.len()) && same(&challenge, &grant.challenge)
}

/// `client_secret_basic` or `client_secret_post`, never both (RFC 6749 §2.3).
fn is_our_client(idp: &Idp, headers: &HeaderMap, form: &Exchange) -> bool {
    let client = &idp.0.client;
    let is_it =
        |id: &str, secret: &str| same(id, &client.id) & same(secret, client.secret.expose());
    match (headers.get(header::AUTHORIZATION), &form.client_secret) {
        (Some(_), Some(_)) | (None, None) => false,
        (None, Some(secret)) => is_it(form.client_id.as_deref().unwrap_or_default(), secret),
        (Some(value), None) => value
            .to_str()
            .ok()
            .and_then(basic)
            .is_some_and(|(id, secret)| is_it(&id, &secret)),
    }
}

/// The id and secret of a Basic header: form-encoded before they were joined (RFC 6749 §2.3.1).
fn basic(value: &str) -> Option<(String, String)> {
    let bytes = STANDARD.decode(value.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((form_decoded(id), form_decoded(secret)))
}

fn form_decoded(text: &str) -> String {
    let pair = format!("x={text}");
    let decoded = url::form_urlencoded::parse(pair.as_bytes()).next();
    decoded.map_or_else(String::new, |(_, value)| value.into_owned())
}

/// Whether two texts are the same, in a time that says nothing of where they differ.
fn same(given: &str, expected: &str) -> bool {
    TokenHash::of(given.as_bytes()).matches(TokenHash::of(expected.as_bytes()).as_bytes())
}

fn refuse(code: &'static str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": code }))).into_response()
}
