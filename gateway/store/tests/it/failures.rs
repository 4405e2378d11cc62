//! Failed passwords.

use chrono::TimeDelta;
use gateway_store::{installation, password_failures};
use gateway_testkit::on_both;

use crate::samples::{hash, now};

on_both! {
    async fn case_256_failures_add_up_until_they_are_forgotten(db: TestDb) {
        let (key, at) = (hash(), now());
        let day = TimeDelta::days(1);
        assert_eq!(password_failures::find(&*db, &key, at).await.unwrap(), None);
        for count in 1..=6 {
            assert_eq!(password_failures::record(&*db, &key, at, at + day).await.unwrap(), count);
        }
        let until = at + TimeDelta::seconds(8);
        password_failures::delay(&*db, &key, until).await.unwrap();
        let found = password_failures::find(&*db, &key, at).await.unwrap().unwrap();
        assert_eq!((found.failures, found.next_allowed), (6, until));
        assert_eq!(password_failures::find(&*db, &hash(), at).await.unwrap(), None);
        password_failures::clear(&*db, &key).await.unwrap();
        assert_eq!(password_failures::find(&*db, &key, at).await.unwrap(), None);
    }

    async fn case_256_old_failures_count_no_longer(db: TestDb) {
        let (key, at) = (hash(), now());
        let hour = TimeDelta::hours(1);
        for _ in 0..5 {
            password_failures::record(&*db, &key, at, at + hour).await.unwrap();
        }
        assert_eq!(password_failures::find(&*db, &key, at + hour).await.unwrap(), None);
        assert_eq!(password_failures::record(&*db, &key, at + hour, at + hour * 2).await.unwrap(), 1);
    }

    async fn case_256_failures_at_once_are_all_counted(db: TestDb) {
        let (key, at) = (hash(), now());
        let racers: Vec<_> = (0..16)
            .map(|_| {
                let db = db.clone();
                tokio::spawn(async move {
                    password_failures::record(&*db, &key, at, at + TimeDelta::hours(1)).await.unwrap()
                })
            })
            .collect();
        let mut counts = Vec::new();
        for racer in racers {
            counts.push(racer.await.unwrap());
        }
        counts.sort_unstable();
        assert_eq!(counts, (1..=16).collect::<Vec<_>>());
    }

    async fn settings_of_the_installation_are_kept(db: TestDb) {
        assert_eq!(installation::get(&*db, "id").await.unwrap(), None);
        installation::set(&*db, "id", "a").await.unwrap();
        installation::set(&*db, "id", "b").await.unwrap();
        assert_eq!(installation::get(&*db, "id").await.unwrap().as_deref(), Some("b"));
    }
}
