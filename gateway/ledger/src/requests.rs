//! The request log, for those who may read it.

use chrono::{DateTime, Utc};
use gateway_domain::{
    ApiKeyId, KeyOwner, RequestId,
    ledger::{Attempt, RequestRecord},
};
use gateway_identity::{Caller, Context, Page, Paging, ServiceError};
use gateway_store::requests::{self as store, NamedRequest, Position, Standing};

use crate::{Payload, scope};

/// Which requests to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Not before.
    pub from: Option<DateTime<Utc>>,
    /// Before.
    pub to: Option<DateTime<Utc>>,
    /// Whose.
    pub owner: Option<KeyOwner>,
    /// On whose account: a team's key.
    pub team: Option<String>,
    /// Of which model, as the caller named it.
    pub model: Option<String>,
    /// How they ended.
    pub status: Option<StatusFilter>,
    /// By which key.
    pub key: Option<ApiKeyId>,
}

/// How a request ended, for a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusFilter {
    /// Well: below 400 and without an error.
    Ok,
    /// Badly: refused, failed or broken off.
    Failed,
    /// With this status.
    Exactly(u16),
}

/// A request with the names of what it refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestView {
    /// The row.
    pub record: RequestRecord,
    /// What the key is called, if it still exists.
    pub key_name: Option<String>,
    /// A person's address or a service account's name, or a neutral word for one who was deleted.
    pub owner_label: String,
    /// The team's key and name.
    pub team: Option<(String, String)>,
}

/// A request with all that was written down of it.
#[derive(Clone)]
pub struct RequestDetail {
    /// The request.
    pub view: RequestView,
    /// The calls of upstreams, in order.
    pub attempts: Vec<Attempt>,
    /// What was said, if it was kept and the caller may read it.
    pub payload: Option<Payload>,
}

/// Requests that match, newest first: all, or the caller's own and those of the teams that they manage.
pub async fn list(
    ctx: &Context,
    caller: &Caller,
    filter: &Filter,
    paging: &Paging,
) -> Result<Page<RequestView>, ServiceError> {
    let owner = match (filter.owner, filter.key) {
        (None, Some(key)) => owner_of(ctx, key).await?,
        (owner, _) => owner,
    };
    let filter = store::Filter {
        scope: scope::of(caller)?,
        from: filter.from,
        to: filter.to,
        owner,
        team: scope::team(ctx, filter.team.as_deref()).await?,
        model: filter.model.clone(),
        standing: filter.status.map(Standing::from),
        key: filter.key,
        before: paging.position()?,
    };
    let rows = store::list(ctx.db(), &filter, paging.rows()?).await?;
    let place = |row: &NamedRequest| Position {
        at: row.record.at,
        id: row.record.id,
    };
    let page = paging.cut(rows, |row| place(row).to_string())?;
    Ok(page.map(RequestView::from))
}

/// Whose a key is: an index finds their requests, none those of a key.
async fn owner_of(ctx: &Context, key: ApiKeyId) -> Result<Option<KeyOwner>, ServiceError> {
    let key = gateway_store::api_keys::find(ctx.db(), key).await?;
    Ok(key.map(|found| found.key.owner))
}

/// One request. One that the caller may not see does not exist for them; what was said in it fewer may see.
pub async fn get(
    ctx: &Context,
    caller: &Caller,
    id: RequestId,
) -> Result<RequestDetail, ServiceError> {
    let found = store::find(ctx.db(), id).await?;
    let found = found.filter(|found| scope::covers(caller, &found.record.account));
    let view = RequestView::from(found.ok_or(ServiceError::NotFound("request"))?);
    let payload = if scope::covers_payload(caller, &view.record.account) {
        store::payload(ctx.db(), id).await?
    } else {
        None
    };
    Ok(RequestDetail {
        view,
        attempts: gateway_store::ledger::attempts_of(ctx.db(), id).await?,
        payload: payload.map(|row| Payload {
            kept: row.kept,
            request: row.request,
            response: row.response,
            truncated: row.truncated,
        }),
    })
}

impl From<StatusFilter> for Standing {
    fn from(status: StatusFilter) -> Self {
        match status {
            StatusFilter::Ok => Self::Ok,
            StatusFilter::Failed => Self::Failed,
            StatusFilter::Exactly(status) => Self::Status(status.into()),
        }
    }
}

impl From<NamedRequest> for RequestView {
    fn from(found: NamedRequest) -> Self {
        Self {
            owner_label: scope::label(found.record.account.owner, found.owner_name),
            record: found.record,
            key_name: found.key_name,
            team: found.team,
        }
    }
}
