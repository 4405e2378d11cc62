//! What the samples of keys, models, requests and usage show.

use std::time::Duration;

use chrono::{NaiveDate, TimeDelta};
use gateway_config::Timeouts;
use gateway_domain::{
    ApiKey, ApiKeyId, AttemptId, KeyOwner, ManagedBy, Payloads, RequestId, ServiceAccount,
    ServiceAccountId, ServiceAccountStatus, TeamId, UserId,
    ledger::{Account, Attempt, Outcome, Pricing, RequestRecord, Surface, UsageKind},
    money::{NanoUsd, Price, Tokens},
};
use gateway_identity::api_keys::{KeyInfo, KeyState};
use gateway_inference::status::{Health, ModelStatus, ProviderStatus, RouteStatus, TestResult};
use gateway_ledger::{
    Payload,
    requests::RequestView,
    usage::{Filter, UsageRow},
};
use serde_json::json;

use super::data::{HOSTILE, now};
use crate::pages::usage::total;

const LONG: &str = "anthropic/claude-sonnet-4-5@20250929-with-a-name-that-has-to-wrap-somewhere";

pub(super) fn key(state: KeyState) -> KeyInfo {
    KeyInfo {
        key: ApiKey {
            id: ApiKeyId::new(),
            prefix: "sk-ogw-4fT9aB".to_owned(),
            name: HOSTILE.to_owned(),
            owner: KeyOwner::User(UserId::new()),
            models: (state == KeyState::Active)
                .then(|| ["gpt-4o-mini", LONG, "a", "b"].map(str::to_owned).to_vec()),
            created_at: now(),
            expires_at: Some(now()),
            last_used_at: (state != KeyState::Expired).then(now),
            revoked_at: (state == KeyState::Revoked).then(now),
        },
        owner_label: "a-very-long-address-that-has-to-wrap@department.of.a.very.long.example.com"
            .to_owned(),
        team: Some(("platform".to_owned(), HOSTILE.to_owned())),
        state,
        may_change: true,
    }
}

pub(super) fn account(status: ServiceAccountStatus) -> ServiceAccount {
    ServiceAccount {
        id: ServiceAccountId::new(),
        key: "ci-indexer".to_owned(),
        name: HOSTILE.to_owned(),
        team_id: TeamId::new(),
        team_key: "platform".to_owned(),
        team_name: HOSTILE.to_owned(),
        status,
        disabled_by: None,
        managed_by: ManagedBy::Admin,
        created_at: now(),
    }
}

fn price() -> Price {
    Price {
        input: "0.15".parse().unwrap(),
        output: "0.6".parse().unwrap(),
        cache_read: "0.075".parse().ok(),
        ..Price::default()
    }
}

pub(super) fn route(health: Health) -> RouteStatus {
    let fails = !matches!(health, Health::Ready | Health::Untried);
    RouteStatus {
        provider: "openai".to_owned(),
        provider_type: "openai_compatible",
        upstream_model: LONG.to_owned(),
        priority: 100,
        weight: 1,
        price: (!fails).then(|| (price(), Pricing::Priced)),
        last_success: Some(now()),
        last_failure: fails.then(|| (now(), HOSTILE.to_owned())),
        health,
    }
}

pub(super) fn model(id: &str) -> ModelStatus {
    let reason = HOSTILE.to_owned();
    ModelStatus {
        id: id.to_owned(),
        name: HOSTILE.to_owned(),
        routes: vec![
            route(Health::Ready),
            route(Health::Untried),
            route(Health::CoolingDown {
                until: now(),
                reason: reason.clone(),
            }),
            route(Health::Broken { reason }),
        ],
    }
}

pub(super) fn provider() -> ProviderStatus {
    ProviderStatus {
        id: "openai".to_owned(),
        kind: "openai_compatible",
        base_url: "https://a-provider-with-a-very-long-name.example.com/openai/v1".to_owned(),
        timeouts: Timeouts {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_mins(1),
            idle: Duration::from_secs(90),
        },
        routes: 3,
        broken: Some(HOSTILE.to_owned()),
        last_success: Some(now()),
        last_failure: Some((now(), HOSTILE.to_owned())),
    }
}

