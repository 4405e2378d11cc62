//! Section C: mix-up, injected codes and tokens, PKCE, redirect URIs.

use std::{collections::BTreeSet, sync::Arc};

use gateway_testkit::{FakeIdp, Iss, Key};
use serde_json::json;

use crate::harness::{TestApp, after, oidc_provider};

/// A gateway with a second provider, `evil`.
async fn with_evil(app: TestApp, callback: &str) -> (TestApp, FakeIdp) {
    let evil = FakeIdp::start(app.clock.clone()).await;
    let app = app
        .restarted_with(|config| {
            config["auth"]["oidc"]["callback"] = json!(callback);
            let providers = config["auth"]["oidc"]["providers"].as_array_mut();
            providers.unwrap().push(oidc_provider("evil", &evil));
        })
        .await;
    (app, evil)
}

cases! {
    async fn case_077_mix_up_with_a_callback_a_provider(app: TestApp) {
        let (app, evil) = with_evil(app, "per_provider").await;
        // The person begins with evil, whose page bounces them to the honest provider with evil's state.
        let started = app.start("evil").await;
        let at_evil = evil.authorize(started.location());
        assert_eq!(at_evil.path, "/api/v1/auth/oidc/callback/evil");
        let from_honest = app.idp.authorize(started.location()).at("/api/v1/auth/oidc/callback/idp");
        let answer = app.come_back(&from_honest).await;
        app.assert_refused(&answer, "state_invalid").await;
        assert_eq!((evil.log().count("/token"), app.idp.log().count("/token")), (0, 0));
        let shared = from_honest.at("/api/v1/auth/oidc/callback");
        let answer = app.come_back(&shared).await;
        app.assert_refused(&answer, "state_invalid").await;
        assert_eq!((evil.log().count("/token"), app.idp.log().count("/token")), (0, 0));
        app.come_back(&at_evil).await.assert_signed_in("/admin");
    }

    async fn case_077_mix_up_with_the_shared_callback(app: TestApp) {
        let (app, evil) = with_evil(app, "shared").await;
        app.idp.script().iss = Iss::Ours;
        let started = app.start("evil").await;
        let from_honest = app.idp.authorize(started.location());
        let answer = app.come_back(&from_honest).await;
        app.assert_refused(&answer, "state_invalid").await;
        assert_eq!((evil.log().count("/token"), app.idp.log().count("/token")), (0, 0));
    }

    async fn case_078_iss_is_compared_byte_by_byte(app: TestApp) {
        let issuer = app.idp.issuer();
        let callback = app.begin().await;
        for other in [
            format!("{issuer}/"), issuer.to_uppercase(), issuer.replace("http", "https"), issuer[..issuer.len() - 1].to_owned(),
            format!("{issuer}%2f"), issuer.replace("127.0.0.1", "localhost"), String::new(),
        ] {
            let answer = app.come_back(&callback.clone().with("iss", other)).await;
            app.assert_refused(&answer, "state_invalid").await;
        }
        let twice = callback.clone().with("iss", &issuer).and("iss", &issuer);
        let answer = app.come_back(&twice).await;
        app.assert_refused(&answer, "state_invalid").await;
        assert_eq!(app.idp.log().count("/token"), 0);
        app.come_back(&callback.with("iss", &issuer)).await.assert_signed_in("/admin");
    }

    async fn case_081_a_stolen_code_in_the_attackers_flow(app: TestApp) {
        let victims = app.begin().await;
        let mallory = app.fresh();
        let own = mallory.begin().await;
        let injected = own.with("code", victims.get("code").unwrap());
        let answer = mallory.come_back(&injected).await;
        app.assert_refused(&answer, "provider_failure").await;
        assert!(!mallory.is_signed_in().await);
    }

    async fn case_081_and_where_the_provider_ignores_pkce(app: TestApp) {
        app.idp.script().checks_pkce = false;
        let victims = app.begin().await;
        let mallory = app.fresh();
        let own = mallory.begin().await;
        let injected = own.with("code", victims.get("code").unwrap());
        let answer = mallory.come_back(&injected).await;
        let entry = app.assert_refused(&answer, "provider_failure").await;
        assert!(after(&entry)["cause"].as_str().unwrap().contains("nonce"));
    }

    async fn case_082_pkce_is_never_downgraded(app: TestApp) {
        for methods in [json!(["plain"]), json!([]), json!(null)] {
            app.idp.set_in_discovery("code_challenge_methods_supported", methods);
            app.wait(chrono::TimeDelta::minutes(6));
            app.sign_in("alice").await.assert_signed_in("/admin");
            assert_eq!(app.idp.last_authorization()["code_challenge_method"], "S256");
        }
        app.idp.drop_from_discovery("code_challenge_methods_supported");
        app.wait(chrono::TimeDelta::minutes(6));
        app.sign_in("alice").await.assert_signed_in("/admin");
        assert_eq!(app.idp.last_authorization()["code_challenge_method"], "S256");
    }

    async fn case_083_verifiers_are_unique_and_in_no_cookie(app: TestApp) {
        let mut cookies = String::new();
        for _ in 0..5 {
            let callback = app.begin().await;
            cookies += &app.jar().header().unwrap();
            app.come_back(&callback).await.assert_signed_in("/admin");
        }
        let verifiers: BTreeSet<String> =
            app.idp.log().of("/token").iter().map(|seen| seen.field("code_verifier").unwrap()).collect();
        assert_eq!(verifiers.len(), 5);
        for verifier in verifiers {
            assert!((43..=128).contains(&verifier.len()));
            assert!(!cookies.contains(&verifier));
        }
    }

    async fn case_084_a_provider_that_ignores_pkce_still_signs_in(app: TestApp) {
        app.idp.script().checks_pkce = false;
        app.sign_in("alice").await.assert_signed_in("/admin");
    }

    async fn case_085_the_redirect_uri_is_the_one_that_was_sent(app: TestApp) {
        let mut app = app;
        let callback = app.begin().await;
        app.reload_with(|config| config["server"]["public_base_url"] = json!("https://moved.test")).await;
        app.come_back(&callback).await;
        let redeemed = app.idp.log().last("/token");
        assert_eq!(redeemed.field("redirect_uri").as_deref(), Some("https://gateway.test/api/v1/auth/oidc/callback"));
    }

    async fn case_086_spoofed_hosts_change_nothing(app: TestApp) {
        let started = app
            .with_header("host", "evil.example")
            .with_header("x-forwarded-host", "evil.example")
            .with_header("x-forwarded-proto", "http")
            .with_header("forwarded", "host=evil.example;proto=http")
            .with_header("x-forwarded-uri", "https://evil.example/")
            .start("idp")
            .await;
        let callback = app.idp.authorize(started.location());
        let sent = app.idp.last_authorization();
        assert_eq!(sent["redirect_uri"], "https://gateway.test/api/v1/auth/oidc/callback");
        let answer = app.with_header("host", "evil.example").with_header("x-forwarded-proto", "http").come_back(&callback).await;
        answer.assert_signed_in("/admin");
        assert!(answer.cookie("ogw_session").unwrap().has("secure"));
    }

    async fn case_087_an_id_token_of_another_provider(app: TestApp) {
        let (app, evil) = with_evil(app, "shared").await;
        let nonces: Arc<std::sync::Mutex<String>> = Arc::default();
        let started = app.start("idp").await;
        let callback = app.idp.authorize(started.location());
        nonces.lock().unwrap().clone_from(&app.idp.last_authorization()["nonce"]);
        let now = app.ctx.now().timestamp();
        let claims = json!({
            "iss": evil.issuer(), "sub": "sub-alice", "aud": "gateway", "iat": now, "exp": now + 300,
            "nonce": *nonces.lock().unwrap(), "email": "alice@example.com", "email_verified": true,
        });
        let header = json!({"alg": "RS256", "kid": "first"});
        for (key, issuer) in [
            (Key::rsa("first"), evil.issuer()),
            (Key::other_rsa("first"), app.idp.issuer()),
        ] {
            let mut claims = claims.clone();
            claims["iss"] = json!(issuer);
            let token = key.sign(header.as_object().unwrap(), &claims.to_string());
            app.idp.script().token_reply = Some(Arc::new(move |reply| {
                reply.insert("id_token".to_owned(), json!(token));
            }));
            let started = app.start("idp").await;
            let callback = app.idp.authorize(started.location());
            let answer = app.come_back(&callback).await;
            app.assert_refused(&answer, "provider_failure").await;
        }
        drop(callback);
        assert_eq!(app.count_people().await, 0);
    }

    async fn case_088_an_access_token_of_somebody_else(app: TestApp) {
        app.idp.script().claims_in_id_token = false;
        app.sign_in("victim").await.assert_signed_in("/admin");
        let asked = app.idp.log().last("/userinfo");
        let victims = asked.header("authorization").unwrap().trim_start_matches("Bearer ").to_owned();
        app.idp.script().token_reply = Some(Arc::new(move |reply| {
            reply.insert("access_token".to_owned(), json!(victims));
        }));
        let mallory = app.fresh();
        let answer = mallory.sign_in("mallory").await;
        app.assert_refused(&answer, "provider_failure").await;
        // Without at_hash it is the subject of userinfo that tells.
        app.idp.drop_from_id_token("at_hash");
        let answer = mallory.sign_in("mallory").await;
        app.assert_refused(&answer, "provider_failure").await;
        assert_eq!(app.count_people().await, 1);
    }

    async fn case_089_only_the_code_counts(app: TestApp) {
        let callback = app.begin().await
            .and("id_token", "eyJhbGciOiJub25lIn0.e30.")
            .and("access_token", "x")
            .and("response_type", "id_token")
            .and("session_state", "y");
        app.come_back(&callback).await.assert_signed_in("/admin");
    }
}
