//! Calls that the tests make, and what is found of them.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
    time::Duration,
};

use chrono::{DateTime, Utc};
use gateway_domain::{
    ApiKeyId, AttemptId, Clock, FixedClock, KeyOwner, Payloads, RequestId, TeamId, UserId,
    ledger::{Account, Attempt, Outcome, Pricing, RequestRecord, Surface, UsageKind},
    money::{NanoUsd, Price, Tokens},
};
use gateway_store::{
    Db,
    ledger::attempts_of,
    requests::{self, Scope},
    usage,
};
use serde_json::json;

use crate::{Ledger, Opened, Payload, journal::Limits};

/// A folder that is gone afterwards.
pub(super) struct Spool(PathBuf);

impl Spool {
    pub(super) fn new() -> Self {
        let folder = if Path::new("/dev/shm").is_dir() {
            PathBuf::from("/dev/shm")
        } else {
            std::env::temp_dir()
        };
        Self(folder.join(format!("ogw-spool-{}", RequestId::new())))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// The journals in it.
    pub(super) fn journals(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.filter(|path| path.is_dir()).collect()
    }

    /// The files of the only journal in it.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let journals = self.journals();
        assert_eq!(journals.len(), 1);
        crate::journal::left_in(&journals[0]).unwrap()
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(super) fn noon() -> DateTime<Utc> {
    "2026-03-01T12:00:00.123456Z".parse().unwrap()
}

pub(super) fn clock() -> FixedClock {
    FixedClock::new(noon())
}

pub(super) async fn open(db: &Db, spool: &Spool) -> Ledger {
    open_with(db, spool, Limits::default()).await
}

pub(super) async fn open_with(db: &Db, spool: &Spool, limits: Limits) -> Ledger {
    let clock: Arc<dyn Clock> = Arc::new(clock());
    Ledger::open_with(db.clone(), clock, spool.path(), limits)
        .await
        .unwrap()
}

/// Little of everything, so that a test reaches every limit.
pub(super) fn small() -> Limits {
    Limits {
        segment: 2 * 1024,
        age: Duration::from_mins(1),
        journal: 1024 * 1024,
        rows: 4,
        bytes: 4 * 1024,
    }
}

pub(super) fn account() -> Account {
    static ACCOUNT: LazyLock<Account> = LazyLock::new(|| Account {
        key_id: ApiKeyId::new(),
        owner: KeyOwner::User(UserId::new()),
        team_id: Some(TeamId::new()),
    });
    ACCOUNT.clone()
}

pub(super) fn price() -> Price {
    Price {
        input: "2.5".parse().unwrap(),
        output: "10".parse().unwrap(),
        ..Price::default()
    }
}

/// A request that was answered.
pub(super) fn request(account: &Account) -> RequestRecord {
    RequestRecord {
        id: RequestId::new(),
        at: noon(),
        surface: Surface::Chat,
        account: account.clone(),
        model: "gpt-4o-mini".to_owned(),
        served_by: Some(("openai".to_owned(), "gpt-4o-mini-2024".to_owned())),
        streamed: true,
        status: 200,
        error_code: None,
        attempts: 1,
        tokens: tokens(100, 20),
        cost: price().cost(&tokens(100, 20)),
        first_byte_ms: Some(12),
        total_ms: 345,
        client_request_id: Some("caller's own".to_owned()),
        labels: json!({ "session": "s-1" }),
    }
}

pub(super) fn tokens(input: u64, output: u64) -> Tokens {
    Tokens {
        input,
        output,
        cache_read: 3,
        cache_write: 2,
        cache_write_1h: 1,
        reasoning: output / 2,
        audio_input: 1,
        audio_output: 1,
        image_input: 1,
    }
}

/// One of its attempts, which succeeded.
pub(super) fn attempt(request: &RequestRecord, ordinal: i32) -> Attempt {
    Attempt {
        id: AttemptId::new(),
        request_id: request.id,
        ordinal,
        account: request.account.clone(),
        model: request.model.clone(),
        provider: "openai".to_owned(),
        upstream_model: "gpt-4o-mini-2024".to_owned(),
        outcome: Outcome::Success,
        upstream_status: Some(200),
        error_code: None,
        usage: UsageKind::Reported,
        pricing: Pricing::Priced,
        tokens: tokens(100, 20),
        cost: price().cost(&tokens(100, 20)),
        started_at: request.at,
        first_byte_ms: Some(11),
        total_ms: 340,
    }
}

/// The attempt as it is before the call: 90 tokens go in.
pub(super) fn opened(attempt: &Attempt, request: &RequestRecord) -> Opened {
    let estimated = Tokens {
        input: 90,
        ..Tokens::default()
    };
    Opened {
        attempt: Attempt {
            outcome: Outcome::Killed,
            upstream_status: None,
            usage: UsageKind::Estimated,
            tokens: estimated,
            cost: price().cost(&estimated),
            first_byte_ms: None,
            total_ms: 0,
            ..attempt.clone()
        },
        request: RequestRecord {
            served_by: None,
            status: 500,
            error_code: Some("killed".to_owned()),
            attempts: 1,
            tokens: estimated,
            cost: price().cost(&estimated),
            first_byte_ms: None,
            total_ms: 0,
            ..request.clone()
        },
        price: Some(price()),
    }
}

/// What a killed attempt is settled as, when so much was known to have come out.
pub(super) fn killed(attempt: &Attempt, output: u64) -> (Tokens, NanoUsd) {
    let opened = opened(attempt, &request(&attempt.account)).attempt;
    let tokens = Tokens {
        output,
        ..opened.tokens
    };
    (tokens, price().cost(&tokens))
}

pub(super) fn payload() -> Payload {
    Payload {
        kept: Payloads::Full,
        request: "{\"messages\":[]}".to_owned(),
        response: "{\"choices\":[]}".to_owned(),
        truncated: false,
    }
}

/// Makes a whole call.
pub(super) fn call(ledger: &Ledger, request: &RequestRecord, attempt: &Attempt) {
    ledger.begin(&opened(attempt, request)).unwrap();
    ledger.settle(attempt.clone());
    ledger.close(request.clone(), None);
}

/// The request's row, if there is one.
pub(super) async fn found(db: &Db, id: RequestId) -> Option<RequestRecord> {
    let found = requests::find(db, id).await.unwrap();
    found.map(|found| found.record)
}

/// The request's attempts.
pub(super) async fn attempts(db: &Db, id: RequestId) -> Vec<Attempt> {
    attempts_of(db, id).await.unwrap()
}

/// A request's row keeps no parts of input and output.
pub(super) fn as_stored(mut request: RequestRecord) -> RequestRecord {
    request.tokens = parts_left_out(request.tokens);
    request
}

pub(super) fn parts_left_out(tokens: Tokens) -> Tokens {
    Tokens {
        cache_write_1h: 0,
        audio_input: 0,
        audio_output: 0,
        image_input: 0,
        ..tokens
    }
}

/// The daily sums of all time: requests, attempts, tokens, cost, unpriced, estimated.
pub(super) async fn sums(db: &Db) -> (u64, u64, Tokens, NanoUsd, u64, u64) {
    let filter = usage::Filter {
        scope: Scope::All,
        from: "2000-01-01".parse().unwrap(),
        to: "2100-01-01".parse().unwrap(),
        owner: None,
        team: None,
        model: None,
    };
    let all = usage::sum(db, &filter, &[], 2).await.unwrap().remove(0);
    (
        all.requests,
        all.attempts,
        all.tokens,
        all.cost,
        all.unpriced,
        all.estimated,
    )
}
