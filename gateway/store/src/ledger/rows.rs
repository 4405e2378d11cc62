//! Rows of the ledger and the request log, to and from their columns.

use chrono::{DateTime, Utc};
use gateway_domain::{
    ApiKeyId, AttemptId, KeyOwner, OwnerKind, RequestId, TeamId,
    ledger::{Account, Attempt, Outcome, Pricing, RequestRecord, UsageKind},
    money::{NanoUsd, Tokens},
};
use uuid::Uuid;

use super::PayloadRow;
use crate::Query;

/// The columns of `attempts`, as [`bind_attempt`] binds them.
pub(super) const ATTEMPT: &[&str] = &[
    "id",
    "request_id",
    "ordinal",
    "key_id",
    "owner_kind",
    "owner_id",
    "team_id",
    "model",
    "provider",
    "upstream_model",
    "outcome",
    "upstream_status",
    "error_code",
    "usage",
    "pricing",
    "input",
    "output",
    "cache_read",
    "cache_write",
    "cache_write_1h",
    "reasoning",
    "audio_input",
    "audio_output",
    "image_input",
    "cost_nano_usd",
    "started_at",
    "first_byte_ms",
    "total_ms",
];

/// The columns of `requests`, as [`bind_request`] binds them.
pub(super) const REQUEST: &[&str] = &[
    "id",
    "at",
    "surface",
    "key_id",
    "owner_kind",
    "owner_id",
    "team_id",
    "model",
    "provider",
    "upstream_model",
    "streamed",
    "status",
    "error_code",
    "attempts",
    "input",
    "output",
    "cache_read",
    "cache_write",
    "reasoning",
    "cost_nano_usd",
    "first_byte_ms",
    "total_ms",
    "client_request_id",
    "labels",
];

/// The columns of `request_payloads`, as [`bind_payload`] binds them.
pub(super) const PAYLOAD: &[&str] = &[
    "request_id",
    "at",
    "kept",
    "request",
    "response",
    "truncated",
];

pub(super) fn bind_attempt<'c>(row: &Attempt, query: Query<'c>) -> Query<'c> {
    let tokens = &row.tokens;
    let query = query
        .bind_plain(row.id)
        .bind_plain(row.request_id)
        .bind_plain(row.ordinal);
    bind_account(&row.account, query)
        .bind_text(Some(&row.model))
        .bind_text(Some(&row.provider))
        .bind_text(Some(&row.upstream_model))
        .bind_plain(row.outcome)
        .bind_plain(row.upstream_status)
        .bind_text(row.error_code.as_deref())
        .bind_plain(row.usage)
        .bind_plain(row.pricing)
        .bind_plain(count(tokens.input))
        .bind_plain(count(tokens.output))
        .bind_plain(count(tokens.cache_read))
        .bind_plain(count(tokens.cache_write))
        .bind_plain(count(tokens.cache_write_1h))
        .bind_plain(count(tokens.reasoning))
        .bind_plain(count(tokens.audio_input))
        .bind_plain(count(tokens.audio_output))
        .bind_plain(count(tokens.image_input))
        .bind_plain(row.cost)
        .bind(row.started_at)
        .bind_plain(row.first_byte_ms)
        .bind_plain(row.total_ms)
}

pub(super) fn bind_request<'c>(row: &RequestRecord, query: Query<'c>) -> Query<'c> {
    let tokens = &row.tokens;
    let served_by = row.served_by.as_ref();
    let query = query
        .bind_plain(row.id)
        .bind(row.at)
        .bind_plain(row.surface);
    bind_account(&row.account, query)
        .bind_text(Some(&row.model))
        .bind_text(served_by.map(|(provider, _)| &**provider))
        .bind_text(served_by.map(|(_, upstream_model)| &**upstream_model))
        .bind_plain(row.streamed)
        .bind_plain(row.status)
        .bind_text(row.error_code.as_deref())
        .bind_plain(row.attempts)
        .bind_plain(count(tokens.input))
        .bind_plain(count(tokens.output))
        .bind_plain(count(tokens.cache_read))
        .bind_plain(count(tokens.cache_write))
        .bind_plain(count(tokens.reasoning))
        .bind_plain(row.cost)
        .bind_plain(row.first_byte_ms)
        .bind_plain(row.total_ms)
        .bind_text(row.client_request_id.as_deref())
        .bind_text(Some(&row.labels.to_string()))
}

pub(super) fn bind_payload<'c>(row: &PayloadRow, query: Query<'c>) -> Query<'c> {
    query
        .bind_plain(row.request_id)
        .bind(row.at)
        .bind_plain(row.kept)
        .bind_text(Some(&row.request))
        .bind_text(Some(&row.response))
        .bind_plain(row.truncated)
}

fn bind_account<'c>(account: &Account, query: Query<'c>) -> Query<'c> {
    query
        .bind_plain(account.key_id)
        .bind_plain(account.owner.kind())
        .bind_plain(account.owner.uuid())
        .bind_plain(account.team_id)
}

/// A count as a column holds it.
pub(super) fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A column as a count.
pub(crate) fn counted(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// A row of `attempts`.
#[derive(sqlx::FromRow)]
pub(super) struct AttemptRow {
    id: AttemptId,
    request_id: RequestId,
    ordinal: i32,
    key_id: ApiKeyId,
    owner_kind: OwnerKind,
    owner_id: Uuid,
    team_id: Option<TeamId>,
    model: String,
    provider: String,
    upstream_model: String,
    outcome: Outcome,
    upstream_status: Option<i32>,
    error_code: Option<String>,
    usage: UsageKind,
    pricing: Pricing,
    input: i64,
    output: i64,
    cache_read: i64,
    cache_write: i64,
    cache_write_1h: i64,
    reasoning: i64,
    audio_input: i64,
    audio_output: i64,
    image_input: i64,
    cost_nano_usd: NanoUsd,
    started_at: DateTime<Utc>,
    first_byte_ms: Option<i32>,
    total_ms: i32,
}

impl From<AttemptRow> for Attempt {
    fn from(row: AttemptRow) -> Self {
        Self {
            id: row.id,
            request_id: row.request_id,
            ordinal: row.ordinal,
            account: Account {
                key_id: row.key_id,
                owner: KeyOwner::new(row.owner_kind, row.owner_id),
                team_id: row.team_id,
            },
            model: row.model,
            provider: row.provider,
            upstream_model: row.upstream_model,
            outcome: row.outcome,
            upstream_status: row.upstream_status,
            error_code: row.error_code,
            usage: row.usage,
            pricing: row.pricing,
            tokens: Tokens {
                input: counted(row.input),
                output: counted(row.output),
                cache_read: counted(row.cache_read),
                cache_write: counted(row.cache_write),
                cache_write_1h: counted(row.cache_write_1h),
                reasoning: counted(row.reasoning),
                audio_input: counted(row.audio_input),
                audio_output: counted(row.audio_output),
                image_input: counted(row.image_input),
            },
            cost: row.cost_nano_usd,
            started_at: row.started_at,
            first_byte_ms: row.first_byte_ms,
            total_ms: row.total_ms,
        }
    }
}
