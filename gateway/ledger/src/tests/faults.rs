//! Databases and disks that fail.

use gateway_domain::ledger::Outcome;
use gateway_testkit::on_both;
use tokio::sync::watch;

use super::samples::{
    Spool, account, attempt, attempts, call, found, open, open_with, opened, payload, request,
    small, sums,
};
use crate::{Ledger, LedgerError};

fn say(ledger: &Ledger, count: usize) {
    for _ in 0..count {
        let request = request(&account());
        let attempt = attempt(&request, 0);
        ledger.begin(&opened(&attempt, &request)).unwrap();
        ledger.settle(attempt);
        ledger.close(request, Some(payload()));
    }
}

on_both! {
    async fn rows_wait_while_the_database_fails(db: TestDb) {
        let spool = Spool::new();
        let ledger = open_with(&db, &spool, small()).await;
        db.refuse_inserts("requests").await;
        say(&ledger, 40);
        assert!(matches!(ledger.flush().await, Err(LedgerError::Database(_))));
        assert_eq!(sums(&db).await.1, 0, "all of a batch or nothing");
        assert!(ledger.stats().rows_spilled > 0, "memory holds only so many");
        assert!(ledger.has_room());
        db.accept_inserts("requests").await;
        say(&ledger, 10);
        ledger.flush().await.unwrap();
        let (requests, attempts, ..) = sums(&db).await;
        assert_eq!((requests, attempts), (50, 50));
        say(&ledger, 3);
        ledger.flush().await.unwrap();
        assert_eq!(sums(&db).await.1, 53);
    }

    async fn rows_wait_for_the_next_start_when_the_database_fails_to_the_end(db: TestDb) {
        let spool = Spool::new();
        let ledger = open_with(&db, &spool, small()).await;
        let (stop, stopped) = watch::channel(false);
        let writer = tokio::spawn(ledger.clone().run(stopped));
        db.refuse_inserts("attempts").await;
        say(&ledger, 20);
        stop.send(true).unwrap();
        writer.await.unwrap();
        let late = request(&account());
        call(&ledger, &late, &attempt(&late, 0));
        drop(ledger);
        db.accept_inserts("attempts").await;
        let ledger = open(&db, &spool).await;
        let (requests, attempts, ..) = sums(&db).await;
        assert_eq!((requests, attempts), (21, 21));
        assert_eq!(ledger.stats().recovered, 0);
    }

    async fn the_writer_goes_on_when_the_database_is_back(db: TestDb) {
        let spool = Spool::new();
        let ledger = open_with(&db, &spool, small()).await;
        let (stop, stopped) = watch::channel(false);
        db.refuse_inserts("attempts").await;
        let writer = tokio::spawn(ledger.clone().run(stopped));
        say(&ledger, 20);
        while ledger.stats().failures < 2 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        db.accept_inserts("attempts").await;
        while sums(&db).await.1 < 20 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        stop.send(true).unwrap();
        writer.await.unwrap();
        assert_eq!(sums(&db).await.0, 20);
    }

    async fn a_row_that_no_database_takes_keeps_no_other_waiting(db: TestDb) {
        let spool = Spool::new();
        let ledger = open(&db, &spool).await;
        let request = request(&account());
        let mut odd = attempt(&request, 0);
        // No clock says so, and no caller can; PostgreSQL could hold it, SQLite would sort it wrongly.
        odd.started_at = chrono::DateTime::<chrono::Utc>::MAX_UTC;
        ledger.settle(odd);
        call(&ledger, &request, &attempt(&request, 1));
        ledger.flush().await.unwrap();
        assert_eq!(ledger.stats().refused, 1);
        assert_eq!(attempts(&db, request.id).await.len(), 1);
        assert!(found(&db, request.id).await.is_some());
        let aside = std::fs::read_to_string(spool.path().join("refused.jsonl")).unwrap();
        assert_eq!(aside.lines().count(), 1);
    }

    async fn a_refused_row_that_cannot_be_put_aside_is_not_lost(db: TestDb) {
        let spool = Spool::new();
        let ledger = open(&db, &spool).await;
        let request = request(&account());
        let mut odd = attempt(&request, 0);
        odd.started_at = chrono::DateTime::<chrono::Utc>::MAX_UTC;
        ledger.settle(odd);
        let aside = spool.path().join("refused.jsonl");
        std::fs::create_dir(&aside).unwrap();
        for _ in 0..2 {
            assert!(matches!(ledger.flush().await, Err(LedgerError::Journal(_))));
            assert_eq!(ledger.stats().refused, 0);
        }
        std::fs::remove_dir(&aside).unwrap();
        ledger.flush().await.unwrap();
        assert_eq!(ledger.stats().refused, 1);
        assert_eq!(std::fs::read_to_string(aside).unwrap().lines().count(), 1);
    }

    async fn many_rows_are_written_in_parts_and_no_part_twice(db: TestDb) {
        let spool = Spool::new();
        let ledger = open(&db, &spool).await;
        db.refuse_inserts("requests").await;
        for _ in 0..600 {
            let request = request(&account());
            call(&ledger, &request, &attempt(&request, 0));
        }
        assert!(ledger.flush().await.is_err());
        assert_eq!(sums(&db).await.1, 512);
        assert!(ledger.flush().await.is_err());
        db.accept_inserts("requests").await;
        ledger.flush().await.unwrap();
        let (requests, attempts, ..) = sums(&db).await;
        assert_eq!((requests, attempts, ledger.stats().rows_written), (600, 600, 1_200));
    }

    async fn spilled_records_that_cannot_be_read_keep_no_other_waiting(db: TestDb) {
        let spool = Spool::new();
        let ledger = open_with(&db, &spool, small()).await;
        db.refuse_inserts("attempts").await;
        say(&ledger, 40);
        assert!(ledger.flush().await.is_err());
        let files = spool.files();
        // A length that leads nowhere, a byte of a record, and zeros to the end.
        for (file, from, to) in [(2, 3, 4), (4, 100, 101), (6, 0, usize::MAX)] {
            let mut bytes = std::fs::read(&files[file]).unwrap();
            let to = to.min(bytes.len());
            bytes[from..to].iter_mut().for_each(|byte| *byte = if to - from == 1 { !*byte } else { 0 });
            std::fs::write(&files[file], bytes).unwrap();
        }
        db.accept_inserts("attempts").await;
        tokio::time::timeout(std::time::Duration::from_secs(30), ledger.flush()).await.unwrap().unwrap();
        let (said, written) = ledger.shared().journal.tally();
        assert_eq!(said, written);
        let stats = ledger.stats();
        assert!(stats.corrupt >= 3, "{stats:?}");
        assert!(stats.rows_written >= 90 && stats.rows_written < 120, "{stats:?}");
        ledger.shared().journal.tidy().unwrap();
        assert_eq!(spool.files().len(), 1);
        say(&ledger, 1);
        ledger.flush().await.unwrap();
        assert_eq!(ledger.stats().rows_written, stats.rows_written + 3);
    }
}

