//! ID tokens and userinfo.

use gateway_testkit::{Key, Manner};
use serde_json::{Value, json};

use crate::harness::TestApp;

/// Every ID token has this claim: refused, and nobody is made.
async fn refused_with(app: &TestApp, claim: &str, value: Value) {
    app.idp.set_in_id_token(claim, value.clone());
    let answer = app.sign_in("alice").await;
    app.assert_refused(&answer, "provider_failure").await;
    assert_eq!(app.count_people().await, 0, "{claim}: {value}");
}

async fn refused_without(app: &TestApp, claim: &str) {
    app.idp.drop_from_id_token(claim);
    let answer = app.sign_in("alice").await;
    app.assert_refused(&answer, "provider_failure").await;
    assert_eq!(app.count_people().await, 0, "without {claim}");
}

cases! {
    async fn case_002_invalid_iss(app: TestApp) {
        let issuer = app.idp.issuer();
        for other in ["https://evil.example".to_owned(), format!("{issuer}/"), issuer.to_uppercase()] {
            refused_with(&app, "iss", json!(other)).await;
        }
    }

    async fn case_003_missing_sub(app: TestApp) {
        refused_without(&app, "sub").await;
    }

    async fn case_004_invalid_aud(app: TestApp) {
        refused_with(&app, "aud", json!("somebody-else")).await;
        refused_with(&app, "aud", json!([])).await;
    }

    async fn case_005_missing_aud(app: TestApp) {
        refused_without(&app, "aud").await;
    }

    async fn case_006_missing_iat(app: TestApp) {
        refused_without(&app, "iat").await;
    }

    async fn case_014_userinfo_invalid_sub(app: TestApp) {
        {
            let mut script = app.idp.script();
            script.claims_in_id_token = false;
            script.userinfo_reply = Some(std::sync::Arc::new(|claims| {
                claims.insert("sub".to_owned(), json!("sub-somebody-else"));
            }));
        }
        let answer = app.sign_in("alice").await;
        app.assert_refused(&answer, "provider_failure").await;
        app.idp.script().userinfo_reply = Some(std::sync::Arc::new(|claims| {
            claims.remove("sub");
        }));
        let answer = app.sign_in("alice").await;
        app.assert_refused(&answer, "provider_failure").await;
        assert_eq!(app.count_people().await, 0);
    }

    async fn case_015_nonce_invalid(app: TestApp) {
        refused_with(&app, "nonce", json!("another")).await;
        refused_with(&app, "nonce", json!("")).await;
    }

    async fn case_016_scope_userinfo_claims(app: TestApp) {
        app.idp.script().claims_in_id_token = false;
        app.sign_in("alice").await.assert_signed_in("/admin");
        assert_eq!(app.email().await, "alice@example.com");
        assert_eq!(app.idp.log().count("/userinfo"), 1);
    }

    async fn userinfo_is_not_asked_when_the_id_token_says_enough(app: TestApp) {
        app.sign_in("alice").await.assert_signed_in("/admin");
        assert_eq!(app.idp.log().count("/userinfo"), 0);
    }

    async fn case_023_userinfo_signed(app: TestApp) {
        let claims = json!({"sub": "sub-alice", "email": "alice@example.com", "email_verified": true});
        let header = json!({"alg": "RS256", "kid": "first"});
        let jwt = Key::rsa("first").sign(header.as_object().unwrap(), &claims.to_string());
        {
            let mut script = app.idp.script();
            script.claims_in_id_token = false;
            script.userinfo = Manner::body(200, "application/jwt", jwt);
        }
        let answer = app.sign_in("alice").await;
        app.assert_refused(&answer, "provider_failure").await;
        // The same claims unsigned under the same content type: not parsed either.
        app.idp.script().userinfo = Manner::body(200, "application/jwt", claims.to_string());
        let answer = app.sign_in("alice").await;
        app.assert_refused(&answer, "provider_failure").await;
    }

    async fn case_024_userinfo_bearer_header(app: TestApp) {
        app.idp.script().claims_in_id_token = false;
        app.sign_in("alice").await.assert_signed_in("/admin");
        let asked = app.idp.log().last("/userinfo");
        assert!(asked.header("authorization").unwrap().starts_with("Bearer "));
        assert!(asked.body.is_empty() && asked.query.is_empty());
    }

    async fn case_043_invalid_missing_exp(app: TestApp) {
        refused_without(&app, "exp").await;
    }

    async fn case_043_invalid_expired_exp(app: TestApp) {
        let past = app.ctx.now().timestamp() - 3600;
        refused_with(&app, "exp", json!(past)).await;
    }

    async fn case_044_invalid_missing_iss(app: TestApp) {
        refused_without(&app, "iss").await;
    }

    async fn case_044_invalid_missing_nonce(app: TestApp) {
        refused_without(&app, "nonce").await;
    }

    async fn case_045_valid_aud_as_array(app: TestApp) {
        app.idp.set_in_id_token("aud", json!(["gateway"]));
        app.sign_in("alice").await.assert_signed_in("/admin");
    }

    async fn case_046_invalid_secondary_aud(app: TestApp) {
        refused_with(&app, "aud", json!(["gateway", "somebody-else"])).await;
        refused_with(&app, "aud", json!(["somebody-else", "gateway"])).await;
    }
}
