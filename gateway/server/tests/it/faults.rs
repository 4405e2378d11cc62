//! Cases 245 to 247: the database fails in the middle, or two gateways share it.
//!
//! A trigger fails one kind of statement on one table, as a full disk or a lost connection would. Whatever the moment:
//! the person is told, nothing half-made stays, and after the repair they begin again and come in.

mod stages;

use std::time::Duration;

use gateway_domain::GlobalRole;

cases! {
    async fn case_246_people_come_in_at_two_gateways_at_once(app: TestApp) {
        let replica = app.replica().await;
        let mut flows = Vec::new();
        for number in 0..20 {
            let gateway = if number % 2 == 0 { &app } else { &replica };
            let browser = gateway.fresh().from(&format!("198.51.100.{}", number + 1));
            browser.idp.person(&format!("person{number}"));
            let callback = browser.begin().await;
            flows.push((browser, callback));
        }
        let finishing: Vec<_> = flows
            .into_iter()
            .map(|(browser, callback)| tokio::spawn(async move { browser.come_back(&callback).await }))
            .collect();
        for answer in finishing {
            answer.await.unwrap().assert_signed_in("/admin");
        }
        assert_eq!(app.count_people().await, 20);
        assert_eq!(app.count_sessions().await, 20);
        assert_eq!(app.idp.log().count("/token"), 20, "no code is redeemed twice");
        app.assert_audit_intact().await;
    }

    async fn case_246_a_sign_in_waits_for_another_decision(app: TestApp) {
        let callback = app.begin().await;
        let other = app.db.begin().await.unwrap();
        let browser = app.browser.clone();
        let waiting = tokio::spawn(async move { browser.come_back(&callback).await });
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!waiting.is_finished());
        other.commit().await.unwrap();
        waiting.await.unwrap().assert_signed_in("/admin");
        assert_eq!(app.idp.log().count("/token"), 1);
    }

    async fn case_247_one_flow_at_two_gateways_at_once(app: TestApp) {
        let replica = app.replica().await;
        let callback = app.begin().await;
        let (name, value) = app.jar().flows().remove(0);
        let tabs: Vec<_> = (0..10)
            .map(|number| {
                let tab = if number % 2 == 0 { app.fresh() } else { replica.fresh() };
                tab.jar().set(&name, &value);
                let callback = callback.clone();
                tokio::spawn(async move { tab.come_back(&callback).await })
            })
            .collect();
        let mut signed_in = 0;
        for tab in tabs {
            let answer = tab.await.unwrap();
            if answer.opens_session() {
                signed_in += 1;
            } else {
                app.assert_refused(&answer, "state_invalid").await;
            }
        }
        assert_eq!((signed_in, app.count_sessions().await), (1, 1));
        assert_eq!(app.idp.log().count("/token"), 1);
    }

    async fn case_247_what_one_gateway_ends_the_other_does_not_open(app: TestApp) {
        let replica = app.replica().await;
        let alice = app.signed_in_as("alice@example.com", GlobalRole::User).await;
        let there = alice.at(replica.router.clone());
        assert!(there.is_signed_in().await);
        let cookie = alice.jar().get("ogw_session").unwrap();
        alice.post_json("/api/v1/auth/logout", &serde_json::json!({})).await.assert_status(200);
        there.jar().set("ogw_session", &cookie);
        assert!(!there.is_signed_in().await);
    }
}
