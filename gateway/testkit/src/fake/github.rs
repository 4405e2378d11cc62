//! A GitHub that does what its script says: the token endpoint of its web host, and the part of its API that a sign-in
//! asks for, at the root as `api.github.com` has it and below `/api/v3` as an Enterprise Server has it.

mod web;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use gateway_domain::Token;
use serde_json::{Value, json};
use url::Url;

use super::{Log, callback::Callback, endpoint::Manner, server::Listener};

/// A GitHub on loopback. Clones are the same one.
#[derive(Clone)]
pub struct FakeGitHub(Arc<Inner>);

struct Inner {
    listener: Listener,
    shared: Arc<Shared>,
}

struct Shared {
    log: Log,
    state: Mutex<State>,
}

struct State {
    script: Script,
    grants: BTreeMap<String, Grant>,
    bearers: BTreeMap<String, Account>,
    authorizations: Vec<BTreeMap<String, String>>,
}

#[derive(Clone)]
struct Grant {
    account: Account,
    challenge: Option<String>,
    redirect_uri: String,
    scope: String,
    used: bool,
}

/// An account there.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// A positive number, properly.
    pub id: Value,
    /// Its login; can change hands.
    pub login: String,
    /// What is called a name there.
    pub name: Value,
    /// The public address, which nobody verified.
    pub email: Value,
    /// What `/user/emails` says.
    pub emails: Value,
    /// By organisation: `active` or `pending`.
    pub organizations: BTreeMap<String, String>,
}

impl Account {
    /// With this id, login and verified primary address `LOGIN@example.com`; no public address.
    pub fn new(id: u64, login: &str) -> Self {
        Self {
            id: json!(id),
            login: login.to_owned(),
            name: json!(login),
            email: Value::Null,
            emails: json!([
                {"email": format!("{id}+{login}@users.noreply.github.com"), "primary": false, "verified": true, "visibility": null},
                {"email": format!("{login}@example.com"), "primary": true, "verified": true, "visibility": "private"},
            ]),
            organizations: BTreeMap::new(),
        }
    }
}

/// What it does. Everything may be changed while it runs.
#[derive(Clone)]
pub struct Script {
    /// As whom it knows the gateway.
    pub client_id: String,
    /// With which secret.
    pub client_secret: String,
    /// Who is signed in at it.
    pub account: Account,
    /// What it says in the callback's `iss`, if anything.
    pub iss: Option<String>,
    /// How it answers for a code.
    pub token: Manner,
    /// How it answers for `/user`.
    pub user: Manner,
    /// How it answers for `/user/emails`.
    pub emails: Manner,
    /// How it answers for `/user/memberships/orgs/…`.
    pub memberships: Manner,
}

impl FakeGitHub {
    /// Our name there.
    pub const CLIENT_ID: &'static str = "Iv1.gateway";
    /// Our secret there.
    pub const CLIENT_SECRET: &'static str = "github-secret-of-the-tests";

    /// With octo (id 583231) signed in at it and every answer proper.
    pub async fn start() -> Self {
        let log = Log::default();
        let mut shared = None;
        let listener = Listener::start(|address| {
            let made = Arc::new(Shared {
                log,
                state: Mutex::new(State {
                    script: Script {
                        client_id: Self::CLIENT_ID.to_owned(),
                        client_secret: Self::CLIENT_SECRET.to_owned(),
                        account: Account::new(583_231, "octo"),
                        iss: Some(format!("http://{address}/login/oauth")),
                        token: Manner::proper(),
                        user: Manner::proper(),
                        emails: Manner::proper(),
                        memberships: Manner::proper(),
                    },
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

    /// An address of it; the root is what `base_url` names.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.0.listener.address)
    }

    /// What it does from now on. Do not hold it across an `await`.
    pub fn script(&self) -> ScriptGuard<'_> {
        ScriptGuard(self.0.shared.state())
    }

    /// Who is signed in at it from now on.
    pub fn account(&self, account: Account) {
        self.script().account = account;
    }

    /// What it was asked.
    pub fn log(&self) -> &Log {
        &self.0.shared.log
    }

    /// The person agrees: what the browser comes back with from `location`, where the gateway sent it.
    pub fn authorize(&self, location: &str) -> Callback {
        let (params, callback) = self.0.shared.begin(location);
        let mut state = self.0.shared.state();
        let code = Token::generate().expose()[..20].to_owned();
        let of = |name: &str| params.get(name).cloned();
        let grant = Grant {
            account: state.script.account.clone(),
            challenge: of("code_challenge"),
            redirect_uri: of("redirect_uri").unwrap_or_default(),
            scope: of("scope").unwrap_or_default(),
            used: false,
        };
        state.grants.insert(code.clone(), grant);
        finish(&state.script, callback.and("code", code), &params)
    }

    /// It refuses: what the browser comes back with.
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

    fn begin(&self, location: &str) -> (BTreeMap<String, String>, Callback) {
        let url = Url::parse(location).expect("the gateway redirects to an absolute URL");
        let params: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let redirect_uri = params.get("redirect_uri").expect("a redirect_uri");
        let callback = Callback::to(redirect_uri);
        self.state().authorizations.push(params.clone());
        (params, callback)
    }
}

fn finish(script: &Script, callback: Callback, params: &BTreeMap<String, String>) -> Callback {
    let callback = match params.get("state") {
        Some(state) => callback.and("state", state),
        None => callback,
    };
    match &script.iss {
        Some(iss) => callback.and("iss", iss),
        None => callback,
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
