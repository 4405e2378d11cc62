//! Section F: what the token and userinfo endpoints answer instead.

use std::{sync::Arc, time::Duration};

use gateway_testkit::{FakeIdp, Manner};
use serde_json::json;

use crate::harness::{TestApp, after};

async fn refused(app: &TestApp, code: &str) -> String {
    let answer = app.sign_in("alice").await;
    let entry = app.assert_refused(&answer, code).await;
    assert_eq!(app.count_people().await, 0);
    after(&entry)["cause"].as_str().unwrap().to_owned()
}

cases! {
    async fn case_137_invalid_grant(app: TestApp) {
        app.idp.script().token = Manner::oauth_error(400, "invalid_grant");
        let cause = refused(&app, "provider_failure").await;
        assert!(cause.contains("invalid_grant"), "{cause}");
        assert_eq!(app.idp.log().count("/token"), 1);
    }

    async fn case_138_invalid_client_names_the_secret(app: TestApp) {
        app.idp.script().client_secret = Some("rotated".to_owned());
        let cause = refused(&app, "provider_failure").await;
        assert!(cause.contains("client secret") && !cause.contains(FakeIdp::CLIENT_SECRET), "{cause}");
        let admin = app.admin().await;
        let status = admin.get("/api/v1/admin/sign-in-providers/idp").await;
        assert!(status.body.contains("client secret"), "{}", status.body);
    }

    async fn case_139_an_error_with_status_200(app: TestApp) {
        app.idp.script().token = Manner::oauth_error(200, "invalid_grant");
        refused(&app, "provider_failure").await;
        app.idp.script().token = Manner::proper();
        app.idp.script().token_reply = Some(Arc::new(|reply| {
            reply.insert("error".to_owned(), json!("invalid_request"));
        }));
        refused(&app, "provider_failure").await;
    }

    async fn case_142_other_token_types(app: TestApp) {
        for token_type in [json!("mac"), json!("DPoP"), json!("N_A"), json!(""), json!(17), json!(null)] {
            app.idp.script().token_reply = Some(Arc::new(move |reply| {
                reply.insert("token_type".to_owned(), token_type.clone());
            }));
            refused(&app, "provider_failure").await;
        }
    }

    async fn case_143_redirects_are_not_followed(app: TestApp) {
        let evil = FakeIdp::start(app.clock.clone()).await;
        for status in [301, 302, 303, 307, 308] {
            app.idp.script().token = Manner::redirect(status, &evil.url("/token"));
            refused(&app, "provider_failure").await;
        }
        assert_eq!(evil.log().count(""), 0, "the secret stays here");
    }

    async fn case_144_a_lost_answer_is_not_asked_for_again(app: TestApp) {
        let app = app.with_provider(|provider| provider["http"]["timeout"] = json!("1s")).await;
        app.idp.script().token = Manner::proper().after(Duration::from_secs(4));
        refused(&app, "provider_unavailable").await;
        assert_eq!(app.idp.log().count("/token"), 1);
        app.idp.script().token = Manner::proper();
        app.sign_in("alice").await.assert_signed_in("/admin");
    }

    async fn case_144_other_outages_of_the_token_endpoint(app: TestApp) {
        for manner in [Manner::status(500), Manner::status(503), Manner::status(429), Manner::hang_up()] {
            app.idp.script().token = manner;
            refused(&app, "provider_unavailable").await;
        }
        assert_eq!(app.idp.log().count("/token"), 4);
    }

    async fn case_144_answers_that_are_no_answer(app: TestApp) {
        for manner in [
            Manner::body(200, "text/html", "<h1>hello</h1>"),
            Manner::body(200, "application/json", ""),
            Manner::body(200, "application/json", "[]"),
            Manner::body(200, "application/json", "\"id_token\""),
            Manner::body(200, "application/json", "{\"id_token\":"),
            Manner::flood(50 << 20),
            Manner::gzip_bomb(),
        ] {
            app.idp.script().token = manner;
            refused(&app, "provider_failure").await;
        }
    }

    async fn case_146_userinfo_that_is_needed_and_fails(app: TestApp) {
        app.idp.script().claims_in_id_token = false;
        for manner in [
            Manner::status(401), Manner::status(403), Manner::body(200, "text/html", "<h1>hello</h1>"),
            Manner::json(200, &json!([])), Manner::json(200, &json!({"email": "alice@example.com"})),
            Manner::redirect(302, "https://evil.example/"),
        ] {
            app.idp.script().userinfo = manner;
            refused(&app, "provider_failure").await;
        }
    }

    async fn case_146_userinfo_that_fails_keeps_no_linked_person_out(app: TestApp) {
        app.sign_in("alice").await.assert_signed_in("/admin");
        app.idp.script().claims_in_id_token = false;
        for manner in [Manner::status(401), Manner::status(500), Manner::body(200, "text/html", "x"), Manner::hang_up()] {
            app.idp.script().userinfo = manner;
            app.fresh().sign_in("alice").await.assert_signed_in("/admin");
        }
    }

    async fn case_148_userinfo_does_not_overrule_the_id_token(app: TestApp) {
        app.idp.script().userinfo_reply = Some(Arc::new(|claims| {
            claims.insert("email".to_owned(), json!("other@example.com"));
            claims.insert("name".to_owned(), json!("Other"));
        }));
        app.idp.unclaim("name");
        app.finish_sign_in().await.assert_signed_in("/admin");
        assert_eq!(app.email().await, "alice@example.com");
    }

    async fn case_116_userinfo_says_true_as_text(app: TestApp) {
        app.idp.script().claims_in_id_token = false;
        app.idp.claim("email_verified", json!("true"));
        app.finish_sign_in().await.assert_signed_in("/admin");
    }

    async fn an_unverified_address_of_the_id_token_is_not_vouched_for_by_userinfo(app: TestApp) {
        app.idp.claim("email_verified", json!(false));
        app.idp.script().userinfo_reply = Some(Arc::new(|claims| {
            claims.insert("email".to_owned(), json!("other@example.com"));
            claims.insert("email_verified".to_owned(), json!(true));
        }));
        let answer = app.finish_sign_in().await;
        app.assert_refused(&answer, "email_unverified").await;
    }
}
