//! Case 253: what opens something is never logged, at no level, whatever goes right or wrong.
//!
//! A program of its own, because it records what the whole process logs: through the gateway's own layer, as an operator
//! who asked for `--log-level trace` would see it, in both formats.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on stops and says where"
)]

#[macro_use]
#[expect(
    dead_code,
    unused_imports,
    reason = "shared with the other tests, which use all of it"
)]
mod it {
    #[macro_use]
    pub mod harness;
    pub mod secrets;
}

use std::{
    io::{self, Write},
    sync::{Arc, LazyLock, Mutex},
};

use chrono::TimeDelta;
use gateway::logging::{LogFormat, layer};
use gateway_testkit::{Account, FakeGitHub, FakeIdp, Manner};
use serde_json::json;
use tracing_subscriber::{
    fmt::MakeWriter, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use it::{
    harness,
    harness::{Browser, TestApp},
    secrets::Taken,
};

const PASSWORD: &str = "seven quiet otters swim";
const WRONG: &str = "eight loud otters sleep";
const KEYS: &str = "/api/v1/admin/api-keys";
const LOGIN: &str = "/api/v1/auth/login/password";

/// What was logged by now.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The lines of this process as text and as JSON, from the first use on.
static LOG: LazyLock<[Lines; 2]> = LazyLock::new(|| {
    let log = [Lines::default(), Lines::default()];
    let [text, json] = log.clone();
    tracing_subscriber::registry()
        .with(layer(LogFormat::Text, "trace", text, false).unwrap())
        .with(layer(LogFormat::Json, "trace", json, false).unwrap())
        .init();
    log
});

/// The first line that holds one of these, with what it holds.
fn find<'a>(
    text: &str,
    secrets: impl IntoIterator<Item = &'a (&'static str, String)>,
) -> Option<String> {
    secrets.into_iter().find_map(|(what, secret)| {
        let line = text.lines().find(|line| line.contains(secret.as_str()))?;
        Some(format!("the {what} is logged: {line}"))
    })
}

/// Nothing of it was logged, and the search would have found it.
#[track_caller]
fn assert_unlogged(app: &TestApp, mut taken: Taken, kinds: &[&str]) {
    taken.requests(app);
    taken.note("client secret", FakeIdp::CLIENT_SECRET);
    taken.note("client secret of GitHub", FakeGitHub::CLIENT_SECRET);
    taken.assert_kinds(kinds);
    let secrets = taken.all();
    let planted = (
        "planted value",
        gateway_domain::Token::generate().expose().to_owned(),
    );
    tracing::trace!(target: "gateway::canary", planted = planted.1, "found by the search");
    for lines in LOG.iter() {
        let text = lines.text();
        assert!(text.len() > 1000, "hardly anything was recorded: {text}");
        assert_eq!(find(&text, &secrets), None);
        assert!(
            find(&text, [&planted]).is_some(),
            "the search finds nothing at all"
        );
    }
}

/// Begins a sign-in at `idp` as this person, noting everything.
async fn begin(browser: &Browser, name: &str, taken: &mut Taken) -> gateway_testkit::Callback {
    browser.idp.person(name);
    let callback = browser.begin().await;
    taken.browser(browser);
    taken.callback(&callback);
    taken.authorization(&browser.idp.last_authorization());
    callback
}

async fn begin_github(browser: &Browser, taken: &mut Taken) -> gateway_testkit::Callback {
    let callback = browser.begin_github().await;
    taken.browser(browser);
    taken.callback(&callback);
    taken.authorization(&browser.github.last_authorization());
    callback
}

/// Recording begins before the gateway does.
fn record() -> Taken {
    LazyLock::force(&LOG);
    Taken::default()
}

