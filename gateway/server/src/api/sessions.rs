//! `/api/v1/admin/sessions`, and those of a person.

use axum::Json;
use gateway_domain::{SessionId, UserId};
use gateway_edge::Problem;
use gateway_identity::session_service;
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    extract::{Named, PageParams, Params, Reader, Writer},
    objects::{List, Session},
};

/// Which sessions to end.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct EndParams {
    /// Spare the session that the request comes with.
    #[serde(default)]
    keep_current: bool,
}

/// The caller's own sessions, newest first.
#[utoipa::path(get, path = "/api/v1/admin/sessions", tag = "sessions", operation_id = "list_own_sessions",
    params(PageParams), responses((status = 200, body = List<Session>)))]
pub(super) async fn own(
    Reader { ctx, caller }: Reader,
    Params(page): Params<PageParams>,
) -> Result<Json<List<Session>>, Problem> {
    let page = session_service::list_own(&ctx, &caller, &page.paging()?).await?;
    Ok(Json(List::of(page)))
}

/// Ends a session.
#[utoipa::path(delete, path = "/api/v1/admin/sessions/{id}", tag = "sessions", operation_id = "end_session",
    params(("id" = uuid::Uuid, Path)), responses((status = 204)))]
pub(super) async fn end(
    Writer { ctx, caller }: Writer,
    Named(id): Named<SessionId>,
) -> Result<StatusCode, Problem> {
    session_service::revoke(&ctx, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A person's sessions, newest first.
#[utoipa::path(get, path = "/api/v1/admin/users/{id}/sessions", tag = "sessions",
    operation_id = "list_sessions_of_user",
    params(("id" = uuid::Uuid, Path), PageParams), responses((status = 200, body = List<Session>)))]
pub(super) async fn of_user(
    Reader { ctx, caller }: Reader,
    Named(id): Named<UserId>,
    Params(page): Params<PageParams>,
) -> Result<Json<List<Session>>, Problem> {
    let page = session_service::list_of(&ctx, &caller, id, &page.paging()?).await?;
    Ok(Json(List::of(page)))
}

/// Ends a person's sessions.
#[utoipa::path(delete, path = "/api/v1/admin/users/{id}/sessions", tag = "sessions",
    operation_id = "end_sessions_of_user",
    params(("id" = uuid::Uuid, Path), EndParams), responses((status = 204)))]
pub(super) async fn end_all(
    Writer { ctx, caller }: Writer,
    Named(id): Named<UserId>,
    Params(params): Params<EndParams>,
) -> Result<StatusCode, Problem> {
    session_service::revoke_all(&ctx, &caller, id, params.keep_current).await?;
    Ok(StatusCode::NO_CONTENT)
}
