//! What a process that was killed had begun is settled at the next start.

use gateway_domain::{
    AttemptId, RequestId,
    ledger::{Attempt, Outcome, UsageKind},
};
use gateway_testkit::on_both;

use super::samples::{
    Spool, account, attempt, attempts, call, found, killed, open, open_with, opened, payload,
    request, small, sums,
};

use crate::{
    Opened,
    journal::{
        codec::Record as _,
        frame::{self, Found, Kind},
    },
};

on_both! {
    async fn an_attempt_that_was_begun_is_settled_as_killed(db: TestDb) {
        let spool = Spool::new();
        let ledger = open(&db, &spool).await;
        let request = request(&account());
        let attempt = attempt(&request, 0);
        ledger.begin(&opened(&attempt, &request)).unwrap();
        ledger.progress(attempt.id, 30);
        ledger.progress(attempt.id, 40);
        drop(ledger);

        let ledger = open(&db, &spool).await;
        assert_eq!(ledger.stats().recovered, 1);
        let row = attempts(&db, request.id).await.remove(0);
        let (tokens, cost) = killed(&attempt, 40);
        assert_eq!((row.outcome, row.usage), (Outcome::Killed, UsageKind::Estimated));
        assert_eq!((row.tokens, row.cost), (tokens, cost));
        assert_eq!(row.error_code.as_deref(), Some("killed"));
        let row = found(&db, request.id).await.unwrap();
        assert_eq!((row.attempts, row.tokens, row.cost), (1, tokens, cost));
        assert_eq!(row.error_code.as_deref(), Some("killed"));
        assert_eq!(sums(&db).await, (1, 1, tokens, cost, 0, 1));
        drop(ledger);
        assert!(spool.journals().is_empty(), "what was recovered is not recovered again");
    }

    async fn a_request_that_was_not_closed_has_the_sums_of_its_attempts(db: TestDb) {
        let spool = Spool::new();
        let ledger = open(&db, &spool).await;
        let request = request(&account());
        let (first, second) = (attempt(&request, 0), attempt(&request, 1));
        ledger.begin(&opened(&first, &request)).unwrap();
        ledger.settle(first.clone());
        ledger.flush().await.unwrap();
        ledger.begin(&opened(&second, &request)).unwrap();
        drop(ledger);

        drop(open(&db, &spool).await);
        let (tokens, cost) = killed(&second, 0);
        let row = found(&db, request.id).await.unwrap();
        assert_eq!(row.attempts, 2);
        assert_eq!(row.cost, first.cost + cost);
        assert_eq!(row.tokens.input, first.tokens.input + tokens.input);
    }

    async fn a_request_between_its_attempts_is_closed_too(db: TestDb) {
        let spool = Spool::new();
        let ledger = open(&db, &spool).await;
        let request = request(&account());
        let attempt = attempt(&request, 0);
        ledger.begin(&opened(&attempt, &request)).unwrap();
        ledger.settle(attempt.clone());
        drop(ledger);

        let ledger = open(&db, &spool).await;
        assert_eq!(ledger.stats().recovered, 0, "its attempt was settled");
        assert_eq!(attempts(&db, request.id).await, [attempt]);
        assert_eq!(found(&db, request.id).await.unwrap().error_code.as_deref(), Some("killed"));
    }

    async fn what_was_said_and_not_written_is_written_at_the_next_start(db: TestDb) {
        let spool = Spool::new();
        let ledger = open(&db, &spool).await;
        let (written, waiting) = (request(&account()), request(&account()));
        call(&ledger, &written, &attempt(&written, 0));
        ledger.flush().await.unwrap();
        let said = attempt(&waiting, 0);
        ledger.begin(&opened(&said, &waiting)).unwrap();
        ledger.settle(said.clone());
        ledger.close(waiting.clone(), Some(payload()));
        drop(ledger);

        let ledger = open(&db, &spool).await;
        assert_eq!(ledger.stats().rows_written, 3, "the others were there");
        assert_eq!(attempts(&db, waiting.id).await, [said]);
        assert!(gateway_store::requests::payload(&*db, waiting.id).await.unwrap().is_some());
        let (requests, attempts, ..) = sums(&db).await;
        assert_eq!((requests, attempts), (2, 2));
    }

    async fn a_journal_is_recovered_once_however_many_start(db: TestDb) {
        let spool = Spool::new();
        let ledger = open(&db, &spool).await;
        let request = request(&account());
        let attempt = attempt(&request, 0);
        ledger.begin(&opened(&attempt, &request)).unwrap();
        drop(ledger);

        let (a, b, c, d) = tokio::join!(open(&db, &spool), open(&db, &spool), open(&db, &spool), open(&db, &spool));
        let ledgers = [a, b, c, d];
        let recovered: u64 = ledgers.iter().map(|ledger| ledger.stats().recovered).sum();
        assert_eq!(recovered, 1);
        let (requests, attempts, ..) = sums(&db).await;
        assert_eq!((requests, attempts), (1, 1));
    }

    async fn a_journal_in_use_is_left_alone(db: TestDb) {
        let spool = Spool::new();
        let first = open(&db, &spool).await;
        let request = request(&account());
        let attempt = attempt(&request, 0);
        first.begin(&opened(&attempt, &request)).unwrap();
        let second = open(&db, &spool).await;
        assert_eq!(second.stats().recovered, 0);
        assert!(attempts(&db, request.id).await.is_empty());
        first.settle(attempt.clone());
        first.close(request.clone(), None);
        first.flush().await.unwrap();
        assert_eq!(attempts(&db, request.id).await, [attempt]);
    }

    async fn a_failed_recovery_is_tried_again(db: TestDb) {
        let spool = Spool::new();
        let ledger = open(&db, &spool).await;
        let request = request(&account());
        ledger.begin(&opened(&attempt(&request, 0), &request)).unwrap();
        drop(ledger);
        db.refuse_inserts("requests").await;
        let clock = std::sync::Arc::new(super::samples::clock());
        assert!(crate::Ledger::open((*db).clone(), clock, spool.path()).await.is_err());
        db.accept_inserts("requests").await;
        drop(open(&db, &spool).await);
        let (requests, attempts, ..) = sums(&db).await;
        assert_eq!((requests, attempts), (1, 1));
    }
}

