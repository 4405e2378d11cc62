//! Started sign-ins.

use chrono::TimeDelta;
use gateway_store::login_flows;
use gateway_testkit::on_both;

use crate::samples::{flow, hash, now};

on_both! {
    async fn comes_back_as_it_was_kept(db: TestDb) {
        let (state, flow) = (hash(), flow());
        login_flows::insert(&*db, &state, &flow).await.unwrap();
        assert_eq!(login_flows::find(&*db, &state).await.unwrap(), Some(flow));
        assert_eq!(login_flows::find(&*db, &hash()).await.unwrap(), None);
    }

    async fn case_060_of_many_callbacks_at_once_one_gets_the_flow(db: TestDb) {
        let state = hash();
        login_flows::insert(&*db, &state, &flow()).await.unwrap();
        let racers: Vec<_> = (0..32)
            .map(|_| {
                let db = db.clone();
                tokio::spawn(async move { login_flows::consume(&*db, &state, now()).await.unwrap() })
            })
            .collect();
        let mut winners = 0;
        for racer in racers {
            winners += usize::from(racer.await.unwrap());
        }
        assert_eq!(winners, 1);
        assert!(login_flows::find(&*db, &state).await.unwrap().unwrap().consumed_at.is_some());
    }

    async fn case_058_an_expired_flow_is_nobodys(db: TestDb) {
        let state = hash();
        let flow = flow();
        login_flows::insert(&*db, &state, &flow).await.unwrap();
        assert!(!login_flows::consume(&*db, &state, flow.expires_at).await.unwrap());
        assert!(login_flows::consume(&*db, &state, flow.expires_at - TimeDelta::microseconds(1)).await.unwrap());
    }

    async fn case_059_a_used_flow_stays_used(db: TestDb) {
        let state = hash();
        login_flows::insert(&*db, &state, &flow()).await.unwrap();
        assert!(login_flows::consume(&*db, &state, now()).await.unwrap());
        assert!(!login_flows::consume(&*db, &state, now()).await.unwrap());
        assert!(!login_flows::consume(&*db, &hash(), now()).await.unwrap());
    }
}
