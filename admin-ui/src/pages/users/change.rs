//! What the forms of a person's page do.

use axum::{
    extract::{Path, State},
    response::Response,
};
use gateway_domain::{GlobalRole, SessionId, UserId, UserStatus};
use gateway_identity::{
    Context, ServiceError,
    people::{self, Change},
    session_service,
};
use serde::Deserialize;

use super::{PATH, one::refused, path_of};
use crate::{
    notice::Notice,
    page::{PageError, done},
    pages::sessions::Nothing,
    visitor::{Posted, Visitor},
};

#[derive(Deserialize)]
pub(super) struct Details {
    name: String,
    /// A box that is not ticked is not sent.
    #[serde(default)]
    request_logging_enabled: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Role {
    global_role: String,
}

#[derive(Deserialize)]
pub(super) struct Status {
    status: String,
}

pub(super) async fn details(
    State(ctx): State<Context>,
    Path(id): Path<UserId>,
    Posted { visitor, form }: Posted<Details>,
) -> Result<Response, PageError> {
    let wanted = Change {
        name: Some(form.name.clone()),
        request_logging_enabled: Some(form.request_logging_enabled.is_some()),
        ..Change::default()
    };
    match people::change(&ctx, &visitor.caller, id, wanted).await {
        Ok(_) => Ok(done(&path_of(id), Notice::PersonSaved)),
        Err(error) => refused(&ctx, visitor, id, Some(form.name), error).await,
    }
}

pub(super) async fn role(
    State(ctx): State<Context>,
    Path(id): Path<UserId>,
    Posted { visitor, form }: Posted<Role>,
) -> Result<Response, PageError> {
    let wanted = form.global_role.parse::<GlobalRole>().map(|role| Change {
        global_role: Some(role),
        ..Change::default()
    });
    let wanted =
        wanted.map_err(|_| ServiceError::invalid("global_role", "Choose one of the roles."));
    set(&ctx, visitor, id, wanted, Notice::RoleSet).await
}

pub(super) async fn status(
    State(ctx): State<Context>,
    Path(id): Path<UserId>,
    Posted { visitor, form }: Posted<Status>,
) -> Result<Response, PageError> {
    let (status, notice) = match form.status.as_str() {
        "active" => (UserStatus::Active, Notice::Enabled),
        "disabled" => (UserStatus::Disabled, Notice::Disabled),
        _ => {
            let error = ServiceError::invalid("status", "An account is enabled or disabled.");
            return refused(&ctx, visitor, id, None, error).await;
        }
    };
    let wanted = Change {
        status: Some(status),
        ..Change::default()
    };
    set(&ctx, visitor, id, Ok(wanted), notice).await
}

async fn set(
    ctx: &Context,
    visitor: Visitor,
    id: UserId,
    wanted: Result<Change, ServiceError>,
    notice: Notice,
) -> Result<Response, PageError> {
    let changed = async { people::change(ctx, &visitor.caller, id, wanted?).await };
    match changed.await {
        Ok(_) => Ok(done(&path_of(id), notice)),
        Err(error) => refused(ctx, visitor, id, None, error).await,
    }
}

pub(super) async fn delete(
    State(ctx): State<Context>,
    Path(id): Path<UserId>,
    Posted { visitor, .. }: Posted<Nothing>,
) -> Result<Response, PageError> {
    match people::delete(&ctx, &visitor.caller, id).await {
        Ok(()) => Ok(done(PATH, Notice::PersonDeleted)),
        Err(error) => refused(&ctx, visitor, id, None, error).await,
    }
}

pub(super) async fn end_session(
    State(ctx): State<Context>,
    Path((id, session)): Path<(UserId, SessionId)>,
    Posted { visitor, .. }: Posted<Nothing>,
) -> Result<Response, PageError> {
    session_service::revoke(&ctx, &visitor.caller, session).await?;
    Ok(done(&path_of(id), Notice::SessionEnded))
}

pub(super) async fn end_sessions(
    State(ctx): State<Context>,
    Path(id): Path<UserId>,
    Posted { visitor, .. }: Posted<Nothing>,
) -> Result<Response, PageError> {
    // Whoever ends their own from here stays where they are.
    session_service::revoke_all(&ctx, &visitor.caller, id, true).await?;
    Ok(done(&path_of(id), Notice::SessionsEnded))
}
