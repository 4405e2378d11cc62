//! Cleaning up takes what has expired, and nothing else.

use chrono::TimeDelta;
use gateway_domain::{OneTimePurpose, SessionId};
use gateway_store::{
    login_flows, one_time_links, password_failures, prune,
    sessions::{self, NewSession},
};
use gateway_testkit::on_both;

use crate::samples::{flow, hash, now, user};

on_both! {
    async fn case_249_only_what_has_expired_goes(db: TestDb) {
        let ada = user(&db, "ada@example.com").await;
        let at = now();
        let (old_flow, new_flow) = (hash(), hash());
        let (old_link, new_link) = (hash(), hash());
        let (old_session, new_session) = (hash(), hash());
        let (old_failures, new_failures) = (hash(), hash());
        for (state, expires_at) in [(old_flow, at - TimeDelta::hours(2)), (new_flow, at + TimeDelta::minutes(1))] {
            let flow = login_flows::LoginFlow { expires_at, ..flow() };
            login_flows::insert(&*db, &state, &flow).await.unwrap();
        }
        for (token, until) in [(old_link, at - TimeDelta::days(8)), (new_link, at + TimeDelta::hours(1))] {
            one_time_links::insert(&*db, &token, OneTimePurpose::Invite, Some(ada.id), None, at, until).await.unwrap();
        }
        for (token_hash, expires_at) in [(old_session, at - TimeDelta::seconds(1)), (new_session, at + TimeDelta::hours(1))] {
            let new = NewSession {
                id: SessionId::new(), token_hash, user_id: ada.id, provider_key: "idp", now: at,
                idle_expires_at: expires_at, expires_at, address: "", user_agent: "",
            };
            sessions::insert(&*db, &new).await.unwrap();
        }
        for (key, until) in [(old_failures, at - TimeDelta::seconds(1)), (new_failures, at + TimeDelta::hours(1))] {
            password_failures::record(&*db, &key, at, until).await.unwrap();
        }
        assert_eq!(prune(&db, at).await.unwrap(), 4);
        assert_eq!(prune(&db, at).await.unwrap(), 0);
        assert_eq!(login_flows::find(&*db, &old_flow).await.unwrap(), None);
        assert!(login_flows::find(&*db, &new_flow).await.unwrap().is_some());
        assert!(one_time_links::find(&*db, &new_link, at).await.unwrap().is_some());
        assert!(sessions::find_live(&*db, &new_session, at).await.unwrap().is_some());
        assert!(password_failures::find(&*db, &new_failures, at).await.unwrap().is_some());
    }

    async fn a_flood_goes_as_well(db: TestDb) {
        let at = now();
        let mut tx = db.begin().await.unwrap();
        for _ in 0..1_001 {
            let flow = login_flows::LoginFlow { expires_at: at - TimeDelta::hours(2), ..flow() };
            login_flows::insert(&mut tx, &hash(), &flow).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(prune(&db, at).await.unwrap(), 1_001);
        assert_eq!(prune(&db, at).await.unwrap(), 0);
    }

    async fn case_249_a_used_flow_is_kept_while_it_can_be_replayed(db: TestDb) {
        let state = hash();
        let flow = flow();
        login_flows::insert(&*db, &state, &flow).await.unwrap();
        login_flows::consume(&*db, &state, flow.created_at).await.unwrap();
        prune(&db, flow.expires_at + TimeDelta::minutes(5)).await.unwrap();
        assert!(login_flows::find(&*db, &state).await.unwrap().is_some(), "so that a replay is known for one");
        prune(&db, flow.expires_at + TimeDelta::hours(2)).await.unwrap();
        assert_eq!(login_flows::find(&*db, &state).await.unwrap(), None);
    }
}
