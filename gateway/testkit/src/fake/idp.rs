//! An OpenID provider that does what its script says.

mod person;
mod script;
mod token;
mod web;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use gateway_domain::{FixedClock, Token};
use serde_json::{Map, Value, json};
use url::Url;

pub use person::Person;
pub use script::{Iss, Script};

use self::token::Grant;
use super::{Log, callback::Callback, keys::Key, server::Listener};

/// An OpenID provider on loopback. It shares the gateway's clock. Clones are the same provider.
#[derive(Clone)]
pub struct FakeIdp(Arc<Inner>);

struct Inner {
    listener: Listener,
    shared: Arc<Shared>,
}

/// What the endpoints work with.
struct Shared {
    clock: FixedClock,
    log: Log,
    state: Mutex<State>,
}

struct State {
    script: Script,
    /// By code.
    grants: BTreeMap<String, Grant>,
    /// Whose access token it is.
    bearers: BTreeMap<String, Person>,
    /// What browsers were sent with, oldest first.
    authorizations: Vec<BTreeMap<String, String>>,
}

impl FakeIdp {
    /// Our name at this provider, unless the script says otherwise.
    pub const CLIENT_ID: &'static str = "gateway";
    /// Our secret there. Its odd characters show whether it is form-encoded before Basic (RFC 6749 §2.3.1).
    pub const CLIENT_SECRET: &'static str = "s3cret+/:% of the tests";

    /// A provider with alice signed in at it and every answer proper.
    pub async fn start(clock: FixedClock) -> Self {
        Self::start_at(clock, "").await
    }

    /// The same with a path behind the issuer's host: `/application/o/gateway/`.
    pub async fn start_at(clock: FixedClock, path: &str) -> Self {
        let log = Log::default();
        let mut shared = None;
        let listener = Listener::start(|address| {
            let issuer = format!("http://{address}{path}");
            let made = Arc::new(Shared {
                clock,
                log,
                state: Mutex::new(State {
                    script: Script::new(issuer),
                    grants: BTreeMap::new(),
                    bearers: BTreeMap::new(),
                    authorizations: Vec::new(),
                }),
            });
            shared = Some(Arc::clone(&made));
            web::router(made)
        })
        .await;
        Self(Arc::new(Inner {
            listener,
            shared: shared.expect("made with the listener"),
        }))
    }

    /// The issuer as its documents have it.
    pub fn issuer(&self) -> String {
        self.script().issuer.clone()
    }