cases! {
    async fn case_253_a_sign_in_through_oidc_and_its_end(app: TestApp) {
        let mut taken = record();
        app.idp.script().claims_in_id_token = false;
        taken.tokens_of(&app.idp);
        let callback = begin(&app, "alice", &mut taken).await;
        app.come_back(&callback).await.assert_signed_in("/admin");
        taken.browser(&app);
        for path in ["/admin", "/admin/account", "/api/v1/auth/session", "/api/v1/admin/sessions", "/nowhere"] {
            app.get(path).await;
        }
        // The whole callback again, at another place too, and by somebody else.
        app.come_back(&callback).await.assert_sso_error("state_invalid");
        app.fresh().come_back(&callback).await.assert_sso_error("state_invalid");
        app.get(&callback.clone().at("/nowhere").to_string()).await.assert_status(404);
        app.get(&callback.at("/api/v1/auth/oauth/callback/github").to_string()).await.assert_sso_error("state_invalid");
        app.post_json("/api/v1/auth/logout", &json!({})).await.assert_status(200);
        let kinds = ["state", "code", "code_verifier", "nonce", "flow cookie", "session cookie", "access token", "id token"];
        assert_unlogged(&app, taken, &kinds);
    }

    async fn case_253_refusals_through_oidc(app: TestApp) {
        let mut taken = record();
        taken.tokens_of(&app.idp);
        for manner in [
            Manner::oauth_error(400, "invalid_grant"), Manner::oauth_error(401, "invalid_client"), Manner::status(500),
            Manner::hang_up(), Manner::redirect(307, "https://127.0.0.1:1/"), Manner::body(200, "text/html", "<h1>"),
            Manner::flood(1 << 20),
        ] {
            app.idp.script().token = manner;
            let callback = begin(&app, "alice", &mut taken).await;
            app.come_back(&callback).await;
        }
        app.idp.script().token = Manner::proper();
        app.idp.script().break_signature = true;
        let callback = begin(&app, "alice", &mut taken).await;
        app.come_back(&callback).await.assert_sso_error("provider_failure");
        app.idp.script().break_signature = false;
        app.idp.drop_from_id_token("nonce");
        let callback = begin(&app, "alice", &mut taken).await;
        app.come_back(&callback).await.assert_sso_error("provider_failure");
        app.idp.script().id_token = None;
        app.idp.script().userinfo = Manner::status(403);
        app.idp.script().claims_in_id_token = false;
        let callback = begin(&app, "alice", &mut taken).await;
        app.come_back(&callback).await.assert_sso_error("provider_failure");
        // What the provider says of a refusal may hold what the browser brought.
        let callback = begin(&app, "alice", &mut taken).await;
        let state = callback.get("state").unwrap().to_owned();
        let said = callback.without("code").and("error", "access_denied");
        app.come_back(&said).await.assert_sso_error("access_denied");
        app.start_with(&[("provider_key", &state), ("redirect_to", &state), ("login_hint", &state)]).await;
        let callback = begin(&app, "alice", &mut taken).await;
        app.wait(TimeDelta::minutes(11));
        app.come_back(&callback).await.assert_sso_error("state_expired");
        assert_unlogged(&app, taken, &["state", "code", "code_verifier", "nonce", "flow cookie", "access token", "id token"]);
    }

    async fn case_253_through_github(app: TestApp) {
        let mut taken = record();
        let callback = begin_github(&app, &mut taken).await;
        app.come_back(&callback).await.assert_signed_in("/admin");
        taken.browser(&app);
        app.come_back(&callback).await.assert_sso_error("state_invalid");
        for manner in [Manner::oauth_error(200, "bad_verification_code"), Manner::status(502), Manner::hang_up()] {
            app.github.script().token = manner;
            let callback = begin_github(&app, &mut taken).await;
            app.come_back(&callback).await;
        }
        app.github.script().token = Manner::proper();
        for manner in [Manner::status(401), Manner::status(403), Manner::hang_up()] {
            app.github.script().user = manner;
            let callback = begin_github(&app, &mut taken).await;
            app.come_back(&callback).await;
        }
        app.github.script().user = Manner::proper();
        app.github.account(Account { id: json!(null), ..Account::new(1, "octo") });
        let callback = begin_github(&app, &mut taken).await;
        app.come_back(&callback).await.assert_sso_error("provider_failure");
        let kinds = ["state", "code", "code_verifier", "flow cookie", "session cookie", "access token"];
        assert_unlogged(&app, taken, &kinds);
    }

    async fn case_253_links_and_passwords(app: TestApp) {
        let mut taken = record();
        taken.note("password", PASSWORD);
        taken.note("wrong password", WRONG);
        let admin = app.admin().await;
        taken.browser(&admin);
        let made = admin.post_json("/api/v1/admin/users", &json!({
            "email": "ada@example.com", "name": "Ada", "sign_in": "password", "global_role": "user",
        })).await;
        made.assert_status(201);
        let url = made.json()["invite_url"].as_str().unwrap().to_owned();
        let link = url.strip_prefix(harness::PUBLIC).unwrap().to_owned();
        taken.note("one-time token", link.rsplit('/').next().unwrap());
        app.submit(&link, &link, &[("password", PASSWORD), ("repeated", WRONG)]).await;
        app.submit(&link, &link, &[("password", PASSWORD), ("repeated", PASSWORD)]).await;
        taken.browser(&app);
        app.get(&link).await;
        app.with_header("referer", &url).get("/admin/login").await;

        for password in [WRONG, PASSWORD] {
            let given = json!({"email": "ada@example.com", "password": password});
            let by_json = app.fresh();
            by_json.post_json(LOGIN, &given).await;
            taken.browser(&by_json);
            let by_form = app.fresh();
            by_form.submit("/admin/login", LOGIN, &[("email", "ada@example.com"), ("password", password)]).await;
            taken.browser(&by_form);
        }
        // Typed into the wrong field, sent in the wrong shape or to the wrong place.
        app.post_json(LOGIN, &json!({"email": PASSWORD, "password": PASSWORD})).await.assert_status(401);
        app.post_json(LOGIN, &json!({"email": 17, "password": PASSWORD})).await.assert_status(400);
        app.post_json("/api/v1/admin/users", &json!({"password": PASSWORD})).await;
        app.with_origin(None).post_json(LOGIN, &json!({"email": "x@example.com", "password": PASSWORD})).await;
        app.post_form("/nowhere", &[("password", PASSWORD)]).await;
        app.post_json("/api/v1/auth/logout", &json!({})).await;
        assert_unlogged(&app, taken, &["one-time token", "password", "session cookie"]);
    }

    async fn api_keys_good_and_bad(app: TestApp) {
        let mut taken = record();
        let admin = app.admin().await;
        taken.browser(&admin);
        let made = admin.post_json(KEYS, &json!({"name": "a"})).await;
        made.assert_status(201);
        let path = format!("{KEYS}/{}", made.json()["id"].as_str().unwrap());
        let rotated = admin.post_json(&format!("{path}/rotate"), &json!({"overlap": "0s"})).await;
        rotated.assert_status(200);
        let mut keys: Vec<String> = [&made, &rotated].map(|answer| answer.json()["key"].as_str().unwrap().to_owned()).into();
        keys.push(gateway_domain::ApiKeySecret::generate().expose().to_owned());
        // Cut short, as by a careless copy: most of it is still the secret.
        keys.push(keys[1][..40].to_owned());
        for key in &keys {
            taken.note("API key", key);
            for (header, value) in [("authorization", format!("Bearer {key}")), ("authorization", format!("Basic {key}")), ("x-api-key", key.clone())] {
                let client = app.fresh().with_header(header, &value);
                client.get("/v1/models").await;
                client.post_json("/v1/chat/completions", &json!({"model": key, "messages": key})).await;
                client.post_json("/v1/messages", &json!({"model": "m", "stream": key})).await;
                client.get(KEYS).await;
            }
            // Given where something else is asked for.
            admin.get(&format!("{KEYS}/{key}")).await;
            admin.post_json(KEYS, &json!({"name": "b", "owner": key})).await;
            admin.post_json(KEYS, &json!({"name": "b", "models": [key]})).await;
        }
        admin.call("DELETE", &path, None).await.assert_status(204);
        app.db.close().await;
        app.fresh().with_header("authorization", &format!("Bearer {}", keys[1])).get("/v1/models").await;
        assert_unlogged(&app, taken, &["API key", "session cookie"]);
    }

    async fn case_253_while_the_database_is_gone(app: TestApp) {
        let mut taken = record();
        app.sign_in("alice").await.assert_signed_in("/admin");
        taken.browser(&app);
        let callback = begin(&app, "bob", &mut taken).await;
        let from_github = begin_github(&app, &mut taken).await;
        taken.note("password", PASSWORD);
        app.db.close().await;
        app.come_back(&callback).await;
        app.come_back(&from_github).await;
        app.get("/admin").await;
        app.post_json(LOGIN, &json!({"email": "ada@example.com", "password": PASSWORD})).await;
        app.get(&format!("/admin/link/{}", gateway_domain::Token::generate().expose())).await;
        app.post_json("/api/v1/auth/logout", &json!({})).await;
        assert_unlogged(&app, taken, &["state", "code", "flow cookie", "session cookie", "password"]);
    }
}
