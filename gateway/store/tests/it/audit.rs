//! The audit log: append-only, chained, and honest about tampering.

use futures_util::TryStreamExt as _;
use gateway_domain::audit::{Action, Entry, NewEntry, Party};
use gateway_domain::{Origin, RequestId};
use gateway_store::{
    Db, Engine, Executor as _,
    audit::{self, Filter, Verdict},
};
use gateway_testkit::on_both;

use crate::samples::{now, say, say_in};

async fn broken(db: &Db) -> (i64, &'static str) {
    match audit::verify(db).await.unwrap() {
        Verdict::Broken { seq, reason } => (seq, reason),
        Verdict::Intact { .. } => panic!("the chain is taken for whole"),
    }
}

async fn run(db: &Db, sql: &'static str) {
    db.query(sql).execute().await.unwrap();
}

/// What somebody with the rights of the database's owner would do first.
async fn drop_triggers(db: &Db) {
    match db.engine() {
        Engine::Sqlite => {
            run(db, "DROP TRIGGER audit_log_no_update").await;
            run(db, "DROP TRIGGER audit_log_no_delete").await;
        }
        Engine::Postgres => run(db, "ALTER TABLE audit_log DISABLE TRIGGER ALL").await,
    }
}

async fn three(db: &Db) {
    for label in ["one", "two", "three"] {
        say(db, Action::UserInvited, label).await;
    }
}

