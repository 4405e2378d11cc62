//! Requests as JSON has them.

use chrono::{DateTime, Utc};
use gateway_domain::{
    KeyOwner, OwnerKind,
    ledger::{self, Outcome, Pricing, Surface, UsageKind},
    money,
};
use gateway_ledger::{Payload, requests};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::objects::{outcome, owner_kind, payloads, pricing, surface, usage_kind};

/// A call of a model.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Request {
    /// The answer's `x-request-id`.
    id: Uuid,
    at: DateTime<Utc>,
    #[schema(schema_with = surface)]
    surface: Surface,
    key_id: Uuid,
    /// What the key is called, if there still is one.
    key_name: Option<String>,
    owner: CallOwner,
    /// What people know the owner by.
    owner_label: String,
    /// The key of the team on whose account it went.
    team: Option<String>,
    /// As the caller named it; empty when the request did not get so far.
    model: String,
    /// The provider that answered, when one did.
    provider: Option<String>,
    /// The model as that provider names it.
    upstream_model: Option<String>,
    streamed: bool,
    /// What the caller got.
    status: i32,
    /// Why it was refused, failed or broken off.
    error_code: Option<String>,
    /// Billionths of a US dollar, summed over the attempts.
    cost_nano_usd: i64,
    tokens: Tokens,
    first_byte_ms: Option<i32>,
    total_ms: i32,
    /// What the caller sent as `x-request-id`.
    client_request_id: Option<String>,
    /// How many upstreams were called.
    attempt_count: i32,
    /// What else the caller says of it; nobody checked it.
    #[schema(value_type = Object)]
    labels: Value,
}

/// A call of a model with all that was written down of it.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct RequestDetail {
    #[serde(flatten)]
    request: Request,
    /// The calls of upstreams, in order.
    attempts: Vec<Attempt>,
    /// What was said; null when it was not kept or is not the caller's to read.
    payload: Option<RequestPayload>,
}

/// A call of an upstream.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Attempt {
    id: Uuid,
    provider: String,
    upstream_model: String,
    #[schema(schema_with = outcome)]
    outcome: Outcome,
    upstream_status: Option<i32>,
    error_code: Option<String>,
    /// Where the tokens come from.
    #[schema(schema_with = usage_kind)]
    usage: UsageKind,
    /// Where the price comes from.
    #[schema(schema_with = pricing)]
    pricing: Pricing,
    tokens: Tokens,
    cost_nano_usd: i64,
    started_at: DateTime<Utc>,
    first_byte_ms: Option<i32>,
    total_ms: i32,
}

/// On whose account a call went.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct CallOwner {
    #[schema(schema_with = owner_kind)]
    kind: OwnerKind,
    id: Uuid,
}

/// What was used. `input` is without what came from a cache or went into one; `reasoning` is a part of `output`.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Tokens {
    input: u64,
    output: u64,
    cache_read: u64,
    cache_write: u64,
    reasoning: u64,
}

/// What was said.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct RequestPayload {
    #[schema(schema_with = payloads)]
    kept: gateway_domain::Payloads,
    request: String,
    response: String,
    /// Whether it was too long and is cut.
    truncated: bool,
}

impl From<requests::RequestView> for Request {
    fn from(view: requests::RequestView) -> Self {
        let record = view.record;
        let (provider, upstream_model) = record.served_by.unzip();
        Self {
            id: record.id.uuid(),
            at: record.at,
            surface: record.surface,
            key_id: record.account.key_id.uuid(),
            key_name: view.key_name,
            owner: record.account.owner.into(),
            owner_label: view.owner_label,
            team: view.team.map(|(key, _)| key),
            model: record.model,
            provider,
            upstream_model,
            streamed: record.streamed,
            status: record.status,
            error_code: record.error_code,
            cost_nano_usd: record.cost.nano(),
            tokens: record.tokens.into(),
            first_byte_ms: record.first_byte_ms,
            total_ms: record.total_ms,
            client_request_id: record.client_request_id,
            attempt_count: record.attempts,
            labels: record.labels,
        }
    }
}

impl From<requests::RequestDetail> for RequestDetail {
    fn from(detail: requests::RequestDetail) -> Self {
        Self {
            request: detail.view.into(),
            attempts: detail.attempts.into_iter().map(Into::into).collect(),
            payload: detail.payload.map(Into::into),
        }
    }
}

impl From<ledger::Attempt> for Attempt {
    fn from(attempt: ledger::Attempt) -> Self {
        Self {
            id: attempt.id.uuid(),
            provider: attempt.provider,
            upstream_model: attempt.upstream_model,
            outcome: attempt.outcome,
            upstream_status: attempt.upstream_status,
            error_code: attempt.error_code,
            usage: attempt.usage,
            pricing: attempt.pricing,
            tokens: attempt.tokens.into(),
            cost_nano_usd: attempt.cost.nano(),
            started_at: attempt.started_at,
            first_byte_ms: attempt.first_byte_ms,
            total_ms: attempt.total_ms,
        }
    }
}

impl From<KeyOwner> for CallOwner {
    fn from(owner: KeyOwner) -> Self {
        Self {
            kind: owner.kind(),
            id: owner.uuid(),
        }
    }
}

impl From<money::Tokens> for Tokens {
    fn from(tokens: money::Tokens) -> Self {
        Self {
            input: tokens.input,
            output: tokens.output,
            cache_read: tokens.cache_read,
            cache_write: tokens.cache_write,
            reasoning: tokens.reasoning,
        }
    }
}

impl From<Payload> for RequestPayload {
    fn from(payload: Payload) -> Self {
        Self {
            kept: payload.kept,
            request: payload.request,
            response: payload.response,
            truncated: payload.truncated,
        }
    }
}
