//! Bringing databases up to date.

use gateway_store::{Db, Error, Executor as _};
use gateway_testkit::{TestDb, postgres_unmigrated, sqlite_unmigrated};

/// Two tests of one body, over databases that nobody has migrated.
macro_rules! on_both_unmigrated {
    ($(async fn $name:ident($db:ident: TestDb) $body:block)*) => {$(
        async fn $name($db: TestDb) $body

        mod $name {
            #[tokio::test]
            async fn sqlite() {
                super::$name(super::sqlite_unmigrated().await).await;
            }

            #[tokio::test]
            async fn postgres() {
                if let Some(db) = super::postgres_unmigrated().await {
                    super::$name(db).await;
                }
            }
        }
    )*};
}

async fn refused(db: &Db) -> String {
    match db.migrate().await {
        Err(Error::Migration { message, .. }) => message,
        other => panic!("{other:?}"),
    }
}

on_both_unmigrated! {
    async fn says_what_is_missing_and_then_what_is_there(db: TestDb) {
        let before = db.migrations().await.unwrap();
        assert!(!before.is_empty());
        assert!(before.iter().all(|migration| !migration.applied));
        db.migrate().await.unwrap();
        let after = db.migrations().await.unwrap();
        assert_eq!(after.len(), before.len());
        assert!(after.iter().all(|migration| migration.applied));
    }

    async fn migrating_again_changes_nothing(db: TestDb) {
        db.migrate().await.unwrap();
        db.migrate().await.unwrap();
        let count: i64 = db.query("SELECT COUNT(*) FROM audit_head").fetch_scalar().await.unwrap();
        assert_eq!(count, 1);
    }

    async fn processes_that_start_together_take_turns(db: TestDb) {
        let mut tasks = Vec::new();
        for _ in 0..4 {
            let process = db.reconnect().await;
            tasks.push(tokio::task::spawn_blocking(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let process = process.reconnect().await;
                    process.migrate().await
                })
            }));
        }
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert!(db.migrations().await.unwrap().iter().all(|migration| migration.applied));
    }

    async fn an_edited_migration_is_refused_with_the_remedy(db: TestDb) {
        db.migrate().await.unwrap();
        db.query("UPDATE _sqlx_migrations SET checksum = $1 WHERE version = 1")
            .bind(vec![0_u8; 48]).execute().await.unwrap();
        let message = refused(&db).await;
        assert!(message.contains("migration 1") && message.contains("do not edit applied migrations"), "{message}");
    }

    async fn a_newer_database_is_refused_with_the_remedy(db: TestDb) {
        db.migrate().await.unwrap();
        db.query("UPDATE _sqlx_migrations SET version = 9999 WHERE version = 1").execute().await.unwrap();
        let message = refused(&db).await;
        assert!(message.contains("migration 9999") && message.contains("newer version"), "{message}");
    }

    async fn a_half_done_migration_is_refused_with_the_remedy(db: TestDb) {
        db.migrate().await.unwrap();
        db.query("UPDATE _sqlx_migrations SET success = FALSE WHERE version = 1").execute().await.unwrap();
        let message = refused(&db).await;
        assert!(message.contains("migration 1") && message.contains("Restore"), "{message}");
    }

    async fn a_migration_that_fails_leaves_the_database_as_it_was(db: TestDb) {
        db.query("CREATE TABLE teams (other BIGINT)").execute().await.unwrap();
        let message = refused(&db).await;
        assert!(message.contains("migration 1") && message.contains("rolled back"), "{message}");
        let users = db.query("SELECT COUNT(*) FROM users").fetch_scalar::<i64>().await;
        assert!(users.is_err(), "nothing of the migration is there");
        db.query("DROP TABLE teams").execute().await.unwrap();
        db.migrate().await.unwrap();
    }
}
