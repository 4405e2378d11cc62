//! The token endpoint: codes for tokens.

use std::collections::BTreeMap;

use axum::response::Response;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use gateway_domain::Token;
use http::StatusCode;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use url::form_urlencoded;

use super::{Person, Script, State};
use crate::fake::{
    Seen, endpoint,
    keys::{Key, encode},
};

/// What a code stands for.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    person: Person,
    nonce: Option<String>,
    challenge: Option<String>,
    redirect_uri: String,
    used: bool,
}

impl Grant {
    pub fn new(params: &BTreeMap<String, String>, person: Person) -> Self {
        Self {
            person,
            nonce: params.get("nonce").cloned(),
            challenge: params.get("code_challenge").cloned(),
            redirect_uri: params.get("redirect_uri").cloned().unwrap_or_default(),
            used: false,
        }
    }
}

/// Answers a token request (RFC 6749 §4.1.3) as a proper provider does, but for what the script bends.
pub(super) fn redeem(state: &mut State, seen: &Seen, now: DateTime<Utc>) -> Response {
    if let Err(why) = authenticate(&state.script, seen) {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client", why);
    }
    let script = state.script.clone();
    let code = seen.field("code").unwrap_or_default();
    let Some(grant) = state.grants.get_mut(&code) else {
        return refused(StatusCode::BAD_REQUEST, "invalid_grant", "unknown code");
    };
    if let Err(why) = check(grant, &script, seen) {
        return refused(StatusCode::BAD_REQUEST, "invalid_grant", why);
    }
    grant.used = true;
    let grant = grant.clone();
    let access_token = Token::generate().expose().to_owned();
    state
        .bearers
        .insert(access_token.clone(), grant.person.clone());
    let mut reply = Map::new();
    reply.insert("token_type".to_owned(), json!("Bearer"));
    reply.insert("expires_in".to_owned(), json!(300));
    reply.insert(
        "id_token".to_owned(),
        json!(id_token(&script, &grant, &access_token, now)),
    );
    reply.insert("access_token".to_owned(), json!(access_token));
    if let Some(bend) = &script.token_reply {
        bend(&mut reply);
    }
    endpoint::json(StatusCode::OK, &Value::Object(reply))
}

fn refused(status: StatusCode, error: &str, why: &str) -> Response {
    let body = json!({ "error": error, "error_description": why });
    endpoint::json(status, &body)
}

fn check(grant: &Grant, script: &Script, seen: &Seen) -> Result<(), &'static str> {
    if grant.used && script.codes_are_single_use {
        return Err("the code was used");
    }
    if seen.field("grant_type").as_deref() != Some("authorization_code") {
        return Err("grant_type");
    }
    if seen.field("redirect_uri").as_ref() != Some(&grant.redirect_uri) {
        return Err("redirect_uri");
    }
    let verifier = seen.field("code_verifier").unwrap_or_default();
    let fits = Some(encode(&Sha256::digest(verifier.as_bytes()))) == grant.challenge;
    if script.checks_pkce && !fits {
        return Err("code_verifier");
    }
    Ok(())
}

/// Takes `client_secret_basic` and `client_secret_post`, but not both (RFC 6749 §2.3).
fn authenticate(script: &Script, seen: &Seen) -> Result<(), &'static str> {
    let basic = seen.header("authorization").map(basic);
    let by_body = seen.field("client_secret");
    let (id, secret) = match (basic, by_body) {
        (Some(_), Some(_)) => return Err("two ways at once"),
        (Some(basic), None) => {
            let (id, secret) = basic.ok_or("not Basic")?;
            (Some(id), Some(secret))
        }
        (None, secret) => (seen.field("client_id"), secret),
    };
    if id.as_ref() != Some(&script.client_id) {
        return Err("client_id");
    }
    if secret != script.client_secret {
        return Err("client_secret");
    }
    Ok(())
}

/// Id and secret, each form-encoded before they were joined (RFC 6749 §2.3.1).
fn basic(header: &str) -> Option<(String, String)> {
    let decoded = STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
    let decoded = String::from_utf8(decoded).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((form_decoded(id), form_decoded(secret)))
}

fn form_decoded(text: &str) -> String {
    form_urlencoded::parse(format!("x={text}").as_bytes())
        .map(|(_, value)| value.into_owned())
        .collect()
}

fn id_token(script: &Script, grant: &Grant, access_token: &str, now: DateTime<Utc>) -> String {
    let key = &script.signing_key;
    let mut header = key.header();
    let mut claims = if script.claims_in_id_token {
        grant.person.with_sub()
    } else {
        let mut only_sub = Map::new();
        only_sub.insert("sub".to_owned(), grant.person.sub.clone());
        only_sub
    };
    claims.insert("iss".to_owned(), json!(script.issuer));
    claims.insert("aud".to_owned(), json!(script.client_id));
    claims.insert("iat".to_owned(), json!(now.timestamp()));
    claims.insert("exp".to_owned(), json!(now.timestamp() + 300));
    claims.insert("at_hash".to_owned(), json!(half_hash(key, access_token)));
    if let Some(nonce) = &grant.nonce {
        claims.insert("nonce".to_owned(), json!(nonce));
    }
    if let Some(bend) = &script.id_token {
        bend(&mut header, &mut claims);
    }
    let text = match &script.raw_claims {
        Some(raw) => raw(&claims),
        None => Value::Object(claims).to_string(),
    };
    let token = key.sign(&header, &text);
    if script.break_signature {
        return broken(&token);
    }
    token
}

/// The left half of the hash that the algorithm uses (OpenID Connect Core §3.1.3.6).
fn half_hash(key: &Key, access_token: &str) -> String {
    let bytes = access_token.as_bytes();
    match key.alg() {
        "RS384" | "PS384" | "ES384" | "HS384" => encode(&Sha384::digest(bytes)[..24]),
        "RS512" | "PS512" | "HS512" | "EdDSA" => encode(&Sha512::digest(bytes)[..32]),
        _ => encode(&Sha256::digest(bytes)[..16]),
    }
}

/// The same token with another signature of the same length.
fn broken(token: &str) -> String {
    let (message, signature) = token.rsplit_once('.').expect("three parts");
    let mut letters: Vec<char> = signature.chars().collect();
    let middle = letters.len() / 2;
    letters[middle] = if letters[middle] == 'A' { 'B' } else { 'A' };
    format!("{message}.{}", letters.into_iter().collect::<String>())
}
