//! State, flow cookies, replay, many tabs.

use chrono::TimeDelta;
use serde_json::json;

use crate::harness::{TestApp, oidc_provider};

/// The flow cookie that this browser got last.
fn only_flow(app: &TestApp) -> (String, String) {
    let flows = app.jar().flows();
    assert_eq!(flows.len(), 1, "{flows:?}");
    flows[0].clone()
}

cases! {
    async fn case_052_callback_without_flow_cookie(app: TestApp) {
        let mallory = app.fresh();
        let callback = mallory.begin().await;
        let answer = app.come_back(&callback).await;
        app.assert_refused(&answer, "state_invalid").await;
        assert_eq!(app.idp.log().count("/token"), 0);
        assert!(!app.is_signed_in().await);
        mallory.come_back(&callback).await.assert_signed_in("/admin");
    }

    async fn case_053_the_cookie_of_another_flow(app: TestApp) {
        let mallory = app.fresh();
        let callback = mallory.begin().await;
        app.begin().await;
        let (theirs, _) = mallory.jar().flows().remove(0);
        let (_, value) = only_flow(&app);
        app.jar().set(&theirs, &value);
        let answer = app.come_back(&callback).await;
        app.assert_refused(&answer, "state_invalid").await;
        assert_eq!(app.idp.log().count("/token"), 0);
    }

    async fn case_053_the_cookie_of_another_provider(app: TestApp) {
        let other = gateway_testkit::FakeIdp::start(app.clock.clone()).await;
        let app = app.restarted_with(|config| {
            config["auth"]["oidc"]["providers"].as_array_mut().unwrap().push(oidc_provider("other", &other));
        }).await;
        let callback = app.begin().await;
        let (name, _) = only_flow(&app);
        let started = app.start("other").await;
        let value = started.cookies()[0].value.clone();
        app.jar().set(&name, &value);
        let answer = app.come_back(&callback).await;
        app.assert_refused(&answer, "state_invalid").await;
    }

    async fn case_054_a_planted_cookie_without_the_prefix_is_ignored(app: TestApp) {
        let callback = app.begin().await;
        let (name, value) = only_flow(&app);
        let bare = name.strip_prefix("__Host-").unwrap();
        app.jar().remove(&name);
        app.jar().set(bare, &value);
        let answer = app.come_back(&callback).await;
        app.assert_refused(&answer, "state_invalid").await;
    }

    async fn case_054_the_flow_cookie_is_bound_to_this_host(app: TestApp) {
        let started = app.start("idp").await;
        let cookies = started.cookies();
        assert_eq!(cookies.len(), 1);
        let cookie = &cookies[0];
        assert!(cookie.name.starts_with("__Host-ogw_flow_"));
        assert!(cookie.value.len() >= 43);
        for attribute in ["httponly", "secure", "samesite=lax", "path=/", "max-age=600"] {
            assert!(cookie.has(attribute), "{attribute}");
        }
        assert!(!cookie.attributes.iter().any(|attribute| attribute.starts_with("domain")));
        let plain = app.restarted_with(|config| config["server"]["public_base_url"] = json!("http://localhost:8080")).await;
        let started = plain.fresh().start("idp").await;
        let cookie = &started.cookies()[0];
        assert!(cookie.name.starts_with("ogw_flow_") && !cookie.has("secure"));
    }

    async fn case_056_state_missing_empty_twice_or_too_long(app: TestApp) {
        let callback = app.begin().await;
        let state = callback.get("state").unwrap().to_owned();
        for bent in [
            callback.clone().without("state"),
            callback.clone().with("state", ""),
            callback.clone().and("state", "b"),
            callback.clone().and("state", &state),
            callback.clone().with("state", "a".repeat(10_000)),
            callback.clone().with("state", "a".repeat(257)),
            callback.clone().with("state", "\u{0}"),
            callback.clone().with("state", "\u{e9}"),
            callback.clone().with("state", format!("{state} ")),
        ] {
            let answer = app.come_back(&bent).await;
            app.assert_refused(&answer, "state_invalid").await;
        }
        app.come_back(&callback).await.assert_signed_in("/admin");
    }

    async fn case_057_unknown_state(app: TestApp) {
        let callback = app.begin().await;
        let answer = app.come_back(&callback.with("state", "A".repeat(43))).await;
        app.assert_refused(&answer, "state_invalid").await;
    }

    async fn case_058_expired_state(app: TestApp) {
        let callback = app.begin().await;
        app.wait(TimeDelta::minutes(11));
        let answer = app.come_back(&callback).await;
        app.assert_refused(&answer, "state_expired").await;
        assert!(app.jar().flows().is_empty(), "the flow is dead and its cookie goes");
        assert_eq!(app.idp.log().count("/token"), 0);
    }

    async fn case_058_ten_minutes_are_enough(app: TestApp) {
        let callback = app.begin().await;
        app.wait(TimeDelta::seconds(599));
        app.come_back(&callback).await.assert_signed_in("/admin");
    }

    async fn case_059_replay_of_the_whole_callback(app: TestApp) {
        let callback = app.begin().await;
        let (name, value) = only_flow(&app);
        app.come_back(&callback).await.assert_signed_in("/admin");
        let session = app.jar().get("ogw_session").unwrap();
        // With the cookie put back, and without.
        app.jar().set(&name, &value);
        for _ in 0..2 {
            let answer = app.come_back(&callback).await;
            let entry = app.assert_refused(&answer, "state_invalid").await;
            assert_eq!(entry.action, "sign_in.replayed");
            app.jar().remove(&name);
        }
        assert_eq!(app.jar().get("ogw_session"), Some(session));
        assert!(app.is_signed_in().await);
        assert_eq!(app.idp.log().count("/token"), 1);
    }

    async fn case_060_twenty_callbacks_at_once(app: TestApp) {
        let callback = app.begin().await;
        let (name, value) = only_flow(&app);
        let tabs: Vec<_> = (0..20)
            .map(|_| {
                // Each has the cookie, as if all were sent before the first was answered.
                let tab = app.fresh();
                tab.jar().set(&name, &value);
                let callback = callback.clone();
                tokio::spawn(async move { tab.come_back(&callback).await })
            })
            .collect();
        let mut signed_in = 0;
        for tab in tabs {
            let answer = tab.await.unwrap();
            if answer.opens_session() {
                answer.assert_signed_in("/admin");
                signed_in += 1;
            } else {
                app.assert_refused(&answer, "state_invalid").await;
            }
        }
        assert_eq!(signed_in, 1);
        assert_eq!(app.idp.log().count("/token"), 1);
        assert_eq!(app.count_sessions().await, 1);
        assert_eq!(app.count_people().await, 1);
        app.assert_audit_intact().await;
    }

    async fn case_061_two_tabs_of_one_browser(app: TestApp) {
        let first = app.begin().await;
        let second = app.begin().await;
        assert_eq!(app.jar().flows().len(), 2);
        app.come_back(&first).await.assert_signed_in("/admin");
        app.come_back(&second).await.assert_signed_in("/admin");
        assert!(app.is_signed_in().await);
        assert!(app.jar().flows().is_empty());
        assert_eq!(app.count_sessions().await, 1, "the first tab's session ended with the second's");
    }

    async fn case_061_and_in_the_other_order(app: TestApp) {
        let first = app.begin().await;
        let second = app.begin().await;
        app.come_back(&second).await.assert_signed_in("/admin");
        app.come_back(&first).await.assert_signed_in("/admin");
        assert!(app.is_signed_in().await);
    }

    async fn case_061_abandoned_tabs_do_not_pile_up(app: TestApp) {
        for _ in 0..15 {
            app.start("idp").await;
        }
        assert!(app.jar().flows().len() <= 10);
        let callback = app.begin().await;
        app.come_back(&callback).await.assert_signed_in("/admin");
    }

    async fn case_247_case_248_the_callback_reaches_another_gateway(app: TestApp) {
        let callback = app.begin().await;
        let replica = app.replica().await;
        replica.come_back(&callback).await.assert_signed_in("/admin");
        assert!(app.is_signed_in().await, "and both know the session");
    }

    async fn case_073_a_github_flow_at_the_oidc_callback(app: TestApp) {
        let callback = app.begin_github().await;
        let bent = callback.clone().without("iss").at("/api/v1/auth/oidc/callback");
        let answer = app.come_back(&bent).await;
        app.assert_refused(&answer, "state_invalid").await;
        assert_eq!(app.idp.log().count("/token"), 0);
        app.come_back(&callback).await.assert_signed_in("/admin");
    }

    async fn case_073_an_oidc_flow_at_the_github_callback(app: TestApp) {
        let callback = app.begin().await;
        let answer = app.come_back(&callback.clone().at("/api/v1/auth/oauth/callback/github")).await;
        app.assert_refused(&answer, "state_invalid").await;
        assert_eq!(app.github.log().count(""), 0);
        app.come_back(&callback).await.assert_signed_in("/admin");
    }

    async fn a_changed_client_id_ends_the_flow(app: TestApp) {
        let mut app = app;
        let callback = app.begin().await;
        app.reload_with(|config| config["auth"]["oidc"]["providers"][0]["client_id"] = json!("another")).await;
        let answer = app.come_back(&callback).await;
        app.assert_refused(&answer, "state_expired").await;
        assert_eq!(app.idp.log().count("/token"), 0);
    }
}