/// Whatever a kill leaves of the last record, the records before it count and the rest does not.
#[tokio::test]
async fn a_journal_may_end_anywhere() {
    let spool = Spool::new();
    let template = gateway_testkit::sqlite().await;
    let ledger = open(&template, &spool).await;
    let request = request(&account());
    let attempt = attempt(&request, 0);
    ledger.begin(&opened(&attempt, &request)).unwrap();
    let begun = std::fs::metadata(&spool.files()[0]).unwrap().len();
    ledger.settle(attempt.clone());
    let bytes = std::fs::read(&spool.files()[0]).unwrap();
    drop(ledger);

    let db = gateway_testkit::sqlite().await;
    for end in usize::try_from(begun).unwrap()..=bytes.len() {
        let spool = Spool::new();
        let folder = spool
            .path()
            .join(gateway_domain::RequestId::new().to_string());
        std::fs::create_dir_all(&folder).unwrap();
        // Other ids for each: one database serves them all.
        let request = super::samples::request(&account());
        let renamed = rename(&bytes, request.id);
        std::fs::write(folder.join("00000000000000000000.journal"), &renamed[..end]).unwrap();
        let ledger = open(&db, &spool).await;
        let row = attempts(&db, request.id).await.remove(0);
        let is_whole = end == bytes.len();
        assert_eq!(
            row.outcome,
            if is_whole {
                Outcome::Success
            } else {
                Outcome::Killed
            },
            "{end}"
        );
        assert_eq!(ledger.stats().corrupt, 0, "{end}");
        assert!(found(&db, request.id).await.is_some());
    }
}

/// The same journal about another request.
fn rename(bytes: &[u8], request: RequestId) -> Vec<u8> {
    let fresh = AttemptId::new();
    let rename = |mut attempt: Attempt| {
        (attempt.id, attempt.request_id) = (fresh, request);
        attempt
    };
    let mut renamed = Vec::new();
    for found in frame::read(bytes, 0) {
        let Found::Record(kind, _, mut told) = found else {
            unreachable!()
        };
        if kind == Kind::Opened {
            let mut opened = Opened::read(&mut told).unwrap();
            opened.request.id = request;
            opened.attempt = rename(opened.attempt);
            frame::encode(kind, &opened, &mut renamed).unwrap();
        } else {
            let attempt = rename(Attempt::read(&mut told).unwrap());
            frame::encode(kind, &attempt, &mut renamed).unwrap();
        }
    }
    renamed
}

#[tokio::test]
async fn a_damaged_record_is_counted_and_the_others_are_read() {
    let spool = Spool::new();
    let db = gateway_testkit::sqlite().await;
    let ledger = open_with(&db, &spool, small()).await;
    let requests: Vec<_> = (0..12).map(|_| request(&account())).collect();
    db.refuse_inserts("attempts").await;
    for request in &requests {
        call(&ledger, request, &attempt(request, 0));
    }
    let files = spool.files();
    assert!(files.len() > 3);
    drop(ledger);
    db.accept_inserts("attempts").await;
    // A byte of the first record's JSON, and the length of the second file's first record.
    for (file, at) in [(0, 100), (1, 3)] {
        let mut bytes = std::fs::read(&files[file]).unwrap();
        bytes[at] ^= 0xff;
        std::fs::write(&files[file], bytes).unwrap();
    }
    let ledger = open(&db, &spool).await;
    assert_eq!(ledger.stats().corrupt, 2);
    let (requests, attempts, ..) = sums(&db).await;
    assert!(requests >= 8 && attempts >= 8, "{requests} {attempts}");
}
