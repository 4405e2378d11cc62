//! Claims, and clocks that disagree.

use std::sync::Arc;

use chrono::TimeDelta;
use gateway_testkit::Manner;
use serde_json::{Value, json};

use crate::harness::{TestApp, after};

async fn refused_with(app: &TestApp, claim: &str, value: Value) {
    app.idp.set_in_id_token(claim, value.clone());
    let answer = app.sign_in("alice").await;
    app.assert_refused(&answer, "provider_failure").await;
    assert_eq!(app.count_people().await, 0, "{claim}: {value}");
}

async fn fine_with(app: &TestApp, claim: &str, value: Value) {
    app.idp.set_in_id_token(claim, value);
    app.sign_in("alice").await.assert_signed_in("/admin");
}

cases! {
    async fn case_105_azp_of_somebody_else(app: TestApp) {
        refused_with(&app, "azp", json!("somebody-else")).await;
        refused_with(&app, "azp", json!("")).await;
        refused_with(&app, "azp", json!(17)).await;
        fine_with(&app, "azp", json!("gateway")).await;
    }

    async fn case_105_several_audiences(app: TestApp) {
        refused_with(&app, "aud", json!(["gateway", "somebody-else"])).await;
        app.idp.bend_id_token(|_, claims| {
            claims.insert("aud".to_owned(), json!(["gateway", "somebody-else"]));
            claims.insert("azp".to_owned(), json!("gateway"));
        });
        let answer = app.sign_in("alice").await;
        app.assert_refused(&answer, "provider_failure").await;
    }

    async fn case_106_exp_within_a_minute(app: TestApp) {
        let now = app.ctx.now().timestamp();
        refused_with(&app, "exp", json!(now - 61)).await;
        refused_with(&app, "exp", json!(now.to_string())).await;
        refused_with(&app, "exp", json!(-1)).await;
        fine_with(&app, "exp", json!(now - 30)).await;
    }

    async fn case_107_iat_in_the_future_and_long_past(app: TestApp) {
        let now = app.ctx.now().timestamp();
        refused_with(&app, "iat", json!(now + 120)).await;
        refused_with(&app, "iat", json!(now - 2 * 3600)).await;
        fine_with(&app, "iat", json!(now + 59)).await;
    }

    async fn case_108_nbf_in_the_future(app: TestApp) {
        let now = app.ctx.now().timestamp();
        refused_with(&app, "nbf", json!(now + 120)).await;
        fine_with(&app, "nbf", json!(now + 30)).await;
    }

    async fn case_112_at_hash_of_another_token(app: TestApp) {
        refused_with(&app, "at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA")).await;
        refused_with(&app, "at_hash", json!("")).await;
        app.idp.drop_from_id_token("at_hash");
        app.sign_in("alice").await.assert_signed_in("/admin");
    }

    async fn case_113_subjects_that_cannot_be_one(app: TestApp) {
        for subject in [
            json!(""), json!("   "), json!("x".repeat(256)), json!("a\u{0}b"), json!("a\nb"), json!("\u{7f}"),
            json!(17), json!(null), json!(["a"]), json!({"a": 1}), json!(true),
        ] {
            refused_with(&app, "sub", subject).await;
        }
        fine_with(&app, "sub", json!("x".repeat(255))).await;
    }

    async fn case_114_subjects_are_compared_by_their_bytes(app: TestApp) {
        for (number, subject) in ["caf\u{e9}", "cafe\u{301}", "CAF\u{c9}", "Cafe", "cafe"].into_iter().enumerate() {
            app.idp.person(&format!("person{number}"));
            app.idp.claim("sub", json!(subject));
            app.finish_sign_in().await.assert_signed_in("/admin");
            assert_eq!(app.email().await, format!("person{number}@example.com"), "{subject}");
        }
        // And each of them is found again.
        app.idp.person("changed");
        app.idp.claim("sub", json!("cafe\u{301}"));
        app.finish_sign_in().await.assert_signed_in("/admin");
        assert_eq!(app.email().await, "person1@example.com");
    }

    async fn case_116_odd_types_of_claims_that_do_not_matter(app: TestApp) {
        for (number, (claim, value)) in [
            ("locale", json!({"language": "en"})),
            ("address", json!("a street")),
            ("amr", json!("pwd")),
            ("updated_at", json!("2026-01-01T00:00:00.000Z")),
            ("acr", json!(17)),
            ("auth_time", json!("yesterday")),
            ("groups", json!({"a": 1})),
            ("name", json!(["A", "B"])),
            ("picture", json!(null)),
            ("sid", json!(5)),
        ].into_iter().enumerate() {
            app.idp.person(&format!("alice{number}"));
            app.idp.claim(claim, value);
            app.finish_sign_in().await.assert_signed_in("/admin");
        }
    }

    async fn case_116_email_verified_is_true_or_it_is_not(app: TestApp) {
        for verified in [json!(true), json!("true")] {
            app.idp.person(&format!("yes-{}", verified.is_string()));
            app.idp.claim("email_verified", verified);
            app.finish_sign_in().await.assert_signed_in("/admin");
        }
        let before = app.count_people().await;
        for unverified in [
            json!(false), json!("false"), json!("TRUE"), json!("yes"), json!(1), json!(null), json!([true]), json!({}),
        ] {
            app.idp.person("mallory");
            app.idp.claim("email_verified", unverified.clone());
            let answer = app.finish_sign_in().await;
            app.assert_refused(&answer, "email_unverified").await;
        }
        app.idp.person("mallory");
        app.idp.unclaim("email_verified");
        let answer = app.finish_sign_in().await;
        app.assert_refused(&answer, "email_unverified").await;
        assert_eq!(app.count_people().await, before);
    }

    async fn a_claim_twice_is_no_claim(app: TestApp) {
        app.idp.script().raw_claims = Some(Arc::new(|claims| {
            let text = Value::Object(claims.clone()).to_string();
            format!("{{\"sub\":\"sub-mallory\",{}", &text[1..])
        }));
        let answer = app.sign_in("alice").await;
        app.assert_refused(&answer, "provider_failure").await;
        assert_eq!(app.count_people().await, 0);
    }

    async fn case_118_a_clock_five_minutes_off_is_named(app: TestApp) {
        // The provider's clock is the machine's, as its Date header says; ours runs behind.
        let behind = TimeDelta::minutes(5);
        let (iat, exp) = (app.ctx.now(), app.ctx.now() + behind);
        app.idp.bend_id_token(move |_, claims| {
            claims.insert("iat".to_owned(), json!(iat.timestamp()));
            claims.insert("exp".to_owned(), json!(exp.timestamp()));
        });
        app.wait(-behind);
        let answer = app.sign_in("alice").await;
        let entry = app.assert_refused(&answer, "provider_failure").await;
        let cause = after(&entry)["cause"].as_str().unwrap().to_owned();
        assert!(cause.contains("clock"), "{cause}");
    }

    async fn case_116_the_fixtures_of_known_providers(app: TestApp) {
        // The shapes that Authentik, Entra, Google, Cognito and Auth0 are known for.
        for (number, claims) in [
            json!({"groups": ["ops"], "acr": "goauthentik.io/providers/oauth2/default", "preferred_username": "u"}),
            json!({"oid": "8f6c1d5e-0000-4000-8000-000000000001", "tid": "t", "ver": "2.0", "preferred_username": "u@x",
                   "_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://graph"}}}),
            json!({"azp": "gateway", "hd": "example.com"}),
            json!({"email_verified": "true", "cognito:groups": ["a"], "token_use": "id", "cognito:username": "u"}),
            json!({"https://ns/roles": ["a"], "updated_at": "2026-01-01T00:00:00.000Z"}),
        ].into_iter().enumerate() {
            app.idp.person(&format!("person{number}"));
            for (name, value) in claims.as_object().unwrap() {
                app.idp.claim(name, value.clone());
            }
            app.finish_sign_in().await.assert_signed_in("/admin");
        }
    }

    async fn case_141_no_id_token(app: TestApp) {
        app.idp.script().token_reply = Some(Arc::new(|reply| {
            reply.remove("id_token");
        }));
        let answer = app.sign_in("alice").await;
        app.assert_refused(&answer, "provider_failure").await;
        app.idp.script().token_reply = None;
        app.idp.script().token = Manner::json(200, &json!({"access_token": "a", "token_type": "Bearer", "id_token": 17}));
        let answer = app.sign_in("alice").await;
        app.assert_refused(&answer, "provider_failure").await;
    }
}
