//! What stays on the disk, and for how long.

use std::time::Duration;

use gateway_domain::{
    KeyOwner, ServiceAccountId,
    ledger::{Attempt, Outcome, RequestRecord},
    money::Price,
};
use proptest::prelude::*;

use super::samples::{
    Spool, account, attempt, attempts, call, open, open_with, opened, price, request, small, sums,
};
use crate::Opened;
use crate::journal::{
    Limits,
    codec::Record,
    frame::{self, Found, Kind},
};

#[tokio::test]
async fn files_go_when_all_of_their_rows_are_written() {
    let spool = Spool::new();
    let db = gateway_testkit::sqlite().await;
    let ledger = open_with(&db, &spool, small()).await;
    for _ in 0..30 {
        let request = request(&account());
        call(&ledger, &request, &attempt(&request, 0));
    }
    assert!(spool.files().len() > 5);
    ledger.flush().await.unwrap();
    ledger.shared().journal.tidy().unwrap();
    assert_eq!(spool.files().len(), 1);
    assert!(ledger.stats().journal_bytes <= small().segment);
}

#[tokio::test]
async fn a_long_call_does_not_keep_the_journal_of_its_whole_time() {
    let spool = Spool::new();
    let db = gateway_testkit::sqlite().await;
    let ledger = open_with(&db, &spool, small()).await;
    let long = request(&account());
    let running = attempt(&long, 0);
    ledger.begin(&opened(&running, &long)).unwrap();
    ledger.progress(running.id, 17);
    for _ in 0..10 {
        for _ in 0..10 {
            let request = request(&account());
            call(&ledger, &request, &attempt(&request, 0));
        }
        ledger.flush().await.unwrap();
        ledger.shared().journal.tidy().unwrap();
        assert!(spool.files().len() <= 2, "{:?}", spool.files());
    }
    drop(ledger);
    drop(open(&db, &spool).await);
    let row = attempts(&db, long.id).await.remove(0);
    assert_eq!(
        (row.tokens.output, row.error_code.as_deref()),
        (17, Some("killed"))
    );
    assert_eq!(sums(&db).await.1, 101);
}

/// What the files of the only journal hold together.
fn length(spool: &Spool) -> u64 {
    let files = spool.files();
    files
        .iter()
        .map(|file| file.metadata().unwrap().len())
        .sum()
}

#[tokio::test]
async fn what_is_written_does_not_stay_on_the_disk_of_a_quiet_gateway() {
    let spool = Spool::new();
    let db = gateway_testkit::sqlite().await;
    let limits = |age| Limits {
        age,
        ..Limits::default()
    };
    let ledger = open_with(&db, &spool, limits(Duration::ZERO)).await;
    let (first, long) = (request(&account()), request(&account()));
    let running = attempt(&long, 0);
    call(&ledger, &first, &attempt(&first, 0));
    ledger.flush().await.unwrap();
    ledger.shared().journal.tidy().unwrap();
    assert_eq!(length(&spool), 0);
    // Nor beside a call that takes long, of which nothing is lost though each of its records is in another file.
    ledger.begin(&opened(&running, &long)).unwrap();
    for output in 1..20 {
        ledger.shared().journal.tidy().unwrap();
        ledger.progress(running.id, output);
        let request = request(&account());
        for ordinal in 0..5 {
            call(&ledger, &request, &attempt(&request, ordinal));
        }
        ledger.flush().await.unwrap();
        ledger.shared().journal.tidy().unwrap();
        assert!(length(&spool) < 1_024, "{}", length(&spool));
    }
    drop(ledger);
    let ledger = open_with(&db, &spool, limits(Duration::from_hours(1))).await;
    assert_eq!(attempts(&db, long.id).await[0].tokens.output, 19);
    // Not for every few rows.
    let last = request(&account());
    call(&ledger, &last, &attempt(&last, 0));
    ledger.flush().await.unwrap();
    ledger.shared().journal.tidy().unwrap();
    assert!(length(&spool) > 0);
}

