//! Case 253: nothing that opens anything is ever logged, not even at TRACE.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use gateway_testkit::{Account, FakeGitHub, FakeIdp, Manner};
use tracing_subscriber::fmt::MakeWriter;

use crate::harness::TestApp;

/// What was logged.
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

/// Logs everything of this thread, which is all of a test, until dropped. The fake providers are in the same process;
/// what they and the test's own client log of their side is left out.
fn record(lines: &Lines) -> tracing::subscriber::DefaultGuard {
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter("trace")
        .with_ansi(false)
        .with_writer(lines.clone())
        .finish();
    tracing::subscriber::set_default(subscriber)
}

/// Everything secret that went over the wire, with what it is.
fn secrets(app: &TestApp) -> Vec<(&'static str, String)> {
    let mut secrets = vec![
        ("client secret", FakeIdp::CLIENT_SECRET.to_owned()),
        (
            "client secret of GitHub",
            FakeGitHub::CLIENT_SECRET.to_owned(),
        ),
    ];
    let redeemed = app
        .idp
        .log()
        .of("/token")
        .into_iter()
        .chain(app.github.log().of("/access_token"));
    for seen in redeemed {
        for name in ["code", "code_verifier"] {
            secrets.push((name, seen.field(name).unwrap()));
        }
    }
    let asked = app
        .idp
        .log()
        .of("/userinfo")
        .into_iter()
        .chain(app.github.log().of("/user"));
    for seen in asked {
        let bearer = seen
            .header("authorization")
            .unwrap()
            .trim_start_matches("Bearer ");
        secrets.push(("access token", bearer.to_owned()));
    }
    if let Some(session) = app.jar().get("ogw_session") {
        secrets.push(("session cookie", session));
    }
    secrets
}

fn assert_clean(lines: &Lines, secrets: &[(&str, String)]) {
    let text = lines.text();
    assert!(text.len() > 1000, "nothing was recorded");
    for (what, secret) in secrets {
        if let Some(line) = text.lines().find(|line| line.contains(secret.as_str())) {
            panic!("the {what} is logged: {line}");
        }
    }
}

cases! {
    async fn case_253_a_sign_in_logs_no_secret(app: TestApp) {
        let lines = Lines::default();
        let guard = record(&lines);
        app.idp.script().claims_in_id_token = false;
        let started = app.start("idp").await;
        let mut more = vec![("flow cookie", started.cookies()[0].value.clone())];
        let callback = app.idp.authorize(started.location());
        more.push(("state", callback.get("state").unwrap().to_owned()));
        more.push(("nonce", app.idp.last_authorization()["nonce"].clone()));
        app.come_back(&callback).await.assert_signed_in("/admin");
        app.session().await;
        app.come_back(&callback).await;
        drop(guard);
        more.extend(secrets(&app));
        more.push(("id token", "eyJ".to_owned()));
        assert_clean(&lines, &more);
    }

    async fn case_253_nor_does_one_by_github(app: TestApp) {
        let lines = Lines::default();
        let guard = record(&lines);
        let callback = app.begin_github().await;
        let mut more: Vec<_> = app.jar().flows().into_iter().map(|(_, value)| ("flow cookie", value)).collect();
        more.push(("state", callback.get("state").unwrap().to_owned()));
        app.come_back(&callback).await.assert_signed_in("/admin");
        drop(guard);
        more.extend(secrets(&app));
        assert_clean(&lines, &more);
    }

    async fn case_253_nor_do_refusals(app: TestApp) {
        let lines = Lines::default();
        let guard = record(&lines);
        let mut more = Vec::new();
        let manners = [
            Manner::oauth_error(400, "invalid_grant"), Manner::oauth_error(401, "invalid_client"), Manner::status(500),
            Manner::hang_up(), Manner::body(200, "application/json", "{\"id_token\":\"eyJhbGciOiJub25lIn0.e30.\"}"),
        ];
        for manner in manners {
            app.idp.script().token = manner;
            let callback = app.begin().await;
            more.push(("state", callback.get("state").unwrap().to_owned()));
            app.come_back(&callback).await;
        }
        app.idp.script().token = Manner::proper();
        app.idp.script().break_signature = true;
        app.sign_in("alice").await;
        app.github.account(Account { id: serde_json::json!(null), ..Account::new(1, "octo") });
        app.sign_in_by_github().await;
        drop(guard);
        more.extend(secrets(&app));
        more.push(("id token", "eyJ".to_owned()));
        assert_clean(&lines, &more);
    }
}
