//! Section L of the catalogue: the store, faults, secrets, logs and the audit trail.

use gateway_testkit::{FakeGitHub, FakeIdp};
use serde_json::json;

use crate::harness::after;

cases! {
    async fn case_245_a_database_that_is_gone(app: TestApp) {
        let callback = app.begin().await;
        app.db.close().await;
        for answer in [app.start("idp").await, app.come_back(&callback).await] {
            let is_503 = answer.status.as_u16() == 503;
            if !is_503 {
                answer.assert_sso_error("server_error");
            }
            assert!(!answer.opens_session());
        }
        assert_eq!(app.idp.log().count("/token"), 0, "no code is spent on a sign-in that cannot be finished");
        app.get("/healthz").await.assert_status(200);
        app.get("/readyz").await.assert_status(503);
    }

    async fn case_245_nothing_is_left_half_made(app: TestApp) {
        let app = app.with_provider(|provider| {
            provider["jit"] = json!({"enabled": true, "membership": {"team": "research", "role": "member"}});
        }).await;
        for table in ["users", "user_terms", "memberships", "identities", "sessions", "audit_log"] {
            app.db.refuse_inserts(table).await;
            let callback = app.begin().await;
            let answer = app.come_back(&callback).await;
            answer.assert_sso_error("server_error");
            app.db.accept_inserts(table).await;
            assert_eq!((app.count_people().await, app.count_sessions().await), (0, 0), "{table}");
            assert!(!app.is_signed_in().await);
            let again = app.come_back(&callback).await;
            app.assert_refused(&again, "state_invalid").await;
            app.assert_audit_intact().await;
        }
        app.sign_in("alice").await.assert_signed_in("/admin");
        let alice = app.user("alice@example.com").await.unwrap();
        assert_eq!(app.teams_of(&alice).await.len(), 1);
    }

    async fn case_245_a_flow_that_cannot_be_kept_is_not_begun(app: TestApp) {
        app.db.refuse_inserts("login_flows").await;
        let started = app.start("idp").await;
        app.assert_refused(&started, "server_error").await;
        assert!(app.jar().flows().is_empty());
    }

    async fn case_248_a_restart_between_start_and_callback(app: TestApp) {
        let callback = app.begin().await;
        let restarted = app.restarted_with(|_| {}).await;
        restarted.come_back(&callback).await.assert_signed_in("/admin");
        assert!(restarted.restarted_with(|_| {}).await.is_signed_in().await);
    }

    async fn case_251_a_rotated_secret_works_without_a_restart(app: TestApp) {
        let mut app = app;
        app.idp.script().client_secret = Some("rotated".to_owned());
        let answer = app.sign_in("alice").await;
        app.assert_refused(&answer, "provider_failure").await;
        app.reload_with(|config| config["auth"]["oidc"]["providers"][0]["client_secret"] = json!("rotated")).await;
        app.sign_in("alice").await.assert_signed_in("/admin");
    }

    async fn case_252_no_secret_in_any_answer(app: TestApp) {
        let admin = app.admin().await;
        app.sign_in("alice").await.assert_signed_in("/admin");
        for path in [
            "/api/v1/auth/oidc/providers", "/api/v1/auth/oauth/providers", "/api/v1/admin/sign-in-providers",
            "/api/v1/admin/sign-in-providers/idp", "/api/v1/admin/sign-in-providers/github", "/admin/providers",
            "/admin/login", "/api/v1/admin/audit", "/api/v1/openapi.json",
        ] {
            let answer = admin.get(path).await;
            for secret in [FakeIdp::CLIENT_SECRET, FakeGitHub::CLIENT_SECRET] {
                assert!(!answer.body.contains(secret), "{path}");
            }
        }
    }

    async fn case_254_what_the_audit_log_says_of_a_sign_in(app: TestApp) {
        let answer = app.sign_in("alice").await;
        let entries = app.audit().await;
        let actions: Vec<&str> = entries.iter().map(|entry| entry.action.as_str()).collect();
        assert_eq!(actions[..3], ["sign_in.succeeded", "identity.linked", "user.provisioned"]);
        for entry in &entries[..3] {
            assert_eq!(entry.actor_label, "alice@example.com");
            assert_eq!(entry.address, "203.0.113.7");
            assert_eq!(entry.user_agent, "TestBrowser/1.0");
            assert_eq!(entry.correlation_id, answer.header("x-request-id"));
            assert_eq!(entry.provider_key.as_deref(), Some("idp"));
        }
        let detail = after(&entries[0]);
        assert_eq!(detail["issuer"], app.idp.issuer());
        assert_eq!(detail["subject_sha256"].as_str().unwrap().len(), 64);
        assert!(!entries.iter().any(|entry| format!("{entry:?}").contains("sub-alice")));
        app.assert_audit_intact().await;
    }

    async fn case_254_what_it_says_of_a_refusal(app: TestApp) {
        let app = app.with_provider(|provider| provider["jit"] = json!({"enabled": false})).await;
        let answer = app.sign_in("mallory").await;
        let entry = app.assert_refused(&answer, "unmatched_identity").await;
        assert_eq!((entry.actor_kind.as_str(), entry.provider_key.as_deref()), ("anonymous", Some("idp")));
        assert_eq!(entry.target_label, "mallory@example.com");
        assert_eq!(entry.address, "203.0.113.7");
        assert_eq!(entry.correlation_id, answer.header("x-request-id"));
        app.assert_audit_intact().await;
    }

    async fn case_254_and_of_signing_out(app: TestApp) {
        app.sign_in("alice").await.assert_signed_in("/admin");
        app.post_json("/api/v1/auth/logout", &json!({})).await.assert_status(200);
        assert!(!app.is_signed_in().await);
        let out = app.audit_of("sign_out").await;
        assert_eq!(out.len(), 1);
        assert_eq!(out[0].actor_label, "alice@example.com");
    }

    async fn case_255_a_strangers_forwarded_address_is_not_believed(app: TestApp) {
        let answer = app.with_header("x-forwarded-for", "192.0.2.66").sign_in("alice").await;
        answer.assert_signed_in("/admin");
        assert_eq!(app.audit_of("sign_in.succeeded").await[0].address, "203.0.113.7");
    }
}
