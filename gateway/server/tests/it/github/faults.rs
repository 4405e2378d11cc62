//! What GitHub answers instead.

use std::time::Duration;

use gateway_testkit::Manner;
use serde_json::json;

use crate::harness::{TestApp, after};

async fn refused(app: &TestApp, code: &str) -> String {
    let answer = app.fresh().sign_in_by_github().await;
    let entry = app.assert_refused(&answer, code).await;
    assert_eq!(app.count_people().await, 0);
    after(&entry)["cause"].as_str().unwrap().to_owned()
}

cases! {
    async fn case_231_case_232_errors_come_with_status_200(app: TestApp) {
        for (error, code) in [
            ("bad_verification_code", "provider_failure"),
            ("incorrect_client_credentials", "provider_failure"),
            ("redirect_uri_mismatch", "provider_failure"),
            ("unverified_user_email", "github_unverified_email"),
            ("something_new", "provider_failure"),
        ] {
            app.github.script().token = Manner::oauth_error(200, error);
            let cause = refused(&app, code).await;
            assert!(cause.contains(error), "{cause}");
        }
        assert_eq!(app.github.log().count("/user"), 0);
    }

    async fn case_232_a_wrong_client_secret_is_named(app: TestApp) {
        "rotated".clone_into(&mut app.github.script().client_secret);
        let cause = refused(&app, "provider_failure").await;
        assert!(cause.contains("client_secret"), "{cause}");
    }

    async fn case_233_only_json_is_read(app: TestApp) {
        let form = "access_token=gho_x&token_type=bearer&scope=user";
        app.github.script().token = Manner::body(200, "application/x-www-form-urlencoded", form);
        refused(&app, "provider_failure").await;
        assert_eq!(app.github.log().count("/user"), 0);
    }

    async fn case_234_github_says_no(app: TestApp) {
        for (error, code) in [
            ("access_denied", "access_denied"),
            ("application_suspended", "provider_failure"),
            ("redirect_uri_mismatch", "provider_failure"),
        ] {
            let started = app.get("/api/v1/auth/oauth/start?provider_key=github").await;
            let callback = app.github.refuse(started.location(), error);
            let answer = app.come_back(&callback).await;
            app.assert_refused(&answer, code).await;
        }
    }

    async fn case_235_the_callbacks_iss(app: TestApp) {
        let ours = app.github.url("/login/oauth");
        for other in [
            "https://github.com/login/oauth".to_owned(), format!("{ours}/"), app.github.url(""), "https://evil.example".to_owned(),
        ] {
            app.github.script().iss = Some(other);
            let answer = app.fresh().sign_in_by_github().await;
            app.assert_refused(&answer, "state_invalid").await;
        }
        assert_eq!(app.github.log().count("/access_token"), 0);
        for right in [Some(ours), None] {
            app.github.script().iss = right;
            app.fresh().sign_in_by_github().await.assert_signed_in("/admin");
        }
    }

    async fn case_235_of_github_itself(app: TestApp) {
        // github.com cannot be asked here, but its issuer is known before anybody is asked.
        let app = app.with_github(|provider| {
            provider.as_object_mut().unwrap().remove("base_url");
        }).await;
        for (iss, is_ours) in [("https://github.com/login/oauth", true), ("https://evil.example", false)] {
            let browser = app.fresh();
            let started = browser.get("/api/v1/auth/oauth/start?provider_key=github").await;
            assert!(started.location().starts_with("https://github.com/login/oauth/authorize?"));
            // Refused by the person, so that no code has to be redeemed.
            let callback = app.github.refuse(started.location(), "access_denied").with("iss", iss);
            let answer = browser.come_back(&callback).await;
            app.assert_refused(&answer, if is_ours { "access_denied" } else { "state_invalid" }).await;
        }
    }

    async fn case_239_limits_and_outages(app: TestApp) {
        let limited = Manner::json(403, &json!({"message": "API rate limit exceeded"}))
            .with_header("x-ratelimit-remaining", "0");
        for manner in [
            limited,
            Manner::status(403).with_header("retry-after", "60"),
            Manner::status(429),
            Manner::status(500),
            Manner::status(503),
            Manner::hang_up(),
        ] {
            app.github.script().user = manner;
            refused(&app, "provider_unavailable").await;
        }
        assert_eq!(app.github.log().count("/user"), 6, "nothing is tried again");
    }

    async fn case_239_of_the_token_endpoint(app: TestApp) {
        for manner in [Manner::status(500), Manner::status(429), Manner::hang_up(), Manner::flood(10 << 20)] {
            app.github.script().token = manner;
            refused(&app, "provider_unavailable").await;
        }
        assert_eq!(app.github.log().count("/access_token"), 4);
    }

    async fn case_240_a_revoked_app(app: TestApp) {
        app.github.script().user = Manner::json(401, &json!({"message": "Bad credentials"}));
        refused(&app, "provider_failure").await;
    }

    async fn case_244_a_verifier_that_does_not_fit(app: TestApp) {
        let victims = app.begin_github().await;
        let mallory = app.fresh();
        let own = mallory.begin_github().await;
        let answer = mallory.come_back(&own.with("code", victims.get("code").unwrap())).await;
        app.assert_refused(&answer, "provider_failure").await;
    }

    async fn a_github_that_is_down(app: TestApp) {
        let callback = app.begin_github().await;
        app.github.stop().await;
        let answer = app.come_back(&callback).await;
        app.assert_refused(&answer, "provider_unavailable").await;
    }

    async fn a_github_that_is_slow(app: TestApp) {
        let app = app.with_github(|provider| provider["http"]["timeout"] = json!("1s")).await;
        app.github.script().user = Manner::proper().after(Duration::from_secs(3));
        refused(&app, "provider_unavailable").await;
    }

    async fn a_redirect_is_not_followed(app: TestApp) {
        let elsewhere = app.idp.url("/token");
        app.github.script().token = Manner::redirect(307, &elsewhere);
        refused(&app, "provider_failure").await;
        assert_eq!(app.idp.log().count(""), 0, "the secret stays here");
    }
}
