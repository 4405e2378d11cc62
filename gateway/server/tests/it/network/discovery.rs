//! Section E: discovery and keys over a bad network.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use gateway_testkit::{FakeIdp, Key, Manner};
use serde_json::json;

use crate::harness::{TestApp, after};

/// The start is refused; returns the cause.
async fn cannot_start(app: &TestApp) -> String {
    let started = app.start("idp").await;
    let entry = app.assert_refused(&started, "provider_unavailable").await;
    assert!(app.jar().flows().is_empty());
    after(&entry)["cause"].as_str().unwrap().to_owned()
}

/// Long enough for documents to be old and for a pause after a failure to be over.
fn later(app: &TestApp) {
    app.wait(TimeDelta::minutes(11));
}

cases! {
    async fn case_119_the_issuers_slash(app: TestApp) {
        let slashed = FakeIdp::start_at(app.clock.clone(), "/application/o/gateway/").await;
        let bare = slashed.issuer().trim_end_matches('/').to_owned();
        let app = app.with_provider(|provider| provider["issuer_url"] = json!(bare)).await;
        let cause = cannot_start(&app).await;
        assert!(cause.contains(&format!("{bare:?}")) && cause.contains(&format!("{:?}", slashed.issuer())), "{cause}");
        let app = app.with_provider(|provider| provider["issuer_url"] = json!(slashed.issuer())).await;
        let started = app.start("idp").await;
        app.come_back(&slashed.authorize(started.location())).await.assert_signed_in("/admin");
    }

    async fn case_120_issuers_are_compared_byte_by_byte(app: TestApp) {
        let issuer = app.idp.issuer();
        for other in [
            issuer.to_uppercase(),
            issuer.replace("127.0.0.1", "localhost"),
            issuer.replace("http", "https"),
            format!("{issuer}/%2e"),
            format!("{issuer}?"),
        ] {
            app.idp.set_in_discovery("issuer", json!(other));
            cannot_start(&app).await;
            later(&app);
        }
        app.idp.drop_from_discovery("issuer");
        cannot_start(&app).await;
    }

    async fn case_122_redirects_are_not_followed(app: TestApp) {
        let elsewhere = FakeIdp::start(app.clock.clone()).await;
        for (status, to) in [
            (301, elsewhere.url("/.well-known/openid-configuration")),
            (302, "http://169.254.169.254/latest/meta-data/".to_owned()),
            (307, app.idp.url("/other/.well-known/openid-configuration")),
            (308, "https://evil.example/".to_owned()),
        ] {
            app.idp.script().discovery = Manner::redirect(status, &to);
            cannot_start(&app).await;
            later(&app);
        }
        assert_eq!(elsewhere.log().count(""), 0);
        assert_eq!(app.idp.log().count("/other/.well-known/openid-configuration"), 0);
    }

    async fn case_125_documents_without_end(app: TestApp) {
        for manner in [Manner::flood(100 << 20), Manner::gzip_bomb(), Manner::drip(), Manner::hang_up()] {
            app.idp.script().discovery = manner;
            let began = Instant::now();
            cannot_start(&app).await;
            assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
            later(&app);
        }
    }

    async fn case_125_others_do_not_wait(app: TestApp) {
        app.idp.script().discovery = Manner::drip();
        let slow = app.fresh();
        let slow = tokio::spawn(async move { slow.start("idp").await });
        let began = Instant::now();
        app.sign_in_by_github().await.assert_signed_in("/admin");
        assert!(began.elapsed() < Duration::from_millis(1500), "{:?}", began.elapsed());
        slow.await.unwrap().assert_sso_error("provider_unavailable");
    }

    async fn case_126_key_sets_without_end(app: TestApp) {
        let key = Key::rsa("first").jwk();
        let many: Vec<_> = (0..10_000).map(|number| {
            let mut jwk = key.clone();
            jwk["kid"] = json!(number.to_string());
            jwk
        }).collect();
        for manner in [
            Manner::json(200, &json!({"keys": many})),
            Manner::flood(50 << 20),
            Manner::gzip_bomb(),
        ] {
            app.idp.script().jwks = manner;
            let answer = app.sign_in("alice").await;
            app.assert_refused(&answer, "provider_unavailable").await;
            later(&app);
        }
        app.idp.script().jwks = Manner::proper();
        app.sign_in("alice").await.assert_signed_in("/admin");
    }

    async fn case_128_old_copies_serve_for_a_day(app: TestApp) {
        app.sign_in("alice").await.assert_signed_in("/admin");
        for status in [500, 503, 429] {
            {
                let mut script = app.idp.script();
                script.discovery = Manner::status(status).with_header("retry-after", "30");
                script.jwks = Manner::status(status);
            }
            later(&app);
            app.sign_in("alice").await.assert_signed_in("/admin");
        }
        app.wait(TimeDelta::hours(25));
        cannot_start(&app).await;
        {
            let mut script = app.idp.script();
            script.discovery = Manner::proper();
            script.jwks = Manner::proper();
        }
        later(&app);
        app.sign_in("alice").await.assert_signed_in("/admin");
    }

    async fn case_128_a_failing_provider_is_left_alone_for_a_while(app: TestApp) {
        app.idp.script().discovery = Manner::status(503).with_header("retry-after", "30");
        for _ in 0..10 {
            cannot_start(&app).await;
        }
        assert_eq!(app.idp.log().count("/.well-known/openid-configuration"), 1);
        app.wait(TimeDelta::seconds(61));
        cannot_start(&app).await;
        assert_eq!(app.idp.log().count("/.well-known/openid-configuration"), 2);
    }

    async fn case_128_nothing_old_and_nothing_new(app: TestApp) {
        for (number, manner) in [
            Manner::status(500), Manner::status(404), Manner::body(200, "application/json", "{"),
            Manner::body(200, "application/json", "[]"), Manner::body(200, "text/html", "<h1>Log in</h1>"), Manner::json(200, &json!({})),
        ].into_iter().enumerate() {
            app.idp.script().discovery = manner;
            let cause = cannot_start(&app).await;
            assert!(!cause.contains("<h1>"), "{number}: {cause}");
            later(&app);
        }
    }

    async fn case_129_nobody_there(app: TestApp) {
        app.idp.stop().await;
        cannot_start(&app).await;
        let app = app.with_provider(|provider| provider["issuer_url"] = json!("https://127.0.0.1:1")).await;
        cannot_start(&app).await;
    }

    async fn case_129_plain_http_where_https_was_written(app: TestApp) {
        let https = app.idp.issuer().replace("http://", "https://");
        let app = app.with_provider(|provider| provider["issuer_url"] = json!(https)).await;
        cannot_start(&app).await;
    }

    async fn case_130_a_provider_that_is_down_at_the_start(app: TestApp) {
        app.idp.stop().await;
        let app = app.restarted_with(|_| {}).await;
        cannot_start(&app).await;
        app.get("/admin/login").await.assert_page("Provider idp");
        app.get("/readyz").await.assert_status(200);
        app.sign_in_by_github().await.assert_signed_in("/admin");
        let admin = app.admin().await;
        let status = admin.get("/api/v1/admin/sign-in-providers/idp").await;
        status.assert_status(200);
        assert!(status.body.contains("\"ok\":false"), "{}", status.body);
    }

    async fn case_131_a_provider_that_goes_down_in_mid_flow(app: TestApp) {
        let callback = app.begin().await;
        app.idp.stop().await;
        let answer = app.come_back(&callback).await;
        app.assert_refused(&answer, "provider_unavailable").await;
    }

    async fn case_134_many_sign_ins_on_a_cold_cache(app: TestApp) {
        app.idp.script().discovery = Manner::proper().after(Duration::from_millis(50));
        let mut starts = Vec::new();
        for number in 0..200 {
            let browser = app.fresh().from(&format!("198.51.100.{}", number + 1));
            starts.push(tokio::spawn(async move { (browser.start("idp").await, browser) }));
        }
        let mut ready = Vec::new();
        for start in starts {
            let (started, browser) = start.await.unwrap();
            ready.push((app.idp.authorize(started.location()), browser));
        }
        assert_eq!(app.idp.log().count("/.well-known/openid-configuration"), 1);
        app.idp.script().jwks = Manner::proper().after(Duration::from_millis(50));
        // Decisions about people are made one by one: more at once measure the machine, not the cache.
        let finishes: Vec<_> = ready
            .into_iter()
            .take(50)
            .map(|(callback, browser)| tokio::spawn(async move { browser.come_back(&callback).await }))
            .collect();
        for finish in finishes {
            finish.await.unwrap().assert_signed_in("/admin");
        }
        assert_eq!(app.idp.log().count("/jwks"), 1);
        assert_eq!(app.count_people().await, 1);
    }
}