#[tokio::test]
async fn a_full_journal_takes_no_more_calls_and_drops_payloads_first() {
    let spool = Spool::new();
    let db = gateway_testkit::sqlite().await;
    let limits = crate::journal::Limits {
        journal: 64 * 1024,
        ..small()
    };
    let ledger = open_with(&db, &spool, limits).await;
    db.refuse_inserts("attempts").await;
    let mut count = 0;
    while ledger.has_room() {
        say(&ledger, 1);
        count += 1;
    }
    let dropped = ledger.stats().payloads_dropped;
    assert!(dropped > 0 && dropped < count, "{dropped} of {count}");
    db.accept_inserts("attempts").await;
    ledger.flush().await.unwrap();
    ledger.shared().journal.tidy().unwrap();
    assert!(ledger.has_room());
    assert_eq!(sums(&db).await.1, count);
}

#[tokio::test]
async fn a_journal_that_cannot_be_written_takes_no_more_calls_and_loses_nothing() {
    let spool = Spool::new();
    let db = gateway_testkit::sqlite().await;
    let limits = crate::journal::Limits {
        rows: 1_000,
        bytes: 1_000_000,
        ..small()
    };
    let ledger = open_with(&db, &spool, limits).await;
    let request = request(&account());
    let running = attempt(&request, 0);
    ledger.begin(&opened(&running, &request)).unwrap();
    // The next file cannot be begun.
    let folder = spool.journals().remove(0);
    let away = spool.path().join("away");
    std::fs::rename(&folder, &away).unwrap();
    let mut said = 0;
    while ledger.has_room() {
        let request = super::samples::request(&account());
        ledger.settle(attempt(&request, 0));
        said += 1;
    }
    assert!(matches!(
        ledger.begin(&opened(&attempt(&request, 1), &request)),
        Err(LedgerError::Journal(_))
    ));
    ledger.settle(running);
    ledger.close(request.clone(), None);
    ledger.flush().await.unwrap();
    assert_eq!(sums(&db).await.1, said + 1);
    assert_eq!(attempts(&db, request.id).await[0].outcome, Outcome::Success);
    ledger.shared().journal.mend();
    assert!(!ledger.has_room());
    std::fs::rename(&away, &folder).unwrap();
    ledger.shared().journal.mend();
    assert!(ledger.has_room());
    ledger
        .begin(&opened(&attempt(&request, 1), &request))
        .unwrap();
}
