//! Cases 125, 144 and 146: endpoints that answer slowly or without end, after discovery went well.

use std::time::{Duration, Instant};

use gateway_testkit::Manner;
use serde_json::json;

use crate::harness::TestApp;

fn without_end() -> [Manner; 3] {
    [
        Manner::drip(),
        Manner::gzip_bomb(),
        Manner::flood(100 << 20),
    ]
}

async fn impatient(app: TestApp) -> TestApp {
    app.with_provider(|provider| provider["http"]["timeout"] = json!("1s"))
        .await
}

cases! {
    async fn case_125_the_token_endpoint(app: TestApp) {
        let app = impatient(app).await;
        for manner in without_end() {
            app.idp.script().token = manner;
            let began = Instant::now();
            let answer = app.sign_in("alice").await;
            assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
            let error = answer.location().to_owned();
            let code = if error.contains("provider_failure") { "provider_failure" } else { "provider_unavailable" };
            app.assert_refused(&answer, code).await;
        }
        assert_eq!(app.idp.log().count("/token"), 3, "no code is tried twice");
    }

    async fn case_125_the_key_set(app: TestApp) {
        let app = impatient(app).await;
        for manner in without_end() {
            app.idp.script().jwks = manner;
            let began = Instant::now();
            let answer = app.sign_in("alice").await;
            assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
            app.assert_refused(&answer, "provider_unavailable").await;
            app.wait(chrono::TimeDelta::minutes(2));
        }
    }

    async fn case_146_userinfo_that_never_ends(app: TestApp) {
        let app = impatient(app).await;
        app.sign_in("alice").await.assert_signed_in("/admin");
        app.idp.script().claims_in_id_token = false;
        for manner in without_end() {
            app.idp.script().userinfo = manner;
            app.fresh().sign_in("alice").await.assert_signed_in("/admin");
            let answer = app.fresh().sign_in("stranger").await;
            app.assert_refused(&answer, "provider_failure").await;
        }
        assert_eq!(app.count_people().await, 1);
    }

    async fn case_125_many_who_wait_hold_nobody_up(app: TestApp) {
        // More than there are connections to the database.
        app.idp.script().token = Manner::drip();
        let mut waiting = Vec::new();
        for _ in 0..30 {
            let browser = app.fresh();
            let callback = browser.begin().await;
            waiting.push(tokio::spawn(async move { browser.come_back(&callback).await }));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        let began = Instant::now();
        app.sign_in_by_github().await.assert_signed_in("/admin");
        app.get("/admin/account").await.assert_status(200);
        assert!(began.elapsed() < Duration::from_millis(1500), "{:?}", began.elapsed());
        assert!(waiting.iter().all(|one| !one.is_finished()));
        for one in waiting {
            one.await.unwrap().assert_sso_error("provider_unavailable");
        }
    }
}
