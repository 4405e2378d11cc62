//! Case 129 with real TLS.

use gateway_testkit::{
    TlsFront,
    tls::{CA_FILE, Shown},
};
use serde_json::json;

use crate::harness::{TestApp, after};

/// A gateway whose provider `idp` is reached by TLS alone, with this `http.ca_file`.
async fn behind(app: &TestApp, shown: Shown, ca_file: Option<&str>) -> (TestApp, TlsFront) {
    let front = TlsFront::before(&app.idp, shown).await;
    let app = app
        .with_provider(|provider| {
            provider["issuer_url"] = json!(front.url(""));
            if let Some(file) = ca_file {
                provider["http"]["ca_file"] = json!(file);
            }
        })
        .await;
    (app, front)
}

/// The start is refused for want of trust, and nothing went through.
async fn untrusted(app: &TestApp) -> String {
    let started = app.start("idp").await;
    let entry = app.assert_refused(&started, "provider_unavailable").await;
    assert_eq!(app.idp.log().count(""), 0, "nothing is sent without trust");
    let cause = after(&entry)["cause"].as_str().unwrap().to_owned();
    assert!(cause.contains("no TLS with 127.0.0.1"), "{cause}");
    cause
}

cases! {
    async fn case_129_a_ca_of_the_operators_own(app: TestApp) {
        let (app, _front) = behind(&app, Shown::Good, Some(CA_FILE)).await;
        app.idp.script().claims_in_id_token = false;
        app.sign_in("alice").await.assert_signed_in("/admin");
        for path in ["/.well-known/openid-configuration", "/jwks", "/token", "/userinfo"] {
            assert_eq!(app.idp.log().count(path), 1, "{path}");
        }
    }

    async fn case_129_without_that_ca(app: TestApp) {
        let (app, _front) = behind(&app, Shown::Good, None).await;
        untrusted(&app).await;
        let admin = app.admin().await;
        let status = admin.get("/api/v1/admin/sign-in-providers/idp").await.json();
        assert!(status["health"]["discovery"]["error"].as_str().unwrap().contains("TLS"), "{status}");
    }

    async fn case_129_a_certificate_that_signed_itself(app: TestApp) {
        let (app, _front) = behind(&app, Shown::SelfSigned, Some(CA_FILE)).await;
        untrusted(&app).await;
    }

    async fn case_129_a_certificate_for_another_host(app: TestApp) {
        let (app, _front) = behind(&app, Shown::ForAnotherHost, Some(CA_FILE)).await;
        untrusted(&app).await;
    }

    async fn case_129_a_certificate_past_its_end(app: TestApp) {
        let (app, _front) = behind(&app, Shown::Expired, Some(CA_FILE)).await;
        let cause = untrusted(&app).await;
        assert!(cause.contains("xpired"), "{cause}");
    }

    async fn case_129_trust_lost_in_mid_flow(app: TestApp) {
        let (app, front) = behind(&app, Shown::Good, Some(CA_FILE)).await;
        let app = app.with_provider(|provider| provider["http"]["allow_private_cidrs"] = json!(["127.0.0.1/32"])).await;
        let callback = app.begin().await;
        // The certificate where the document now says that tokens are is no good: neither code nor secret is sent there.
        let token = TlsFront::before(&app.idp, Shown::Expired).await;
        app.idp.script().issuer = front.url("");
        app.wait(chrono::TimeDelta::minutes(9));
        let answer = app.come_back(&callback).await;
        let entry = app.assert_refused(&answer, "provider_unavailable").await;
        assert!(after(&entry)["cause"].as_str().unwrap().contains("TLS"), "{entry:?}");
        assert_eq!(app.idp.log().count("/token"), 0);
        drop(token);
    }
}
