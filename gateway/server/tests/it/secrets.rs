//! The secrets that went by in a test, to be looked for where none may be.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use gateway_testkit::{Callback, FakeIdp};

use crate::harness::{Browser, TestApp};

/// Secrets, each with what it is.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    secrets: BTreeSet<(&'static str, String)>,
    tokens: Arc<Mutex<BTreeSet<(&'static str, String)>>>,
}

impl Taken {
    /// One secret.
    pub fn note(&mut self, what: &'static str, secret: &str) {
        assert!(secret.len() >= 8, "{what} is too short to be looked for");
        self.secrets.insert((what, secret.to_owned()));
    }

    /// The tokens that the provider gives from now on; of an ID token, each part, since either could be kept alone.
    pub fn tokens_of(&mut self, idp: &FakeIdp) {
        let tokens = Arc::clone(&self.tokens);
        idp.script().token_reply = Some(Arc::new(move |reply| {
            let text = |name: &str| {
                reply
                    .get(name)
                    .and_then(|value| value.as_str())
                    .unwrap_or_default()
            };
            let mut tokens = tokens.lock().unwrap();
            tokens.insert(("access token", text("access_token").to_owned()));
            let parts = text("id_token").split('.').skip(1);
            tokens.extend(parts.map(|part| ("id token", part.to_owned())));
        }));
    }

    /// The cookies that a browser holds now.
    pub fn browser(&mut self, browser: &Browser) {
        let (flows, session) = {
            let jar = browser.jar();
            (jar.flows(), jar.get("ogw_session"))
        };
        for (_, value) in flows {
            self.note("flow cookie", &value);
        }
        if let Some(session) = session {
            // Also as the number that it is inside.
            let id: tower_sessions::session::Id = session.parse().unwrap();
            self.note("session cookie", &id.0.to_string());
            self.note("session cookie", &session);
        }
    }

    /// What a callback brings.
    pub fn callback(&mut self, callback: &Callback) {
        for name in ["state", "code"] {
            if let Some(value) = callback.get(name) {
                self.note(name, value);
            }
        }
    }

    /// What the browser was sent to the provider with.
    pub fn authorization(&mut self, sent: &BTreeMap<String, String>) {
        for name in ["state", "nonce"] {
            if let Some(value) = sent.get(name) {
                self.note(name, value);
            }
        }
    }

    /// What the gateway asked the providers with.
    pub fn requests(&mut self, app: &TestApp) {
        let all = app
            .idp
            .log()
            .all()
            .into_iter()
            .chain(app.github.log().all());
        for seen in all {
            for name in ["code", "code_verifier"] {
                if let Some(value) = seen.field(name) {
                    self.note(name, &value);
                }
            }
            let authorization = seen.header("authorization").unwrap_or_default();
            match authorization.split_once(' ') {
                Some(("Basic", value)) => self.note("client secret", value),
                Some((_, value)) => self.note("access token", value),
                None => {}
            }
        }
    }

    /// All of them.
    pub fn all(&self) -> BTreeSet<(&'static str, String)> {
        let tokens = self.tokens.lock().unwrap();
        self.secrets.union(&tokens).cloned().collect()
    }

    /// At least one of each of these kinds was seen: a search for nothing finds nothing.
    #[track_caller]
    pub fn assert_kinds(&self, kinds: &[&str]) {
        let all = self.all();
        for kind in kinds {
            assert!(
                all.iter().any(|(what, _)| what == kind),
                "no {kind} was seen"
            );
        }
    }
}
