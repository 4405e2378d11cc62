//! Links that work once.

use chrono::TimeDelta;
use gateway_domain::{OneTimePurpose, TokenHash};
use gateway_store::{Db, one_time_links};
use gateway_testkit::on_both;

use crate::samples::{hash, now, user};

async fn invite(db: &Db, user: &gateway_domain::User) -> TokenHash {
    let token = hash();
    let until = now() + TimeDelta::hours(1);
    one_time_links::insert(
        db,
        &token,
        OneTimePurpose::Invite,
        Some(user.id),
        None,
        now(),
        until,
    )
    .await
    .unwrap();
    token
}

on_both! {
    async fn works_once_for_one_of_many(db: TestDb) {
        let ada = user(&db, "ada@example.com").await;
        let token = invite(&db, &ada).await;
        let found = one_time_links::find(&*db, &token, now()).await.unwrap().unwrap();
        assert_eq!((found.purpose, found.user_id), (OneTimePurpose::Invite, Some(ada.id)));
        let racers: Vec<_> = (0..16)
            .map(|_| {
                let db = db.clone();
                tokio::spawn(async move { one_time_links::consume(&*db, &token, now()).await.unwrap() })
            })
            .collect();
        let mut winners = Vec::new();
        for racer in racers {
            winners.extend(racer.await.unwrap());
        }
        assert_eq!(winners, [found]);
        assert_eq!(one_time_links::find(&*db, &token, now()).await.unwrap(), None);
    }

    async fn expires(db: TestDb) {
        let ada = user(&db, "ada@example.com").await;
        let token = invite(&db, &ada).await;
        let found = one_time_links::find(&*db, &token, now()).await.unwrap().unwrap();
        assert_eq!(one_time_links::find(&*db, &token, found.expires_at).await.unwrap(), None);
        assert_eq!(one_time_links::consume(&*db, &token, found.expires_at).await.unwrap(), None);
    }

    async fn a_persons_links_are_revoked_together(db: TestDb) {
        let (ada, bob) = (user(&db, "ada@example.com").await, user(&db, "bob@example.com").await);
        let of_ada = [invite(&db, &ada).await, invite(&db, &ada).await];
        let of_bob = invite(&db, &bob).await;
        assert_eq!(one_time_links::revoke(&*db, Some(ada.id), now()).await.unwrap(), 2);
        for token in of_ada {
            assert_eq!(one_time_links::consume(&*db, &token, now()).await.unwrap(), None);
        }
        assert!(one_time_links::find(&*db, &of_bob, now()).await.unwrap().is_some());
    }

    async fn set_up_links_have_no_person_and_others_have_one(db: TestDb) {
        let ada = user(&db, "ada@example.com").await;
        let until = now() + TimeDelta::hours(1);
        let insert = async |purpose, user| one_time_links::insert(&*db, &hash(), purpose, user, None, now(), until).await;
        assert!(insert(OneTimePurpose::Setup, Some(ada.id)).await.is_err());
        assert!(insert(OneTimePurpose::Reset, None).await.is_err());
        let token = hash();
        one_time_links::insert(&*db, &token, OneTimePurpose::Setup, None, None, now(), until).await.unwrap();
        let of_ada = invite(&db, &ada).await;
        assert_eq!(one_time_links::revoke(&*db, None, now()).await.unwrap(), 1);
        assert_eq!(one_time_links::find(&*db, &token, now()).await.unwrap(), None);
        assert!(one_time_links::find(&*db, &of_ada, now()).await.unwrap().is_some());
    }
}