    /// An address of this provider.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.0.listener.address)
    }

    /// Where it listens.
    pub fn address(&self) -> std::net::SocketAddr {
        self.0.listener.address
    }

    /// What it does from now on. Do not hold it across an `await`.
    pub fn script(&self) -> ScriptGuard<'_> {
        ScriptGuard(self.0.shared.state())
    }

    /// What it was asked.
    pub fn log(&self) -> &Log {
        &self.0.shared.log
    }

    /// Who is signed in at it from now on: `NAME@example.com`, verified, with the subject `sub-NAME`.
    pub fn person(&self, name: &str) {
        self.script().person = Person::named(name);
    }

    /// Changes the claims of the person who is signed in at it.
    pub fn claim(&self, name: &str, value: Value) {
        let mut script = self.script();
        if name == "sub" {
            script.person.sub = value;
        } else {
            script.person.claims.insert(name.to_owned(), value);
        }
    }

    /// Takes a claim from the person who is signed in at it.
    pub fn unclaim(&self, name: &str) {
        self.script().person.claims.remove(name);
    }

    /// Bends every ID token before it is signed: header and claims.
    pub fn bend_id_token(
        &self,
        bend: impl Fn(&mut Map<String, Value>, &mut Map<String, Value>) + Send + Sync + 'static,
    ) {
        self.script().id_token = Some(Arc::new(bend));
    }

    /// Puts a claim into every ID token.
    pub fn set_in_id_token(&self, name: &str, value: Value) {
        let name = name.to_owned();
        self.bend_id_token(move |_, claims| {
            claims.insert(name.clone(), value.clone());
        });
    }

    /// Leaves a claim out of every ID token.
    pub fn drop_from_id_token(&self, name: &str) {
        let name = name.to_owned();
        self.bend_id_token(move |_, claims| {
            claims.remove(&name);
        });
    }

    /// Puts a parameter into the header of every ID token.
    pub fn set_in_header(&self, name: &str, value: Value) {
        let name = name.to_owned();
        self.bend_id_token(move |header, _| {
            header.insert(name.clone(), value.clone());
        });
    }

    /// Replaces a field of the discovery document.
    pub fn set_in_discovery(&self, name: &str, value: Value) {
        let mut script = self.script();
        script.discovery_fields.insert(name.to_owned(), Some(value));
    }

    /// Removes a field of the discovery document.
    pub fn drop_from_discovery(&self, name: &str) {
        self.script().discovery_fields.insert(name.to_owned(), None);
    }

    /// Signs with this key and publishes it alone.
    pub fn use_key(&self, key: Key) {
        let mut script = self.script();
        script.published = vec![key.jwk()];
        script.signing_key = key;
    }

    /// Signs with a new key under a new id and publishes it alone.
    pub fn rotate(&self) {
        self.use_key(Key::other_rsa("rotated"));
    }

    /// The person agrees: what the browser comes back with from `location`, where the gateway sent it.
    pub fn authorize(&self, location: &str) -> Callback {
        let (params, callback) = self.0.shared.begin(location);
        let mut state = self.0.shared.state();
        let code = Token::generate().expose().to_owned();
        let grant = Grant::new(&params, state.script.person.clone());
        state.grants.insert(code.clone(), grant);
        finish(&state.script, callback.and("code", code), &params)
    }

    /// The provider refuses: what the browser comes back with.
    pub fn refuse(&self, location: &str, error: &str) -> Callback {
        let (params, callback) = self.0.shared.begin(location);
        let state = self.0.shared.state();
        finish(&state.script, callback.and("error", error), &params)
    }

    /// What the browser that came last was sent with.
    pub fn last_authorization(&self) -> BTreeMap<String, String> {
        let state = self.0.shared.state();
        let last = state.authorizations.last().cloned();
        last.expect("no browser was sent here")
    }

    /// Closes its port: connections are refused from now on.
    pub async fn stop(&self) {
        self.0.listener.stop().await;
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what a browser was sent with.
    fn begin(&self, location: &str) -> (BTreeMap<String, String>, Callback) {
        let url = Url::parse(location).expect("the gateway redirects to an absolute URL");
        let params: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let redirect_uri = params.get("redirect_uri").expect("a redirect_uri");
        let callback = Callback::to(redirect_uri);
        self.state().authorizations.push(params.clone());
        (params, callback)
    }
}

/// Adds the state as it came, and `iss` as the script says (RFC 9207).
fn finish(script: &Script, callback: Callback, params: &BTreeMap<String, String>) -> Callback {
    let callback = match params.get("state") {
        Some(state) => callback.and("state", state),
        None => callback,
    };
    match &script.iss {
        Iss::Absent => callback,
        Iss::Ours => callback.and("iss", &script.issuer),
        Iss::Other(other) => callback.and("iss", other),
    }
}

/// The script, to be read and changed.
pub struct ScriptGuard<'a>(MutexGuard<'a, State>);

impl std::ops::Deref for ScriptGuard<'_> {
    type Target = Script;

    fn deref(&self) -> &Script {
        &self.0.script
    }
}

impl std::ops::DerefMut for ScriptGuard<'_> {
    fn deref_mut(&mut self) -> &mut Script {
        &mut self.0.script
    }
}

/// What the provider says of itself (`OpenID` Connect Discovery §3).
fn discovery(script: &Script, base: &str) -> Value {
    let mut document = json!({
        "issuer": script.issuer,
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{base}/token"),
        "userinfo_endpoint": format!("{base}/userinfo"),
        "jwks_uri": format!("{base}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256", "EdDSA", "HS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "email", "profile"],
    });
    let fields = document.as_object_mut().unwrap();
    if script.iss != Iss::Absent {
        fields.insert(
            "authorization_response_iss_parameter_supported".to_owned(),
            json!(true),
        );
    }
    for (name, value) in &script.discovery_fields {
        match value {
            Some(value) => fields.insert(name.clone(), value.clone()),
            None => fields.remove(name),
        };
    }
    document
}
