//! The request log, as it is read and cleaned up.

mod list;

use chrono::{DateTime, Utc};
use gateway_domain::{
    ApiKeyId, KeyOwner, OwnerKind, RequestId, TeamId, UserId,
    ledger::{Account, RequestRecord, Surface},
    money::{NanoUsd, Tokens},
};
use uuid::Uuid;

use crate::{Db, Error, Executor, Result, ledger::PayloadRow, ledger::counted};

pub use list::{Filter, Position, Standing, list};

/// Whose calls somebody may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everybody's.
    All,
    /// A person's own, and those of the teams that they manage.
    Of(UserId, Vec<TeamId>),
}

/// A request with the names of what it refers to, where that is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedRequest {
    /// The row.
    pub record: RequestRecord,
    /// The key's name.
    pub key_name: Option<String>,
    /// The person's address, or the service account's name.
    pub owner_name: Option<String>,
    /// The team's key and name.
    pub team: Option<(String, String)>,
}

/// The columns of a [`Row`], up to where they come from.
macro_rules! select {
    () => {
        "SELECT r.id, r.at, r.surface, r.key_id, r.owner_kind, r.owner_id, r.team_id, r.model, r.provider, \
                r.upstream_model, r.streamed, r.status, r.error_code, r.attempts, r.input, r.output, r.cache_read, \
                r.cache_write, r.reasoning, r.cost_nano_usd, r.first_byte_ms, r.total_ms, r.client_request_id, r.labels, \
                k.name AS key_name, COALESCE(u.email, a.name) AS owner_name, t.key AS team_key, t.name AS team_name \
           FROM "
    };
}

/// What the names come from, behind `requests r`.
macro_rules! names {
    () => {
        " LEFT JOIN api_keys k ON k.id = r.key_id \
          LEFT JOIN users u ON r.owner_kind = 'user' AND u.id = r.owner_id \
          LEFT JOIN service_accounts a ON r.owner_kind = 'service_account' AND a.id = r.owner_id \
          LEFT JOIN teams t ON t.id = r.team_id "
    };
}
use {names, select};

/// One request, whoever's it is.
pub async fn find(db: impl Executor<'_>, id: RequestId) -> Result<Option<NamedRequest>> {
    let row: Option<Row> = db
        .query(concat!(
            select!(),
            "requests r",
            names!(),
            "WHERE r.id = $1"
        ))
        .bind(id)
        .fetch_optional()
        .await?;
    row.map(NamedRequest::try_from).transpose()
}

/// What was kept of a request's bodies.
pub async fn payload(db: impl Executor<'_>, id: RequestId) -> Result<Option<PayloadRow>> {
    db.query(
        "SELECT request_id, at, kept, request, response, truncated FROM request_payloads WHERE request_id = $1",
    )
    .bind(id)
    .fetch_optional()
    .await
}

/// Deletes the requests that came before `until`, and what was kept of their bodies, a batch at a time. Returns how many
/// rows went.
pub async fn prune(db: &Db, until: DateTime<Utc>) -> Result<u64> {
    let payloads = "DELETE FROM request_payloads WHERE request_id IN \
                    (SELECT request_id FROM request_payloads WHERE at < $1 ORDER BY at LIMIT $2)";
    let requests = "DELETE FROM requests WHERE id IN \
                    (SELECT id FROM requests WHERE at < $1 ORDER BY at LIMIT $2)";
    let gone = crate::prune_table(db, payloads, until).await?;
    Ok(gone + crate::prune_table(db, requests, until).await?)
}

/// A row of `requests` with names.
#[derive(sqlx::FromRow)]
struct Row {
    id: RequestId,
    at: DateTime<Utc>,
    surface: Surface,
    key_id: ApiKeyId,
    owner_kind: OwnerKind,
    owner_id: Uuid,
    team_id: Option<TeamId>,
    model: String,
    provider: Option<String>,
    upstream_model: Option<String>,
    streamed: bool,
    status: i32,
    error_code: Option<String>,
    attempts: i32,
    input: i64,
    output: i64,
    cache_read: i64,
    cache_write: i64,
    reasoning: i64,
    cost_nano_usd: NanoUsd,
    first_byte_ms: Option<i32>,
    total_ms: i32,
    client_request_id: Option<String>,
    labels: String,
    key_name: Option<String>,
    owner_name: Option<String>,
    team_key: Option<String>,
    team_name: Option<String>,
}

impl TryFrom<Row> for NamedRequest {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let labels = serde_json::from_str(&row.labels);
        let labels =
            labels.map_err(|_| Error::Corrupt(format!("the labels of request {}", row.id)))?;
        let record = RequestRecord {
            id: row.id,
            at: row.at,
            surface: row.surface,
            account: Account {
                key_id: row.key_id,
                owner: KeyOwner::new(row.owner_kind, row.owner_id),
                team_id: row.team_id,
            },
            model: row.model,
            served_by: row.provider.zip(row.upstream_model),
            streamed: row.streamed,
            status: row.status,
            error_code: row.error_code,
            attempts: row.attempts,
            tokens: Tokens {
                input: counted(row.input),
                output: counted(row.output),
                cache_read: counted(row.cache_read),
                cache_write: counted(row.cache_write),
                reasoning: counted(row.reasoning),
                ..Tokens::default()
            },
            cost: row.cost_nano_usd,
            first_byte_ms: row.first_byte_ms,
            total_ms: row.total_ms,
            client_request_id: row.client_request_id,
            labels,
        };
        Ok(Self {
            record,
            key_name: row.key_name,
            owner_name: row.owner_name,
            team: row.team_key.zip(row.team_name),
        })
    }
}