on_both! {
    async fn an_empty_log_is_whole(db: TestDb) {
        let verdict = audit::verify(&db).await.unwrap();
        assert_eq!(verdict, Verdict::Intact { entries: 0, head: Entry::GENESIS.to_owned() });
    }

    async fn entries_are_numbered_and_chained(db: TestDb) {
        three(&db).await;
        let entries = audit::list(&db, &Filter::default(), 10).await.unwrap();
        assert_eq!(entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [3, 2, 1]);
        assert_eq!(entries[2].previous_hash, Entry::GENESIS);
        assert_eq!(entries[1].previous_hash, entries[2].hash);
        assert_eq!(entries[0].previous_hash, entries[1].hash);
        let verdict = audit::verify(&db).await.unwrap();
        assert_eq!(verdict, Verdict::Intact { entries: 3, head: entries[0].hash.clone() });
    }

    async fn comes_back_as_it_was_written(db: TestDb) {
        let origin = Origin::remote(RequestId::new(), "2001:db8::1".parse().unwrap(), "Browser \u{1F600}");
        let new = NewEntry {
            actor: Party::new("user", "1", "ada@example.com"),
            action: Action::UserRoleChanged,
            target: Party::new("user", "2", "bob@example.com"),
            before: Some(serde_json::json!({"z": 1, "a": 1.50, "text": "\u{e9}\u{301}\\u0000"})),
            after: None,
            provider_key: Some("idp"),
            origin: &origin,
        };
        let mut tx = db.begin().await.unwrap();
        let written = audit::append(&mut tx, new, now()).await.unwrap();
        tx.commit().await.unwrap();
        let read = audit::list(&db, &Filter::default(), 1).await.unwrap().remove(0);
        assert_eq!(read, written);
        assert_eq!(read.hash, read.compute_hash());
        assert_eq!(read.address, "2001:db8::1");
    }

    async fn what_is_rolled_back_was_never_said(db: TestDb) {
        three(&db).await;
        let mut tx = db.begin().await.unwrap();
        say_in(&mut tx, Action::UserDeleted, "never").await;
        drop(tx);
        assert_eq!(say(&db, Action::UserInvited, "four").await.seq, 4);
        assert!(matches!(audit::verify(&db).await.unwrap(), Verdict::Intact { entries: 4, .. }));
    }

    async fn writers_at_once_make_one_chain(db: TestDb) {
        let writers: Vec<_> = (0..24)
            .map(|number| {
                let db = db.clone();
                tokio::spawn(async move { say(&db, Action::UserChanged, &number.to_string()).await.seq })
            })
            .collect();
        let mut numbers = Vec::new();
        for writer in writers {
            numbers.push(writer.await.unwrap());
        }
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=24).collect::<Vec<_>>());
        assert!(matches!(audit::verify(&db).await.unwrap(), Verdict::Intact { entries: 24, .. }));
    }

    async fn case_254_entries_cannot_be_changed_or_deleted(db: TestDb) {
        three(&db).await;
        for sql in [
            "UPDATE audit_log SET actor_label = 'mallory' WHERE seq = 2",
            "UPDATE audit_log SET actor_label = 'mallory'",
            "DELETE FROM audit_log WHERE seq = 3",
            "DELETE FROM audit_log",
        ] {
            assert!(db.query(sql).execute().await.is_err(), "{sql}");
        }
        if db.engine() == Engine::Postgres {
            assert!(db.query("TRUNCATE audit_log").execute().await.is_err());
        }
        assert_eq!(audit::list(&db, &Filter::default(), 10).await.unwrap().len(), 3);
    }

    async fn a_changed_entry_shows(db: TestDb) {
        three(&db).await;
        drop_triggers(&db).await;
        run(&db, "UPDATE audit_log SET after = '{}' WHERE seq = 2").await;
        assert_eq!(broken(&db).await, (2, "it is not as it was written"));
    }

    async fn every_column_counts(db: TestDb) {
        three(&db).await;
        drop_triggers(&db).await;
        for sql in [
            "UPDATE audit_log SET actor_kind = 'x' WHERE seq = 2",
            "UPDATE audit_log SET actor_id = 'x' WHERE seq = 2",
            "UPDATE audit_log SET target_id = 'x' WHERE seq = 2",
            "UPDATE audit_log SET target_label = 'x' WHERE seq = 2",
            "UPDATE audit_log SET before = 'x' WHERE seq = 2",
            "UPDATE audit_log SET provider_key = '' WHERE seq = 2",
            "UPDATE audit_log SET address = 'x' WHERE seq = 2",
            "UPDATE audit_log SET user_agent = 'x' WHERE seq = 2",
            "UPDATE audit_log SET correlation_id = 'x' WHERE seq = 2",
        ] {
            run(&db, sql).await;
            assert_eq!(broken(&db).await.0, 2, "{sql}");
        }
    }

    async fn a_missing_entry_shows(db: TestDb) {
        three(&db).await;
        drop_triggers(&db).await;
        run(&db, "DELETE FROM audit_log WHERE seq = 2").await;
        assert_eq!(broken(&db).await, (3, "an entry before it is missing"));
    }

    async fn a_cut_tail_shows(db: TestDb) {
        three(&db).await;
        drop_triggers(&db).await;
        run(&db, "DELETE FROM audit_log WHERE seq = 3").await;
        assert_eq!(broken(&db).await, (3, "entries at the end are missing"));
    }

    async fn an_entry_put_behind_the_end_shows(db: TestDb) {
        three(&db).await;
        run(&db, "INSERT INTO audit_log SELECT 4, at, actor_kind, actor_id, actor_label, action, target_kind, target_id, \
                         target_label, before, after, provider_key, address, user_agent, correlation_id, hash, hash \
                    FROM audit_log WHERE seq = 3").await;
        assert_eq!(broken(&db).await, (4, "it was put behind the end of the chain"));
    }

    async fn filters_compare_whole_values(db: TestDb) {
        three(&db).await;
        say(&db, Action::TeamCreated, "one").await;
        let count = async |filter: Filter| audit::list(&db, &filter, 10).await.unwrap().len();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(count(Filter { target: some("one"), ..Filter::default() }).await, 2);
        assert_eq!(count(Filter { target: some("on"), ..Filter::default() }).await, 0);
        assert_eq!(count(Filter { action: some("team.created"), ..Filter::default() }).await, 1);
        assert_eq!(count(Filter { actor: some("test"), ..Filter::default() }).await, 4);
        assert_eq!(count(Filter { provider: some("idp"), ..Filter::default() }).await, 0);
        assert_eq!(count(Filter { before: Some(3), ..Filter::default() }).await, 2);
        let later = now() + chrono::TimeDelta::hours(1);
        assert_eq!(count(Filter { from: Some(later), ..Filter::default() }).await, 0);
        assert_eq!(count(Filter { to: Some(later), ..Filter::default() }).await, 4);
    }

    async fn somebody_is_found_by_id_and_by_label(db: TestDb) {
        let origin = Origin::local("test");
        let ada = || Party::new("user", "1", "ada@example.com");
        let nameless = || Party::new("user", "", "ada@example.com");
        let eve = || Party::new("user", "ada@example.com", "1");
        for (actor, target) in [(ada(), ada()), (nameless(), eve()), (eve(), nameless()), (eve(), Party::anonymous())] {
            let mut tx = db.begin().await.unwrap();
            let new = NewEntry {
                actor, action: Action::UserChanged, target, before: None, after: None, provider_key: None, origin: &origin,
            };
            audit::append(&mut tx, new, now()).await.unwrap();
            tx.commit().await.unwrap();
        }
        let some = |text: &str| Some(text.to_owned());
        let numbers = async |filter: &Filter, limit| {
            let entries = audit::list(&db, filter, limit).await.unwrap();
            entries.iter().map(|entry| entry.seq).collect::<Vec<_>>()
        };
        let by = Filter { actor: some("ada@example.com"), ..Filter::default() };
        assert_eq!(numbers(&by, 10).await, [4, 3, 2, 1]);
        assert_eq!(numbers(&by, 2).await, [4, 3]);
        assert_eq!(numbers(&Filter { before: Some(3), ..by.clone() }, 10).await, [2, 1]);
        let both = Filter { target: some("1"), ..by };
        assert_eq!(numbers(&both, 10).await, [2, 1]);
        let after = audit::list_after(&db, &both, 0, 1).await.unwrap();
        assert_eq!(after.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1]);
    }

    async fn exports_and_batches_go_from_the_oldest(db: TestDb) {
        three(&db).await;
        let filter = Filter::default();
        let exported: Vec<Entry> = audit::export(&db, &filter).try_collect().await.unwrap();
        assert_eq!(exported.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1, 2, 3]);
        let after = audit::list_after(&db, &filter, 1, 1).await.unwrap();
        assert_eq!(after.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [2]);
    }

    async fn the_latest_of_a_provider_is_found(db: TestDb) {
        let origin = Origin::local("test");
        for (provider, action) in [
            ("idp", Action::SignInSucceeded),
            ("idp", Action::SignInFailed),
            ("other", Action::SignInSucceeded),
        ] {
            let mut tx = db.begin().await.unwrap();
            let new = NewEntry {
                actor: Party::anonymous(),
                action,
                target: Party::anonymous(),
                before: None,
                after: None,
                provider_key: Some(provider),
                origin: &origin,
            };
            audit::append(&mut tx, new, now()).await.unwrap();
            tx.commit().await.unwrap();
        }
        let latest = audit::latest_of_provider(&db, "idp", Action::SignInSucceeded.as_str()).await.unwrap();
        assert_eq!(latest.unwrap().seq, 1);
        let none = audit::latest_of_provider(&db, "nobody", Action::SignInSucceeded.as_str()).await.unwrap();
        assert_eq!(none, None);
    }
}
