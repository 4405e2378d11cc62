//! The development identity provider: a real OIDC provider for one client on one machine.
//!
//! It asks nobody for a password, which is why it exists in the demo alone: this module is private to it, and `serve`
//! has no way to reach it. Everything else is as a provider must do it (OpenID Connect Core, RFC 7636, RFC 9207), so
//! that the gateway's side of the round trip is the real one.

mod authorize;
mod key;
mod page;
mod token;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use chrono::{DateTime, TimeDelta, Utc};
use gateway_domain::{Clock, Secret, Token};
use serde_json::{Value, json};

use self::key::SigningKey;
use super::people::Person;

/// How long a code may be exchanged.
const CODE_LIFE: TimeDelta = TimeDelta::seconds(60);
/// How long an ID token and an access token are good.
const TOKEN_LIFE: TimeDelta = TimeDelta::minutes(5);
/// More pending codes or tokens than this and the oldest are forgotten.
const MOST_PENDING: usize = 1_000;

/// The one client that the provider knows.
#[derive(Clone)]
pub(super) struct Client {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: Secret,
    /// The one address that browsers are sent back to, compared byte by byte.
    pub redirect_uri: String,
    /// The origin of that address, to which the page's form may lead.
    pub origin: String,
}

/// A provider. Cheap to clone.
#[derive(Clone)]
pub(super) struct Idp(Arc<Inner>);

struct Inner {
    issuer: String,
    /// `host:port` of the issuer: requests under another name are none of ours.
    authority: String,
    client: Client,
    key: SigningKey,
    clock: Arc<dyn Clock>,
    codes: Mutex<HashMap<String, Grant>>,
    access: Mutex<HashMap<String, Access>>,
}

/// What a code was given for.
struct Grant {
    person: Person,
    nonce: Option<String>,
    challenge: String,
    expires_at: DateTime<Utc>,
}

/// What an access token was given for.
struct Access {
    person: Person,
    expires_at: DateTime<Utc>,
}

impl Idp {
    /// A provider at `http://{authority}/dev`, with a key made now.
    pub(super) fn new(
        authority: String,
        client: Client,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, String> {
        Ok(Self(Arc::new(Inner {
            issuer: issuer(&authority),
            authority,
            client,
            key: SigningKey::generate()?,
            clock,
            codes: Mutex::default(),
            access: Mutex::default(),
        })))
    }

    /// Its routes, all under `/dev`.
    pub(super) fn router(self) -> Router {
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/authorize", get(authorize::show).post(authorize::choose))
            .route("/token", post(token::exchange))
            .route("/userinfo", get(userinfo).post(userinfo));
        Router::new()
            .nest("/dev", routes)
            .layer(axum::extract::DefaultBodyLimit::max(16 * 1024))
            .layer(middleware::from_fn_with_state(self.clone(), guard))
            .with_state(self)
    }

    fn now(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }

    fn codes(&self) -> MutexGuard<'_, HashMap<String, Grant>> {
        self.0.codes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn access(&self) -> MutexGuard<'_, HashMap<String, Access>> {
        self.0.access.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a grant under a fresh code.
    fn issue_code(&self, person: Person, nonce: Option<String>, challenge: String) -> String {
        let now = self.now();
        let mut codes = self.codes();
        codes.retain(|_, grant| grant.expires_at > now);
        if codes.len() >= MOST_PENDING {
            codes.clear();
        }
        let code = Token::generate().expose().to_owned();
        let expires_at = now + CODE_LIFE;
        let grant = Grant {
            person,
            nonce,
            challenge,
            expires_at,
        };
        codes.insert(code.clone(), grant);
        code
    }

    /// Takes the grant of a code, once, whatever comes of it.
    fn take_code(&self, code: &str) -> Option<Grant> {
        let grant = self.codes().remove(code)?;
        (grant.expires_at > self.now()).then_some(grant)
    }

    /// Keeps a person under a fresh access token.
    fn issue_access(&self, person: Person) -> String {
        let now = self.now();
        let mut access = self.access();
        access.retain(|_, access| access.expires_at > now);
        if access.len() >= MOST_PENDING {
            access.clear();
        }
        let token = Token::generate().expose().to_owned();
        let expires_at = now + TOKEN_LIFE;
        access.insert(token.clone(), Access { person, expires_at });
        token
    }
}

/// The issuer of a provider at this host and port.
pub(super) fn issuer(authority: &str) -> String {
    format!("http://{authority}/dev")
}

/// OpenID Connect Discovery 1.0 §3.
async fn discovery(State(idp): State<Idp>) -> Json<Value> {
    let issuer = &idp.0.issuer;
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/jwks"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "email", "profile"],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "nonce", "email", "email_verified", "name"],
        "authorization_response_iss_parameter_supported": true,
        "service_documentation": "Development identity provider of `gateway demo`. Never for production.",
    }))
}

async fn jwks(State(idp): State<Idp>) -> Json<Value> {
    Json(json!({ "keys": [idp.0.key.public()] }))
}

/// OpenID Connect Core §5.3.
async fn userinfo(State(idp): State<Idp>, headers: HeaderMap) -> Response {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let now = idp.now();
    let person = token.and_then(|token| {
        let access = idp.access();
        let access = access.get(token)?;
        (access.expires_at > now).then_some(access.person)
    });
    match person {
        Some(person) => Json(claims_of(person)).into_response(),
        None => (
            StatusCode::UNAUTHORIZED,
            [(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")],
        )
            .into_response(),
    }
}

fn claims_of(person: Person) -> Value {
    json!({
        "sub": person.subject,
        "email": person.email,
        "email_verified": true,
        "name": person.name,
    })
}

/// Answers only under our own name, so that no page elsewhere reaches us by a name of its own (DNS rebinding), and
/// keeps every answer out of caches and frames.
async fn guard(State(idp): State<Idp>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST);
    let is_ours = host.is_some_and(|host| host.as_bytes() == idp.0.authority.as_bytes());
    let mut response = if is_ours {
        next.run(request).await
    } else {
        StatusCode::MISDIRECTED_REQUEST.into_response()
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'",
        ));
    response
}
