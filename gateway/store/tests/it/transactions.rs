//! Decisions run one after the other.

use std::time::Duration;

use gateway_domain::{GlobalRole, RoleSource};
use gateway_store::{Db, Error, installation, users};
use gateway_testkit::on_both;

use crate::samples::{assertion, email, new_user, now, user};

/// Reads a number, thinks, and writes one more.
async fn increment(db: &Db) {
    let mut tx = db.begin().await.unwrap();
    let number: i64 = installation::get(&mut tx, "n")
        .await
        .unwrap()
        .map_or(0, |text| text.parse().unwrap());
    tokio::time::sleep(Duration::from_millis(5)).await;
    installation::set(&mut tx, "n", &(number + 1).to_string())
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

on_both! {
    async fn what_one_reads_no_other_changes_before_it_commits(db: TestDb) {
        let tasks: Vec<_> = (0..12)
            .map(|_| {
                let db = db.clone();
                tokio::spawn(async move { increment(&db).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(installation::get(&*db, "n").await.unwrap().as_deref(), Some("12"));
    }

    async fn case_247_the_same_holds_between_processes(db: TestDb) {
        let other = db.reconnect().await;
        let tasks: Vec<_> = (0..12)
            .map(|number| {
                let db = if number % 2 == 0 { db.clone() } else { other.clone() };
                tokio::spawn(async move { increment(&db).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(installation::get(&*db, "n").await.unwrap().as_deref(), Some("12"));
    }

    async fn two_admins_cannot_demote_each_other(db: TestDb) {
        let mut admins = Vec::new();
        for address in ["ada@example.com", "bob@example.com"] {
            let admin = user(&db, address).await;
            users::set_role(&*db, admin.id, GlobalRole::PlatformAdmin, RoleSource::Manual).await.unwrap();
            admins.push(admin.id);
        }
        let tasks: Vec<_> = admins
            .into_iter()
            .map(|id| {
                let db = db.clone();
                tokio::spawn(async move {
                    let mut tx = db.begin().await.unwrap();
                    if users::count_active_admins(&mut tx).await.unwrap() > 1 {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                        users::set_role(&mut tx, id, GlobalRole::User, RoleSource::Manual).await.unwrap();
                    }
                    tx.commit().await.unwrap();
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(users::count_active_admins(&*db).await.unwrap(), 1);
    }

    async fn case_245_a_dropped_transaction_leaves_nothing(db: TestDb) {
        let address = email("ada@example.com");
        let mut tx = db.begin().await.unwrap();
        let ada = users::insert(&mut tx, new_user(&address), now()).await.unwrap().unwrap();
        gateway_store::identities::insert(&mut tx, ada.id, &assertion("idp", "1"), now()).await.unwrap();
        drop(tx);
        assert_eq!(users::find_by_email(&*db, &address).await.unwrap(), None);
        assert_eq!(gateway_store::identities::linked(&*db, &assertion("idp", "1")).await.unwrap(), None);
    }

    async fn a_link_to_nobody_is_a_conflict(db: TestDb) {
        let nobody = gateway_domain::UserId::new();
        let link = gateway_store::identities::insert(&*db, nobody, &assertion("idp", "1"), now()).await;
        assert!(matches!(link, Err(Error::Conflict(_))), "{link:?}");
    }

    async fn a_closed_database_is_an_error_and_no_panic(db: TestDb) {
        db.ping().await.unwrap();
        db.close().await;
        assert!(db.ping().await.is_err());
        assert!(db.begin().await.is_err());
    }
}

#[tokio::test]
async fn an_unknown_scheme_is_refused_with_the_known_ones() {
    let error = Db::connect("mysql://localhost/gateway").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "database.url must begin with sqlite:// or postgres://"
    );
}
