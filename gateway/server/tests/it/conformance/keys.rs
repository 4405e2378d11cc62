//! Signatures, algorithms and keys.

use gateway_testkit::{FakeIdp, Key};
use serde_json::{Value, json};

use crate::harness::TestApp;

async fn refused(app: &TestApp) {
    let answer = app.sign_in("alice").await;
    app.assert_refused(&answer, "provider_failure").await;
    assert_eq!(app.count_people().await, 0);
}

cases! {
    async fn case_007_kid_absent_single_jwks(app: TestApp) {
        app.idp.script().signing_key = Key::rsa("first").without_kid();
        app.sign_in("alice").await.assert_signed_in("/admin");
    }

    async fn case_008_kid_absent_multiple_jwks(app: TestApp) {
        {
            let mut script = app.idp.script();
            script.published = vec![Key::rsa("a").jwk(), Key::other_rsa("b").jwk()];
            script.signing_key = Key::rsa("a").without_kid();
        }
        refused(&app).await;
    }

    async fn case_009_idtoken_sig_rs256(app: TestApp) {
        app.idp.use_key(Key::rsa("a"));
        app.sign_in("alice").await.assert_signed_in("/admin");
    }

    async fn case_009_the_other_pinned_algorithms(app: TestApp) {
        let keys = [Key::es256("es"), Key::ed25519("ed"), Key::rsa("ps").signing_with("PS256")];
        for (number, key) in keys.into_iter().enumerate() {
            // A new key is looked for once a minute.
            app.wait(chrono::TimeDelta::minutes(6));
            app.idp.use_key(key);
            app.sign_in(&format!("alice{number}")).await.assert_signed_in("/admin");
        }
    }

    async fn case_010_idtoken_sig_none(app: TestApp) {
        app.idp.script().signing_key = Key::nothing();
        refused(&app).await;
        app.idp.script().signing_key = Key::nothing().named("first");
        refused(&app).await;
        // The provider says that it does so: still refused.
        app.idp.set_in_discovery("id_token_signing_alg_values_supported", json!(["none"]));
        app.wait(chrono::TimeDelta::minutes(6));
        refused(&app).await;
    }

    async fn case_011_invalid_sig_rs256(app: TestApp) {
        app.idp.script().break_signature = true;
        refused(&app).await;
    }

    async fn case_011_signed_with_a_key_that_is_not_published(app: TestApp) {
        app.idp.script().signing_key = Key::other_rsa("first");
        refused(&app).await;
    }

    async fn case_012_invalid_sig_es256(app: TestApp) {
        app.idp.use_key(Key::es256("es"));
        app.idp.script().break_signature = true;
        refused(&app).await;
    }

    async fn case_013_invalid_sig_hs256(app: TestApp) {
        app.idp.script().signing_key = Key::secret("something");
        refused(&app).await;
    }

    async fn case_021_signing_key_rotation(app: TestApp) {
        app.sign_in("alice").await.assert_signed_in("/admin");
        app.idp.rotate();
        app.sign_in("bob").await.assert_signed_in("/admin");
        assert_eq!(app.idp.log().count("/jwks"), 2);
    }

    async fn case_022_signing_key_rotation_just_before_signing(app: TestApp) {
        app.sign_in("alice").await.assert_signed_in("/admin");
        let callback = app.begin().await;
        app.idp.rotate();
        app.come_back(&callback).await.assert_signed_in("/admin");
        assert_eq!(app.idp.log().count("/jwks"), 2);
        assert_eq!(app.idp.log().count("/token"), 2, "the code is redeemed once");
    }

    async fn case_133_the_old_key_goes_while_a_flow_is_under_way(app: TestApp) {
        app.sign_in("alice").await.assert_signed_in("/admin");
        let callback = app.begin().await;
        // Signed with the old key still, but only the new one is published: the copy at hand knows the old one.
        app.idp.script().published = vec![Key::other_rsa("rotated").jwk()];
        app.come_back(&callback).await.assert_signed_in("/admin");
        // With no copy that knows it, nobody vouches for it.
        app.wait(chrono::TimeDelta::minutes(6));
        let answer = app.fresh().sign_in("bob").await;
        app.assert_refused(&answer, "provider_failure").await;
        app.idp.rotate();
        app.sign_in("bob").await.assert_signed_in("/admin");
    }

    async fn case_047_invalid_null_alg(app: TestApp) {
        app.idp.set_in_header("alg", Value::Null);
        refused(&app).await;
        app.idp.bend_id_token(|header, _| {
            header.remove("alg");
        });
        refused(&app).await;
    }

    async fn case_047_invalid_alternate_alg(app: TestApp) {
        for alg in ["RS384", "PS256", "ES256", "HS256", "none", "NONE", "rs256"] {
            app.idp.set_in_header("alg", json!(alg));
            refused(&app).await;
        }
        app.idp.script().id_token = None;
        // Properly signed, but with an algorithm that the file does not name.
        app.idp.script().signing_key = Key::rsa("first").signing_with("RS512");
        refused(&app).await;
    }

    async fn case_093_hs256_with_the_client_secret_while_the_provider_advertises_it(app: TestApp) {
        for key in [
            Key::secret(FakeIdp::CLIENT_SECRET),
            Key::secret(FakeIdp::CLIENT_SECRET).named("first"),
            Key::secret(FakeIdp::CLIENT_SECRET).signing_with("HS512"),
        ] {
            app.idp.script().signing_key = key;
            refused(&app).await;
        }
    }

    async fn case_093_hs256_where_the_file_pins_it_by_hand(app: TestApp) {
        let app = app.with_provider(|provider| provider["signing_algorithms"] = json!(["HS256"])).await;
        app.idp.script().signing_key = Key::secret(FakeIdp::CLIENT_SECRET);
        app.sign_in("alice").await.assert_signed_in("/admin");
        app.idp.script().signing_key = Key::secret("another secret");
        let answer = app.sign_in("bob").await;
        app.assert_refused(&answer, "provider_failure").await;
        app.idp.script().signing_key = Key::rsa("first");
        let answer = app.sign_in("bob").await;
        app.assert_refused(&answer, "provider_failure").await;
    }
}
