//! Key sets and headers.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use gateway_testkit::{FakeIdp, Key, keys};
use serde_json::json;

use crate::harness::TestApp;

async fn refused(app: &TestApp) {
    let answer = app.sign_in("alice").await;
    app.assert_refused(&answer, "provider_failure").await;
    assert_eq!(app.count_people().await, 0);
}

cases! {
    async fn case_094_hs256_keyed_with_the_public_key(app: TestApp) {
        let jwk = Key::rsa("first").jwk();
        let modulus = jwk["n"].as_str().unwrap();
        let secrets = [
            URL_SAFE_NO_PAD.decode(modulus).unwrap(),
            modulus.as_bytes().to_vec(),
            keys::RSA_PEM.as_bytes().to_vec(),
            jwk.to_string().into_bytes(),
            Vec::new(),
        ];
        for secret in secrets {
            app.idp.script().signing_key = Key::secret(secret).named("first");
            refused(&app).await;
        }
    }

    async fn case_095_a_secret_in_the_key_set_is_ignored(app: TestApp) {
        {
            let mut script = app.idp.script();
            let secret = Key::secret("published secret").named("oct");
            script.published = vec![secret.jwk(), Key::rsa("first").jwk()];
            script.signing_key = secret;
        }
        refused(&app).await;
        app.idp.script().signing_key = Key::rsa("first");
        app.sign_in("alice").await.assert_signed_in("/admin");
    }

    async fn case_095_even_where_hs256_is_pinned(app: TestApp) {
        let app = app.with_provider(|provider| provider["signing_algorithms"] = json!(["HS256"])).await;
        {
            let mut script = app.idp.script();
            let secret = Key::secret("published secret").named("oct");
            script.published = vec![secret.jwk()];
            script.signing_key = secret;
        }
        refused(&app).await;
    }

    async fn case_097_duplicate_kid(app: TestApp) {
        {
            let mut script = app.idp.script();
            script.published = vec![Key::other_rsa("same").jwk(), Key::rsa("same").jwk()];
            script.signing_key = Key::rsa("same");
        }
        refused(&app).await;
    }

    async fn case_098_odd_keys_beside_a_good_one(app: TestApp) {
        let mut private = Key::other_rsa("private").jwk();
        private["d"] = json!("AQAB");
        app.idp.script().published = vec![
            private,
            json!({"kty": "RSA", "kid": "x5c-only", "x5c": ["MIIB"]}),
            json!({"kty": "FUTURE", "kid": "unknown"}),
            json!({"kid": "no-kty"}),
            json!(17),
            json!(null),
            json!("text"),
            json!({"kty": "EC", "crv": "P-521", "kid": "p521", "x": "AA", "y": "AA"}),
            Key::rsa("first").jwk(),
        ];
        app.sign_in("alice").await.assert_signed_in("/admin");
    }

    async fn case_099_short_rsa_keys_are_refused(app: TestApp) {
        for key in [Key::rsa_1024("short"), Key::rsa_512("shorter")] {
            app.idp.use_key(key);
            refused(&app).await;
            app.wait(chrono::TimeDelta::minutes(6));
        }
    }

    async fn case_099_odd_exponents_are_refused(app: TestApp) {
        for exponent in ["AQ", "Aw", "", "AA"] {
            let mut jwk = Key::rsa("first").jwk();
            jwk["e"] = json!(exponent);
            app.idp.script().published = vec![jwk];
            refused(&app).await;
            app.wait(chrono::TimeDelta::minutes(6));
        }
    }

    async fn case_101_a_flood_of_unknown_kids_asks_for_keys_once_a_minute(app: TestApp) {
        app.sign_in("alice").await.assert_signed_in("/admin");
        for number in 0..40 {
            app.idp.script().signing_key = Key::other_rsa(&format!("unknown-{number}"));
            let answer = app.sign_in("mallory").await;
            app.assert_refused(&answer, "provider_failure").await;
        }
        assert_eq!(app.idp.log().count("/jwks"), 2);
        app.wait(chrono::TimeDelta::seconds(61));
        app.sign_in("mallory").await;
        assert_eq!(app.idp.log().count("/jwks"), 3);
    }

    async fn case_102_keys_in_the_header_are_ignored(app: TestApp) {
        let evil = FakeIdp::start(app.clock.clone()).await;
        evil.use_key(Key::other_rsa("first"));
        let jwk = Key::other_rsa("first").jwk();
        app.idp.script().signing_key = Key::other_rsa("first");
        for (name, value) in [
            ("jku", json!(evil.url("/jwks"))),
            ("x5u", json!(evil.url("/jwks"))),
            ("jwk", jwk),
            ("x5c", json!(["MIIB"])),
        ] {
            app.idp.set_in_header(name, value);
            refused(&app).await;
        }
        assert_eq!(evil.log().count(""), 0);
    }

    async fn case_103_crit_and_jwe(app: TestApp) {
        app.idp.bend_id_token(|header, _| {
            header.insert("crit".to_owned(), json!(["exp"]));
            header.insert("exp".to_owned(), json!(1));
        });
        refused(&app).await;
        app.idp.set_in_header("crit", json!(["b64"]));
        refused(&app).await;
        app.idp.script().id_token = None;
        app.idp.script().token_reply = Some(std::sync::Arc::new(|reply| {
            reply.insert("id_token".to_owned(), json!("eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.a.b.c.d"));
        }));
        refused(&app).await;
    }

    async fn case_104_tokens_of_other_kinds(app: TestApp) {
        for typ in ["at+jwt", "application/at+jwt", "logout+jwt", "AT+JWT", "dpop+jwt"] {
            app.idp.set_in_header("typ", json!(typ));
            refused(&app).await;
        }
    }

    async fn case_104_usual_types_are_fine(app: TestApp) {
        for (number, typ) in ["JWT", "jwt"].into_iter().enumerate() {
            app.idp.set_in_header("typ", json!(typ));
            app.sign_in(&format!("alice{number}")).await.assert_signed_in("/admin");
        }
        app.idp.bend_id_token(|header, _| {
            header.remove("typ");
        });
        app.sign_in("alice9").await.assert_signed_in("/admin");
    }

    async fn no_token_at_all(app: TestApp) {
        for text in ["", ".", "..", "a.b.c", "eyJhbGciOiJSUzI1NiJ9..", "\u{0}"] {
            let value = json!(text);
            app.idp.script().token_reply = Some(std::sync::Arc::new(move |reply| {
                reply.insert("id_token".to_owned(), value.clone());
            }));
            refused(&app).await;
        }
    }
}