pub(super) fn tested(ok: bool) -> TestResult {
    TestResult {
        ok,
        status: Some(if ok { 200 } else { 401 }),
        milliseconds: 1234,
        message: HOSTILE.to_owned(),
        request_id: RequestId::new(),
    }
}

pub(super) fn tokens() -> Tokens {
    Tokens {
        input: 1_234,
        output: 567,
        cache_read: 20_000,
        cache_write: 100,
        cache_write_1h: 50,
        reasoning: 200,
        ..Tokens::default()
    }
}

fn account_of_call() -> Account {
    Account {
        key_id: ApiKeyId::new(),
        owner: KeyOwner::User(UserId::new()),
        team_id: Some(TeamId::new()),
    }
}

pub(super) fn request(status: i32, code: Option<&str>) -> RequestView {
    RequestView {
        record: RequestRecord {
            id: RequestId::new(),
            at: now(),
            surface: Surface::Messages,
            account: account_of_call(),
            model: LONG.to_owned(),
            served_by: Some(("anthropic".to_owned(), LONG.to_owned())),
            streamed: true,
            status,
            error_code: code.map(str::to_owned),
            attempts: 2,
            tokens: tokens(),
            cost: NanoUsd::new(12_450),
            first_byte_ms: Some(420),
            total_ms: 12_345,
            client_request_id: Some(HOSTILE.to_owned()),
            labels: json!({"x-openwebui-user-email": HOSTILE, "session": 7}),
        },
        key_name: Some(HOSTILE.to_owned()),
        owner_label: "ada@example.com".to_owned(),
        team: Some(("platform".to_owned(), HOSTILE.to_owned())),
    }
}

pub(super) fn attempt(outcome: Outcome) -> Attempt {
    let is_good = outcome == Outcome::Success;
    Attempt {
        id: AttemptId::new(),
        request_id: RequestId::new(),
        ordinal: 0,
        account: account_of_call(),
        model: LONG.to_owned(),
        provider: "anthropic".to_owned(),
        upstream_model: LONG.to_owned(),
        outcome,
        upstream_status: is_good.then_some(200),
        error_code: (!is_good).then(|| "first_byte_timeout".to_owned()),
        usage: UsageKind::Estimated,
        pricing: Pricing::Unpriced,
        tokens: tokens(),
        cost: NanoUsd::new(12_450),
        started_at: now(),
        first_byte_ms: is_good.then_some(420),
        total_ms: 60_000,
    }
}

pub(super) fn payload() -> Payload {
    Payload {
        kept: Payloads::Full,
        request: json!({"messages": [{"role": "user", "content": HOSTILE}]}).to_string(),
        response: format!("data: {HOSTILE}\n\ndata: [DONE]"),
        truncated: true,
    }
}

pub(super) fn last_day() -> NaiveDate {
    now().date_naive()
}

/// Usage of a month, some days of it without a call.
pub(super) fn days() -> Vec<UsageRow> {
    let rows = (0..30).filter(|day| day % 6 != 5).map(|day| UsageRow {
        day: Some(last_day() - TimeDelta::days(day)),
        ..used(day)
    });
    let filter = Filter {
        from: last_day() - TimeDelta::days(29),
        to: last_day(),
        owner: None,
        team: None,
        model: None,
    };
    crate::pages::usage::days_of(&filter, rows.collect())
}

pub(super) fn used(seed: i64) -> UsageRow {
    let number = (seed * 37 % 23 + 4).unsigned_abs();
    UsageRow {
        requests: number,
        attempts: number + 1,
        tokens: Tokens {
            input: number * 10_007,
            output: number * 1_003,
            cache_read: number * 5_001,
            ..Tokens::default()
        },
        cost: NanoUsd::new(i64::try_from(number).unwrap() * 123_456_789),
        unpriced: u64::from(seed % 7 == 0),
        estimated: u64::from(seed % 5 == 0),
        ..total(&[])
    }
}
