//! The ledger's rows are written once, and the daily sums are theirs.

use chrono::TimeDelta;
use gateway_domain::{
    ApiKeyId, AttemptId, KeyOwner, RequestId, TeamId, UserId,
    ledger::{Account, Attempt, Outcome, Pricing, RequestRecord, Surface, UsageKind},
    money::{NanoUsd, Tokens},
};
use gateway_store::{
    Db, Error,
    ledger::{self, Batch},
    requests::{Position, Scope},
    usage,
};
use gateway_testkit::on_both;
use serde_json::json;

use crate::samples::now;

fn account() -> Account {
    Account {
        key_id: ApiKeyId::new(),
        owner: KeyOwner::User(UserId::new()),
        team_id: Some(TeamId::new()),
    }
}

fn request(account: &Account) -> RequestRecord {
    RequestRecord {
        id: RequestId::new(),
        at: now(),
        surface: Surface::Messages,
        account: account.clone(),
        model: "claude".to_owned(),
        served_by: None,
        streamed: false,
        status: 200,
        error_code: None,
        attempts: 1,
        tokens: Tokens::default(),
        cost: NanoUsd::default(),
        first_byte_ms: None,
        total_ms: 1,
        client_request_id: None,
        labels: json!({}),
    }
}

fn attempt(request: &RequestRecord) -> Attempt {
    Attempt {
        id: AttemptId::new(),
        request_id: request.id,
        ordinal: 0,
        account: request.account.clone(),
        model: request.model.clone(),
        provider: "anthropic".to_owned(),
        upstream_model: "claude-1".to_owned(),
        outcome: Outcome::Success,
        upstream_status: Some(200),
        error_code: None,
        usage: UsageKind::Reported,
        pricing: Pricing::Priced,
        tokens: Tokens {
            input: 10,
            output: 1,
            ..Tokens::default()
        },
        cost: NanoUsd::new(7),
        started_at: request.at,
        first_byte_ms: None,
        total_ms: 1,
    }
}

/// Requests, attempts and cost of all days.
async fn sums(db: &Db) -> (u64, u64, i64) {
    let filter = usage::Filter {
        scope: Scope::All,
        from: now().date_naive() - TimeDelta::days(1),
        to: now().date_naive() + TimeDelta::days(1),
        owner: None,
        team: None,
        model: None,
    };
    let all = usage::sum(db, &filter, &[], 1).await.unwrap().remove(0);
    (all.requests, all.attempts, all.cost.nano())
}

on_both! {
    async fn rows_are_written_once_however_often_and_however_they_overlap(db: TestDb) {
        let account = account();
        let requests: Vec<_> = (0..150).map(|_| request(&account)).collect();
        let attempts: Vec<_> = requests.iter().map(attempt).collect();
        for (from, to, new) in [(0, 85, 170), (0, 85, 0), (80, 150, 130), (0, 150, 0)] {
            let batch = Batch { attempts: &attempts[from..to], requests: &requests[from..to], payloads: &[] };
            assert_eq!(ledger::write(&db, batch).await.unwrap(), new);
        }
        let twice = [attempts[0].clone(), attempts[0].clone()];
        let batch = Batch { attempts: &twice, ..Batch::default() };
        assert_eq!(ledger::write(&db, batch).await.unwrap(), 0);
        assert_eq!(sums(&db).await, (150, 150, 150 * 7));
        let spent = ledger::spent(&*db, requests[3].id).await.unwrap();
        assert_eq!((spent.0, spent.1.input, spent.2.nano()), (1, 10, 7));
    }

    async fn two_who_write_the_same_count_it_once(db: TestDb) {
        let accounts: Vec<_> = (0..5).map(|_| account()).collect();
        let mut rows: Vec<_> = (0..60).map(|number| request(&accounts[number % 5])).collect();
        let attempts: Vec<_> = rows.iter().map(attempt).collect();
        let other = db.reconnect().await;
        let write = async |db: Db, attempts: Vec<Attempt>, requests: Vec<RequestRecord>| {
            let batch = Batch { attempts: &attempts, requests: &requests, payloads: &[] };
            while ledger::write(&db, batch).await.is_err() {}
        };
        let (first, requests) = (attempts.clone(), rows.clone());
        rows.reverse();
        let mut second = attempts.clone();
        second.reverse();
        tokio::join!(write((*db).clone(), first, requests), write((*other).clone(), second, rows));
        assert_eq!(sums(&db).await, (60, 60, 60 * 7));
    }

    async fn a_batch_that_fails_leaves_nothing(db: TestDb) {
        let request = request(&account());
        let attempts = [attempt(&request)];
        let batch = Batch { attempts: &attempts, requests: std::slice::from_ref(&request), payloads: &[] };
        db.refuse_inserts("usage_daily").await;
        let error = ledger::write(&db, batch).await.unwrap_err();
        assert!(!ledger::is_fault_of_a_row(&error), "{error:?}");
        db.accept_inserts("usage_daily").await;
        assert_eq!(ledger::attempts_of(&*db, request.id).await.unwrap(), []);
        assert_eq!(ledger::write(&db, batch).await.unwrap(), 2);
    }

    async fn what_no_database_can_take_is_told_from_one_that_fails(db: TestDb) {
        let mut odd = request(&account());
        odd.model = "nul \0".to_owned();
        let batch = Batch { requests: &[odd], ..Batch::default() };
        let error = ledger::write(&db, batch).await.unwrap_err();
        assert!(matches!(error, Error::InvalidValue(_)) && ledger::is_fault_of_a_row(&error));
        db.close().await;
        let batch = Batch { requests: &[request(&account())], ..Batch::default() };
        let error = ledger::write(&db, batch).await.unwrap_err();
        assert!(!ledger::is_fault_of_a_row(&error));
    }

    async fn a_batch_is_no_decision(db: TestDb) {
        let before = db.generation();
        let request = request(&account());
        let batch = Batch { requests: &[request], ..Batch::default() };
        ledger::write(&db, batch).await.unwrap();
        assert_eq!(db.generation(), before);
        db.begin().await.unwrap().commit().await.unwrap();
        assert!(db.generation() > before);
    }
}

#[test]
fn a_position_is_read_as_it_was_written() {
    let position = Position {
        at: now() + TimeDelta::microseconds(7),
        id: RequestId::new(),
    };
    assert_eq!(position.to_string().parse(), Ok(position));
    for odd in [
        "",
        "_",
        "1",
        "1_2",
        "x_00000000-0000-0000-0000-000000000000",
    ] {
        assert!(odd.parse::<Position>().is_err(), "{odd}");
    }
}