#[tokio::test]
async fn a_request_may_be_closed_before_its_attempt_is_settled() {
    let spool = Spool::new();
    let db = gateway_testkit::sqlite().await;
    let ledger = open_with(&db, &spool, small()).await;
    let (settled, killed) = (request(&account()), request(&account()));
    let of_settled = attempt(&settled, 0);
    for (request, attempt) in [(&settled, &of_settled), (&killed, &attempt(&killed, 0))] {
        ledger.begin(&opened(attempt, request)).unwrap();
        ledger.close(request.clone(), None);
    }
    assert_eq!(ledger.stats().open_attempts, 2);
    ledger.settle(of_settled);
    assert_eq!(ledger.stats().open_attempts, 1);
    ledger.flush().await.unwrap();
    drop(ledger);
    let ledger = open(&db, &spool).await;
    assert_eq!(ledger.stats().recovered, 1);
    assert_eq!(attempts(&db, killed.id).await.len(), 1);
    assert_eq!(sums(&db).await.0, 2);
}

fn frames(bytes: &[u8]) -> Vec<Option<String>> {
    frame::read(bytes, 0)
        .map(|found| match found {
            Found::Record(_, _, mut told) => Some(String::read(&mut told).unwrap()),
            Found::Damaged | Found::Torn => None,
        })
        .collect()
}

#[test]
fn damage_costs_no_more_than_it_must() {
    let one = |text: &str| {
        let mut bytes = Vec::new();
        frame::encode(Kind::Progress, &text.to_owned(), &mut bytes).unwrap();
        bytes
    };
    let whole = [one("a"), one("b"), one("c")].concat();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(frames(&whole), [some("a"), some("b"), some("c")]);
    let length = one("a").len();
    let mut damaged = whole.clone();
    damaged[length + 9] ^= 1;
    assert_eq!(frames(&damaged), [some("a"), None, some("c")]);
    let mut unbelievable = whole.clone();
    unbelievable[length] ^= 1;
    assert_eq!(frames(&unbelievable), [some("a"), None]);
    let zeros = [whole.clone(), vec![0; 4096]].concat();
    assert_eq!(frames(&zeros), [some("a"), some("b"), some("c"), None]);
    let mut unknown = one("a");
    unknown[8] = 200;
    let crc = crc32fast::hash(&unknown[8..]).to_le_bytes();
    unknown[4..8].copy_from_slice(&crc);
    assert_eq!(frames(&[unknown, one("b")].concat()), [None, some("b")]);
    for end in 0..whole.len() {
        let read = frames(&whole[..end]);
        assert!(
            read.iter().flatten().count() == end / length,
            "{end}: {read:?}"
        );
    }
}

/// Reads what was written, and nothing where anything of it is missing.
fn is_told<T: Record + PartialEq + std::fmt::Debug>(value: &T) {
    let mut bytes = Vec::new();
    value.write(&mut bytes);
    let mut rest = &*bytes;
    assert_eq!(T::read(&mut rest).as_ref(), Some(value));
    assert!(rest.is_empty());
    for end in 0..bytes.len() {
        assert_eq!(T::read(&mut &bytes[..end]), None, "{end}");
    }
}

#[test]
fn a_record_tells_all_of_a_call() {
    let mut request = request(&account());
    let mut attempt = attempt(&request, 3);
    is_told(&opened(&attempt, &request));
    is_told(&request);
    is_told(&attempt);
    (request.served_by, request.error_code, request.first_byte_ms) =
        (None, Some("ä\0".to_owned()), None);
    request.account.owner = KeyOwner::ServiceAccount(ServiceAccountId::new());
    request.account.team_id = None;
    request.labels = serde_json::json!({ "a": "\"", "b": "\u{1f600}" });
    (attempt.upstream_status, attempt.ordinal) = (None, i32::MIN);
    let mut unpriced = opened(&attempt, &request);
    unpriced.price = None;
    is_told(&unpriced);
    is_told(&Price {
        cache_read: Some("0.000001".parse().unwrap()),
        ..price()
    });
    is_told(&Price {
        output: "999999.999999".parse().unwrap(),
        ..price()
    });
    for outcome in Outcome::ALL {
        is_told(&Attempt {
            outcome: *outcome,
            ..attempt.clone()
        });
    }
}

proptest! {
    #[test]
    fn numbers_and_texts_are_told(number: u64, signed: i64, text: String, maybe: Option<i32>) {
        is_told(&number);
        is_told(&signed);
        is_told(&text);
        is_told(&maybe);
    }

    #[test]
    fn no_bytes_are_too_odd_to_be_read(bytes: Vec<u8>) {
        let _ = Opened::read(&mut &*bytes);
        let _ = RequestRecord::read(&mut &*bytes);
        assert!(frame::read(&bytes, 0).count() <= bytes.len());
    }
}
