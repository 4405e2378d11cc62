//! A person's places in teams, from the person's page.

use axum::{
    extract::{Path, State},
    response::Response,
};
use gateway_domain::{TeamRole, UserId};
use gateway_identity::{Context, ServiceError, teams};
use serde::Deserialize;

use super::{one::refused, path_of};
use crate::{
    notice::Notice,
    page::{PageError, done},
    pages::sessions::Nothing,
    visitor::Posted,
};

#[derive(Deserialize)]
pub(super) struct Place {
    team: String,
    role: String,
}

pub(super) async fn set(
    State(ctx): State<Context>,
    Path(id): Path<UserId>,
    Posted { visitor, form }: Posted<Place>,
) -> Result<Response, PageError> {
    let set = async {
        let role: TeamRole = form
            .role
            .parse()
            .map_err(|_| ServiceError::invalid("role", "Choose one of the roles."))?;
        teams::set_member(&ctx, &visitor.caller, &form.team, id, role).await
    };
    match set.await {
        Ok(_) => Ok(done(&path_of(id), Notice::MemberSaved)),
        Err(error) => refused(&ctx, visitor, id, None, error).await,
    }
}

pub(super) async fn remove(
    State(ctx): State<Context>,
    Path((id, key)): Path<(UserId, String)>,
    Posted { visitor, .. }: Posted<Nothing>,
) -> Result<Response, PageError> {
    match teams::remove_member(&ctx, &visitor.caller, &key, id).await {
        Ok(()) => Ok(done(&path_of(id), Notice::MemberRemoved)),
        Err(error) => refused(&ctx, visitor, id, None, error).await,
    }
}
