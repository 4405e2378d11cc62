//! Case 123 and 124 over the wire, on loopback only: a document may not send the gateway where the operator did not.

use gateway_testkit::FakeIdp;
use serde_json::json;

use crate::harness::{Answer, TestApp};

/// Signs in while the document names `endpoint` at `address`. Returns the refusal, whether at the start or the end.
async fn with_endpoint(app: &TestApp, endpoint: &str, address: &str) -> Answer {
    app.idp.set_in_discovery(endpoint, json!(address));
    app.wait(chrono::TimeDelta::minutes(11));
    let started = app.start("idp").await;
    if started.location().starts_with('/') {
        return started;
    }
    let callback = app.idp.authorize(started.location());
    app.come_back(&callback).await
}

fn path_of(endpoint: &str) -> &'static str {
    match endpoint {
        "token_endpoint" => "/token",
        "jwks_uri" => "/jwks",
        _ => "/userinfo",
    }
}

/// The port of another provider, which listens on 127.0.0.1 alone.
fn port(idp: &FakeIdp) -> String {
    idp.url("").rsplit_once(':').unwrap().1.to_owned()
}

cases! {
    async fn case_123_a_document_names_this_machine(app: TestApp) {
        app.idp.script().claims_in_id_token = false;
        let inside = FakeIdp::start(app.clock.clone()).await;
        let port = port(&inside);
        for endpoint in ["token_endpoint", "jwks_uri", "userinfo_endpoint"] {
            for host in [
                "127.0.0.1", "127.0.0.2", "0.0.0.0", "2130706433", "0x7f.1", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]",
                "[::ffff:7f00:1]", "localhost", "any.localhost",
            ] {
                let address = format!("http://{host}:{port}{}", path_of(endpoint));
                let answer = with_endpoint(&app, endpoint, &address).await;
                assert!(!answer.opens_session(), "{endpoint} at {host}");
            }
            app.idp.script().discovery_fields.clear();
        }
        assert_eq!(inside.log().count(""), 0, "nobody inside was asked");
        assert_eq!(app.count_people().await, 0);
    }

    async fn case_123_only_the_listed_address_is_allowed(app: TestApp) {
        let inside = FakeIdp::start(app.clock.clone()).await;
        inside.script().published.clone_from(&app.idp.script().published);
        let app = app.with_provider(|provider| provider["http"]["allow_private_cidrs"] = json!(["127.0.0.1/32"])).await;
        let port = port(&inside);
        for host in ["127.0.0.2", "0.0.0.0", "[::1]", "[::ffff:127.0.0.2]", "2130706434"] {
            let answer = with_endpoint(&app, "jwks_uri", &format!("http://{host}:{port}/jwks")).await;
            assert!(!answer.opens_session(), "{host}");
        }
        assert_eq!(inside.log().count(""), 0);
        let answer = with_endpoint(&app, "jwks_uri", &format!("http://127.0.0.1:{port}/jwks")).await;
        answer.assert_signed_in("/admin");
        assert_eq!(inside.log().count("/jwks"), 1);
    }

    async fn case_123_metadata_addresses_are_never_asked(app: TestApp) {
        let app = app.with_provider(|provider| {
            provider["http"] = json!({"timeout": "2s", "allow_private_cidrs": ["0.0.0.0/0", "::/0"], "allow_insecure": true});
        }).await;
        for host in ["169.254.169.254", "[::ffff:169.254.169.254]", "[fd00:ec2::254]", "2852039166", "[fe80::1]"] {
            let answer = with_endpoint(&app, "jwks_uri", &format!("http://{host}/jwks")).await;
            let entry = app.assert_refused(&answer, "provider_unavailable").await;
            assert!(entry.after.unwrap().contains("never contacted"), "{host}");
        }
    }

    async fn case_123_plain_http_to_the_outside(app: TestApp) {
        for endpoint in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
            let answer = with_endpoint(&app, endpoint, "http://idp.example/x").await;
            app.assert_refused(&answer, "provider_unavailable").await;
            app.idp.script().discovery_fields.clear();
        }
    }

    async fn case_123_no_credentials_and_no_other_schemes_in_addresses(app: TestApp) {
        let host = app.idp.url("").replace("http://", "");
        for address in [
            format!("http://user:password@{host}/token"), "file:///etc/passwd".to_owned(), "gopher://127.0.0.1/".to_owned(),
            "/token".to_owned(), String::new(),
        ] {
            let answer = with_endpoint(&app, "token_endpoint", &address).await;
            app.assert_refused(&answer, "provider_unavailable").await;
        }
    }

    async fn case_124_a_token_endpoint_elsewhere_is_shown_to_the_operator(app: TestApp) {
        let app = app.with_provider(|provider| provider["http"]["allow_private_cidrs"] = json!(["127.0.0.0/8", "::1/128"])).await;
        let port = port(&app.idp);
        let answer = with_endpoint(&app, "token_endpoint", &format!("http://localhost:{port}/token")).await;
        answer.assert_signed_in("/admin");
        let admin = app.admin().await;
        let status = admin.get("/api/v1/admin/sign-in-providers/idp").await;
        assert!(status.body.contains("localhost") && status.body.contains("token endpoint"), "{}", status.body);
    }
}
