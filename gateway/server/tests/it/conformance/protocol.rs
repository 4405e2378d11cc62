//! The walk itself: requests, client authentication, discovery, the callback's `iss`.

use gateway_testkit::{FakeIdp, Iss, Manner};
use serde_json::json;

cases! {
    async fn case_001_oidcc_client_test(app: TestApp) {
        let started = app.start("idp").await;
        started.assert_private();
        assert_eq!(started.status.as_u16(), 303);
        let callback = app.idp.authorize(started.location());
        let sent = app.idp.last_authorization();
        assert_eq!(sent["response_type"], "code");
        assert_eq!(sent["client_id"], FakeIdp::CLIENT_ID);
        assert_eq!(sent["redirect_uri"], "https://gateway.test/api/v1/auth/oidc/callback");
        assert_eq!(sent["code_challenge_method"], "S256");
        assert_eq!(sent["code_challenge"].len(), 43);
        assert!(sent["scope"].split(' ').any(|scope| scope == "openid"));
        assert!(sent["nonce"].len() >= 32 && sent["state"].len() >= 32 && sent["nonce"] != sent["state"]);
        app.come_back(&callback).await.assert_signed_in("/admin");
        let redeemed = app.idp.log().last("/token");
        assert_eq!(redeemed.field("grant_type").as_deref(), Some("authorization_code"));
        assert!(redeemed.header("authorization").unwrap().starts_with("Basic "));
        let session = app.session().await;
        assert_eq!(session["user"]["email"], "alice@example.com");
        assert_eq!(session["user"]["name"], "Alice");
        assert_eq!(session["session"]["provider_key"], "idp");
    }

    async fn case_017_client_secret_basic_is_form_encoded(app: TestApp) {
        // The secret holds `+`, `/`, `:`, `%` and spaces; the provider decodes it as RFC 6749 §2.3.1 says.
        app.sign_in("alice").await.assert_signed_in("/admin");
        assert_eq!(app.idp.log().last("/token").field("client_secret"), None);
    }

    async fn case_017_client_secret_post_where_the_provider_takes_nothing_else(app: TestApp) {
        app.idp.set_in_discovery("token_endpoint_auth_methods_supported", json!(["client_secret_post"]));
        app.sign_in("alice").await.assert_signed_in("/admin");
        let redeemed = app.idp.log().last("/token");
        assert_eq!(redeemed.field("client_secret").as_deref(), Some(FakeIdp::CLIENT_SECRET));
        assert_eq!(redeemed.header("authorization"), None);
    }

    async fn case_017_a_public_client_has_pkce_alone(app: TestApp) {
        let app = app.with_provider(|provider| {
            provider.as_object_mut().unwrap().remove("client_secret");
        }).await;
        app.idp.script().client_secret = None;
        app.sign_in("alice").await.assert_signed_in("/admin");
        let redeemed = app.idp.log().last("/token");
        assert_eq!(redeemed.field("client_id").as_deref(), Some(FakeIdp::CLIENT_ID));
        assert_eq!((redeemed.field("client_secret"), redeemed.header("authorization")), (None, None));
    }

    async fn case_018_discovery_is_fetched_once_and_kept(app: TestApp) {
        app.sign_in("alice").await.assert_signed_in("/admin");
        app.sign_in("bob").await.assert_signed_in("/admin");
        assert_eq!(app.idp.log().count("/.well-known/openid-configuration"), 1);
    }

    async fn case_018_explicit_endpoints_take_the_place_of_discovery(app: TestApp) {
        let idp = app.idp.clone();
        let app = app.with_provider(|provider| {
            provider["endpoints"] = json!({
                "authorization": idp.url("/authorize"), "token": idp.url("/token"), "jwks": idp.url("/jwks"),
            });
        }).await;
        app.idp.script().discovery = Manner::status(500);
        app.sign_in("alice").await.assert_signed_in("/admin");
        assert_eq!(app.idp.log().count("/.well-known/openid-configuration"), 0);
    }

    async fn case_019_keys_come_from_the_jwks_uri(app: TestApp) {
        let elsewhere = app.idp.url("/keys/of/the/provider/jwks");
        app.idp.set_in_discovery("jwks_uri", json!(elsewhere));
        app.sign_in("alice").await.assert_signed_in("/admin");
        assert_eq!(app.idp.log().count("/keys/of/the/provider/jwks"), 1);
    }

    async fn case_020_discovery_issuer_mismatch(app: TestApp) {
        app.idp.set_in_discovery("issuer", json!("https://somebody-else.example"));
        let started = app.start("idp").await;
        let entry = app.assert_refused(&started, "provider_unavailable").await;
        assert!(entry.after.unwrap().contains("issuer"));
        assert!(app.jar().flows().is_empty());
    }

    async fn case_041_third_party_initiated_login(app: TestApp) {
        let issuer = app.idp.issuer();
        let started = app.start_with(&[("iss", &issuer), ("target_link_uri", "https://evil.example/")]).await;
        let callback = app.idp.authorize(started.location());
        app.come_back(&callback).await.assert_signed_in("/admin");
        let unknown = app.start_with(&[("iss", "https://evil.example")]).await;
        app.assert_refused(&unknown, "provider_failure").await;
    }

    async fn case_048_invalid_authorization_response_iss(app: TestApp) {
        app.idp.script().iss = Iss::Other("https://evil.example".to_owned());
        let answer = app.sign_in("alice").await;
        app.assert_refused(&answer, "state_invalid").await;
        assert_eq!(app.idp.log().count("/token"), 0);
    }

    async fn case_049_remove_authorization_response_iss(app: TestApp) {
        app.idp.script().iss = Iss::Ours;
        let callback = app.begin().await;
        let answer = app.come_back(&callback.clone().without("iss")).await;
        app.assert_refused(&answer, "state_invalid").await;
        assert_eq!(app.idp.log().count("/token"), 0);
        app.come_back(&callback).await.assert_signed_in("/admin");
    }

    async fn case_050_ensure_authorization_response_with_invalid_state_fails(app: TestApp) {
        let callback = app.begin().await;
        for bent in [
            callback.clone().with("state", "x".repeat(43)),
            callback.clone().without("state"),
        ] {
            let answer = app.come_back(&bent).await;
            app.assert_refused(&answer, "state_invalid").await;
        }
        assert_eq!(app.idp.log().count("/token"), 0);
        app.come_back(&callback).await.assert_signed_in("/admin");
    }

    async fn case_051_token_endpoint_response_without_expires_in(app: TestApp) {
        app.idp.script().token_reply = Some(std::sync::Arc::new(|reply| {
            reply.remove("expires_in");
        }));
        app.sign_in("alice").await.assert_signed_in("/admin");
    }

    async fn case_051_token_type_case_insensitivity(app: TestApp) {
        for (number, token_type) in ["bearer", "BEARER", "bEARER"].into_iter().enumerate() {
            app.idp.script().token_reply = Some(std::sync::Arc::new(move |reply| {
                reply.insert("token_type".to_owned(), json!(token_type));
            }));
            app.sign_in(&format!("alice{number}")).await.assert_signed_in("/admin");
        }
    }

    async fn case_092_login_cannot_be_framed(app: TestApp) {
        let page = app.get("/admin/login").await;
        page.assert_status(200);
        assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"));
    }
}
