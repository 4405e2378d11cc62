//! What the forms of a team's page do.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use gateway_domain::{Email, TeamRole, UserId};
use gateway_identity::{Context, ServiceError, teams};
use serde::Deserialize;

use super::{
    Asked, PATH,
    one::{MemberForm, page},
    path_of,
};
use crate::{
    errors::Errors,
    notice::Notice,
    page::{Page, PageError, done},
    pages::sessions::Nothing,
    visitor::{Posted, Visitor},
};

/// The fields beside which something can be told.
const FIELDS: [&str; 3] = ["email", "role", "name"];

pub(super) async fn rename(
    State(ctx): State<Context>,
    Path(key): Path<String>,
    Posted { visitor, form }: Posted<MemberForm>,
) -> Result<Response, PageError> {
    let renamed = teams::rename(&ctx, &visitor.caller, &key, &form.name).await;
    finish(
        &ctx,
        visitor,
        &key,
        form,
        renamed.map(|_| Notice::TeamSaved),
    )
    .await
}

/// What the team's request log keeps; empty: what the file says for all.
#[derive(Deserialize)]
pub(super) struct Logging {
    payloads: String,
}

pub(super) async fn logging(
    State(ctx): State<Context>,
    Path(key): Path<String>,
    Posted { visitor, form }: Posted<Logging>,
) -> Result<Response, PageError> {
    let changed = async {
        let payloads = match form.payloads.as_str() {
            "" => None,
            word => Some(word.parse().map_err(|_| {
                ServiceError::invalid("payloads", "Choose what the request log keeps.")
            })?),
        };
        let change = teams::Change {
            payloads: Some(payloads),
            ..teams::Change::default()
        };
        teams::change(&ctx, &visitor.caller, &key, change).await
    };
    match changed.await {
        Ok(_) => Ok(done(&path_of(&key), Notice::TeamSaved)),
        Err(error) => refused(&ctx, visitor, &key, None, error).await,
    }
}

pub(super) async fn delete(
    State(ctx): State<Context>,
    Path(key): Path<String>,
    Posted { visitor, .. }: Posted<Nothing>,
) -> Result<Response, PageError> {
    match teams::delete(&ctx, &visitor.caller, &key).await {
        Ok(()) => Ok(done(PATH, Notice::TeamDeleted)),
        Err(error) => refused(&ctx, visitor, &key, None, error).await,
    }
}

pub(super) async fn add_member(
    State(ctx): State<Context>,
    Path(key): Path<String>,
    Posted { visitor, form }: Posted<MemberForm>,
) -> Result<Response, PageError> {
    let added = async {
        let email: Email = form
            .email
            .parse()
            .map_err(|_| ServiceError::invalid("email", "Enter an e-mail address."))?;
        let role = role(&form)?;
        match teams::set_member_by_email(&ctx, &visitor.caller, &key, &email, role).await {
            Err(ServiceError::NotFound("person")) => Err(ServiceError::invalid(
                "email",
                "Nobody with this address is known here.",
            )),
            added => added,
        }
    };
    let added = added.await;
    // The form below keeps the team's name.
    finish(
        &ctx,
        visitor,
        &key,
        form,
        added.map(|_| Notice::MemberSaved),
    )
    .await
}

pub(super) async fn set_member(
    State(ctx): State<Context>,
    Path((key, user)): Path<(String, UserId)>,
    Posted { visitor, form }: Posted<MemberForm>,
) -> Result<Response, PageError> {
    let set = async {
        let role = role(&form)?;
        teams::set_member(&ctx, &visitor.caller, &key, user, role).await
    };
    match set.await {
        Ok(_) => Ok(done(&path_of(&key), Notice::MemberSaved)),
        Err(error) => refused(&ctx, visitor, &key, None, error).await,
    }
}

pub(super) async fn remove_member(
    State(ctx): State<Context>,
    Path((key, user)): Path<(String, UserId)>,
    Posted { visitor, .. }: Posted<Nothing>,
) -> Result<Response, PageError> {
    let own = visitor.session.user.id;
    match teams::remove_member(&ctx, &visitor.caller, &key, user).await {
        // Who left a team may not see its page any more.
        Ok(()) if own == user => Ok(done(PATH, Notice::MemberRemoved)),
        Ok(()) => Ok(done(&path_of(&key), Notice::MemberRemoved)),
        Err(error) => refused(&ctx, visitor, &key, None, error).await,
    }
}

fn role(form: &MemberForm) -> Result<TeamRole, ServiceError> {
    form.role
        .parse()
        .map_err(|_| ServiceError::invalid("role", "Choose one of the roles."))
}

async fn finish(
    ctx: &Context,
    visitor: Visitor,
    key: &str,
    form: MemberForm,
    outcome: Result<Notice, ServiceError>,
) -> Result<Response, PageError> {
    match outcome {
        Ok(notice) => Ok(done(&path_of(key), notice)),
        Err(error) => refused(ctx, visitor, key, Some(form), error).await,
    }
}

async fn refused(
    ctx: &Context,
    visitor: Visitor,
    key: &str,
    form: Option<MemberForm>,
    error: ServiceError,
) -> Result<Response, PageError> {
    let shown: &[&str] = if form.is_some() { &FIELDS } else { &[] };
    let (status, errors) = Errors::told(error, shown)?;
    let mut page = page(ctx, visitor, key, Asked::default(), form, errors).await?;
    if page.form.name.is_empty() && page.errors.of("name").is_none() {
        page.form.name.clone_from(&page.team.name);
    }
    Ok(Page(status, page).into_response())
}
