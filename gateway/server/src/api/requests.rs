//! `/api/v1/admin/requests`

mod objects;

use axum::Json;
use gateway_domain::{ApiKeyId, RequestId};
use gateway_edge::Problem;
use gateway_identity::{
    Caller, Context, ServiceError,
    api_keys::{self, OwnerRef},
};
use gateway_ledger::requests::{self, Filter, StatusFilter};
use serde::Deserialize;
use utoipa::IntoParams;

pub(super) use objects::{CallOwner, Request, RequestDetail, Tokens};

use super::{
    extract::{Named, PageParams, Params, Reader, given, moment, parsed},
    objects::List,
};

/// Which requests.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct RequestParams {
    /// Not before: a moment (RFC 3339) or a date.
    from: Option<String>,
    /// Before: a moment (RFC 3339) or a date.
    to: Option<String>,
    /// Whose: an e-mail address, a service account's key, or the id of either.
    user: Option<String>,
    /// On whose account: a team's key.
    team: Option<String>,
    /// Of which model, as the caller named it.
    model: Option<String>,
    /// `ok`, `failed`, or a status such as `429`.
    status: Option<String>,
    /// By which key: its id.
    key: Option<String>,
}

/// The requests, newest first. Those who may not see all of them get their own, and those of the teams that they manage.
#[utoipa::path(get, path = "/api/v1/admin/requests", tag = "requests", operation_id = "list_requests",
    params(RequestParams, PageParams), responses((status = 200, body = List<Request>)))]
pub(super) async fn list(
    Reader { ctx, caller }: Reader,
    Params(params): Params<RequestParams>,
    Params(page): Params<PageParams>,
) -> Result<Json<List<Request>>, Problem> {
    let filter = Filter {
        from: moment("from", params.from)?,
        to: moment("to", params.to)?,
        owner: owner(&ctx, &caller, params.user).await?,
        team: given(params.team),
        model: given(params.model),
        status: status(given(params.status))?,
        key: parsed::<ApiKeyId>("key", params.key, "The key is the id of one.")?,
    };
    let page = requests::list(&ctx, &caller, &filter, &page.paging()?).await?;
    Ok(Json(List::of(page)))
}

/// A request with its attempts, and with what was said if it was kept and the caller may read it.
#[utoipa::path(get, path = "/api/v1/admin/requests/{id}", tag = "requests", operation_id = "get_request",
    params(("id" = uuid::Uuid, Path)), responses((status = 200, body = RequestDetail)))]
pub(super) async fn get(
    Reader { ctx, caller }: Reader,
    Named(id): Named<RequestId>,
) -> Result<Json<RequestDetail>, Problem> {
    Ok(Json(requests::get(&ctx, &caller, id).await?.into()))
}

/// Whom a parameter means.
pub(super) async fn owner(
    ctx: &Context,
    caller: &Caller,
    text: Option<String>,
) -> Result<Option<gateway_domain::KeyOwner>, ServiceError> {
    match given(text) {
        Some(text) => {
            let owner = api_keys::find_owner(ctx, caller, &OwnerRef::Named(text)).await;
            // The parameter has another name here than in the body of a key.
            owner.map(Some).map_err(|error| match error {
                ServiceError::Invalid { sentence, .. } => ServiceError::invalid("user", sentence),
                other => other,
            })
        }
        None => Ok(None),
    }
}

fn status(text: Option<String>) -> Result<Option<StatusFilter>, Problem> {
    match text.as_deref() {
        None => Ok(None),
        Some("ok") => Ok(Some(StatusFilter::Ok)),
        Some("failed") => Ok(Some(StatusFilter::Failed)),
        Some(_) => {
            let expected = "The status is ok, failed, or a number such as 429.";
            let number = parsed::<u16>("status", text, expected)?;
            Ok(number.map(StatusFilter::Exactly))
        }
    }
}
