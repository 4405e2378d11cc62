//! What the provider, a robot or an operator can do to a flow that has begun.

use std::time::Duration;

use gateway_testkit::{Iss, Manner};
use serde_json::json;

use crate::harness::after;

cases! {
    async fn case_064_the_person_says_no(app: TestApp) {
        let started = app.start("idp").await;
        let callback = app.idp.refuse(started.location(), "access_denied");
        let answer = app.come_back(&callback).await;
        app.assert_refused(&answer, "access_denied").await;
        assert!(app.jar().flows().is_empty());
        let again = app.come_back(&callback).await;
        app.assert_refused(&again, "state_invalid").await;
    }

    async fn case_065_an_error_in_the_wrong_browser_consumes_nothing(app: TestApp) {
        let callback = app.begin().await;
        let error = callback.clone().without("code").and("error", "access_denied");
        let mallory = app.fresh();
        for bent in [error.clone(), error.clone().without("state"), error.with("state", "A".repeat(43))] {
            let answer = mallory.come_back(&bent).await;
            app.assert_refused(&answer, "state_invalid").await;
        }
        app.come_back(&callback).await.assert_signed_in("/admin");
    }

    async fn case_066_errors_in_our_words(app: TestApp) {
        for (error, code) in [
            ("server_error", "provider_unavailable"),
            ("temporarily_unavailable", "provider_unavailable"),
            ("login_required", "provider_failure"),
            ("interaction_required", "provider_failure"),
            ("consent_required", "provider_failure"),
            ("invalid_scope", "provider_failure"),
            ("unauthorized_client", "provider_failure"),
            ("invalid_request", "provider_failure"),
            ("something_new", "provider_failure"),
        ] {
            let started = app.start("idp").await;
            let callback = app.idp.refuse(started.location(), error);
            let answer = app.come_back(&callback).await;
            let entry = app.assert_refused(&answer, code).await;
            assert!(after(&entry)["cause"].as_str().unwrap().contains(error));
        }
    }

    async fn case_067_a_hostile_error_description(app: TestApp) {
        let hostile = format!("<script>alert(1)</script>\r\nSet-Cookie: a=b\u{202e}{}", "x".repeat(9_000));
        let started = app.start("idp").await;
        let callback = app.idp.refuse(started.location(), "access_denied").and("error_description", hostile);
        let answer = app.come_back(&callback).await;
        let entry = app.assert_refused(&answer, "access_denied").await;
        let cause = after(&entry)["cause"].as_str().unwrap().to_owned();
        assert!(cause.chars().count() < 400, "{}", cause.len());
        assert!(!cause.contains(['\r', '\n', '\u{202e}']));
        assert!(!answer.location().contains("script"));
        let page = app.get(answer.location()).await;
        page.assert_status(200);
        assert!(!page.body.contains("alert(1)") && !page.body.contains("Set-Cookie"));
    }

    async fn case_069_head_and_prefetch_begin_nothing(app: TestApp) {
        let head = app.head("/api/v1/auth/oidc/start?provider_key=idp").await;
        head.assert_status(405);
        assert!(head.cookies().is_empty());
        let ahead = app.with_header("sec-purpose", "prefetch").start("idp").await;
        assert!(!ahead.status.is_success() && !ahead.status.is_redirection());
        assert!(ahead.cookies().is_empty());
        assert_eq!(app.idp.log().count(""), 0);
    }

    async fn case_069_head_does_not_use_up_a_callback(app: TestApp) {
        let callback = app.begin().await;
        app.head(&callback.to_string()).await.assert_status(405);
        app.come_back(&callback).await.assert_signed_in("/admin");
    }

    async fn case_069_sixty_starts_a_minute_from_one_address(app: TestApp) {
        for _ in 0..60 {
            app.start("idp").await.assert_status(303);
        }
        let refused = app.start("idp").await;
        refused.assert_status(429);
        let seconds: u64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&seconds));
        app.from("198.51.100.9").start("idp").await.assert_status(303);
        app.wait(chrono::TimeDelta::seconds(61));
        app.start("idp").await.assert_status(303);
    }

    async fn case_070_unknown_and_disabled_providers_look_alike(app: TestApp) {
        let app = app.with_provider(|provider| provider["enabled"] = json!(false)).await;
        let mut answers = Vec::new();
        for key in ["idp", "nobody", "", "github", "../idp", "IDP"] {
            let answer = app.start(key).await;
            app.assert_refused(&answer, "provider_failure").await;
            let reference = answer.header("x-request-id").to_owned();
            let place = answer.location().replace(&reference, "");
            answers.push((place, answer.cookies().len(), answer.body));
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
        assert_eq!(app.get("/api/v1/auth/oidc/providers").await.json(), json!({"providers": []}));
    }

    async fn case_071_a_provider_disabled_in_mid_flow(app: TestApp) {
        let mut app = app;
        let callback = app.begin().await;
        app.reload_with(|config| config["auth"]["oidc"]["providers"][0]["enabled"] = json!(false)).await;
        let answer = app.come_back(&callback).await;
        app.assert_refused(&answer, "provider_failure").await;
        assert_eq!(app.idp.log().count("/token"), 0);
    }

    async fn case_071_a_provider_deleted_in_mid_flow(app: TestApp) {
        let mut app = app;
        let callback = app.begin().await;
        app.reload_with(|config| config["auth"]["oidc"]["providers"] = json!([])).await;
        let answer = app.come_back(&callback).await;
        app.assert_refused(&answer, "provider_failure").await;
        assert_eq!(app.idp.log().count("/token"), 0);
    }

    async fn case_071_a_provider_that_goes_while_it_answers(app: TestApp) {
        type Change = fn(&mut serde_json::Value);
        let changes: [(Change, &str); 4] = [
            (|providers| providers["oidc"]["providers"][0]["enabled"] = json!(false), "provider_failure"),
            (|providers| providers["oidc"]["providers"] = json!([]), "provider_failure"),
            (|providers| providers["oidc"]["providers"][0]["client_id"] = json!("another"), "state_expired"),
            (|providers| providers["oidc"]["providers"][0]["allowed_email_domains"] = json!(["else.example"]), "policy_denied"),
        ];
        for (number, (change, code)) in changes.into_iter().enumerate() {
            let mut app = app.restarted_with(|_| ()).await;
            app.idp.script().token = Manner::default().after(Duration::from_millis(700));
            let callback = app.begin().await;
            let browser = app.browser.clone();
            let waiting = tokio::spawn(async move { browser.come_back(&callback).await });
            while app.idp.log().count("/token") <= number {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            app.reload_with(|config| change(&mut config["auth"])).await;
            let answer = waiting.await.unwrap();
            app.assert_refused(&answer, code).await;
            assert_eq!((app.count_people().await, app.count_sessions().await), (0, 0));
        }
    }

    async fn a_browser_that_goes_away_leaves_its_sign_in_in_the_audit_log(app: TestApp) {
        for manner in [Manner::default(), Manner::status(500)] {
            app.idp.script().token = manner.after(Duration::from_millis(300));
            let asked = app.idp.log().count("/token");
            let callback = app.begin().await;
            let browser = app.browser.clone();
            let waiting = tokio::spawn(async move { browser.come_back(&callback).await });
            while app.idp.log().count("/token") == asked {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            waiting.abort();
            assert!(waiting.await.unwrap_err().is_cancelled());
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(app.audit_of("sign_in.succeeded").await.len(), 1);
        assert_eq!(app.audit_of("sign_in.failed").await.len(), 1);
        assert!(!app.is_signed_in().await, "the session reached nobody");
    }

    async fn case_080_a_wrong_iss_beside_an_error(app: TestApp) {
        app.idp.script().iss = Iss::Other("https://evil.example".to_owned());
        let started = app.start("idp").await;
        let callback = app.idp.refuse(started.location(), "access_denied");
        let answer = app.come_back(&callback).await;
        app.assert_refused(&answer, "state_invalid").await;
        let right = callback.with("iss", app.idp.issuer());
        let answer = app.come_back(&right).await;
        app.assert_refused(&answer, "access_denied").await;
    }

    async fn neither_a_code_nor_an_error(app: TestApp) {
        let callback = app.begin().await.without("code");
        let answer = app.come_back(&callback).await;
        app.assert_refused(&answer, "provider_failure").await;
        assert_eq!(app.idp.log().count("/token"), 0);
    }
}
