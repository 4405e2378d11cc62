//! `/api/v1/admin/users`

use axum::{Json, http::HeaderValue, response::IntoResponse};
use gateway_domain::{Email, GlobalRole, SignIn, TeamRole, Token, UserId, UserStatus};
use gateway_edge::Problem;
use gateway_identity::{
    Context, one_time,
    people::{self, Change, Filter, NewPerson},
};
use http::{StatusCode, header::LOCATION};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    extract::{Body, Named, PageParams, Params, Reader, Writer, given, member, parsed},
    objects::{self, InvitedUser, Link, List, User},
};

/// Which people to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct UserParams {
    /// The beginning of an address, of its host, or of a word of the name.
    q: Option<String>,
    /// Where they stand.
    #[param(schema_with = objects::user_status)]
    status: Option<String>,
    /// The key of a team that they are in. Those who manage a team and may not see everybody must name it.
    team: Option<String>,
}

/// A person to be invited.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUser {
    #[schema(value_type = String, format = Email)]
    email: Email,
    /// Unless given, the address.
    name: Option<String>,
    /// `password`, or the key of an identity provider.
    #[schema(value_type = String)]
    sign_in: SignIn,
    /// Unless given, `user`.
    #[schema(schema_with = objects::global_role, required = false)]
    global_role: Option<GlobalRole>,
    /// A team to begin in.
    #[serde(default, deserialize_with = "member")]
    team: Option<NewPlace>,
    /// Unless given, false.
    request_logging_enabled: Option<bool>,
}

/// A place in a team.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPlace {
    /// The team's key.
    key: String,
    #[schema(schema_with = objects::team_role)]
    role: TeamRole,
}

/// What to change of a person; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UserChange {
    /// `active` or `disabled`. Enabled people who never came are `invited` again.
    #[schema(schema_with = objects::user_status, required = false)]
    status: Option<UserStatus>,
    #[schema(schema_with = objects::global_role, required = false)]
    global_role: Option<GlobalRole>,
    name: Option<String>,
    request_logging_enabled: Option<bool>,
}

/// The people, newest first.
#[utoipa::path(get, path = "/api/v1/admin/users", tag = "people", operation_id = "list_users",
    params(UserParams, PageParams), responses((status = 200, body = List<User>)))]
pub(super) async fn list(
    Reader { ctx, caller }: Reader,
    Params(params): Params<UserParams>,
    Params(page): Params<PageParams>,
) -> Result<Json<List<User>>, Problem> {
    let expected = "The status is invited, active or disabled.";
    let filter = Filter {
        q: given(params.q),
        status: parsed("status", params.status, expected)?,
        team: given(params.team),
    };
    let page = people::list(&ctx, &caller, &filter, &page.paging()?).await?;
    Ok(Json(List::of(page)))
}

/// Invites a person. A password person's `invite_url` is shown this once.
#[utoipa::path(post, path = "/api/v1/admin/users", tag = "people", operation_id = "invite_user",
    request_body = NewUser, responses((status = 201, body = InvitedUser)))]
pub(super) async fn invite(
    Writer { ctx, caller }: Writer,
    Body(new): Body<NewUser>,
) -> Result<impl IntoResponse, Problem> {
    let new = NewPerson {
        email: new.email,
        name: new.name,
        sign_in: new.sign_in,
        global_role: new.global_role.unwrap_or(GlobalRole::User),
        team: new.team.map(|place| (place.key, place.role)),
        request_logging_enabled: new.request_logging_enabled.unwrap_or(false),
    };
    let invited = people::invite(&ctx, &caller, new).await?;
    let location = format!("/api/v1/admin/users/{}", invited.person.user.id);
    let body = InvitedUser {
        user: invited.person.into(),
        invite_url: invited.link.map(|token| url(&ctx, &token)),
    };
    let location = HeaderValue::from_str(&location).map_err(|_| Problem::server_error())?;
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(body)))
}

/// A person.
#[utoipa::path(get, path = "/api/v1/admin/users/{id}", tag = "people", operation_id = "get_user",
    params(("id" = uuid::Uuid, Path)), responses((status = 200, body = User)))]
pub(super) async fn get(
    Reader { ctx, caller }: Reader,
    Named(id): Named<UserId>,
) -> Result<Json<User>, Problem> {
    Ok(Json(people::get(&ctx, &caller, id).await?.into()))
}

/// Changes a person: status, role, name, request logging.
#[utoipa::path(patch, path = "/api/v1/admin/users/{id}", tag = "people", operation_id = "change_user",
    params(("id" = uuid::Uuid, Path)), request_body = UserChange, responses((status = 200, body = User)))]
pub(super) async fn change(
    Writer { ctx, caller }: Writer,
    Named(id): Named<UserId>,
    Body(change): Body<UserChange>,
) -> Result<Json<User>, Problem> {
    let change = Change {
        status: change.status,
        global_role: change.global_role,
        name: change.name,
        request_logging_enabled: change.request_logging_enabled,
    };
    let person = people::change(&ctx, &caller, id, change).await?;
    Ok(Json(person.into()))
}

/// Deletes a person who never came. Others can be disabled.
#[utoipa::path(delete, path = "/api/v1/admin/users/{id}", tag = "people", operation_id = "delete_user",
    params(("id" = uuid::Uuid, Path)), responses((status = 204)))]
pub(super) async fn delete(
    Writer { ctx, caller }: Writer,
    Named(id): Named<UserId>,
) -> Result<StatusCode, Problem> {
    people::delete(&ctx, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a link with which a password person chooses a new password. Shown this once; earlier links stop working.
#[utoipa::path(post, path = "/api/v1/admin/users/{id}/reset-password-link", tag = "people",
    operation_id = "make_reset_password_link",
    params(("id" = uuid::Uuid, Path)), responses((status = 201, body = Link)))]
pub(super) async fn reset_password_link(
    Writer { ctx, caller }: Writer,
    Named(id): Named<UserId>,
) -> Result<(StatusCode, Json<Link>), Problem> {
    let token = people::issue_reset(&ctx, &caller, id).await?;
    let url = url(&ctx, &token);
    Ok((StatusCode::CREATED, Json(Link { url })))
}

/// Makes a new link for an invited password person. Shown this once; earlier links stop working.
#[utoipa::path(post, path = "/api/v1/admin/users/{id}/invite-link", tag = "people",
    operation_id = "make_invite_link",
    params(("id" = uuid::Uuid, Path)), responses((status = 201, body = Link)))]
pub(super) async fn invite_link(
    Writer { ctx, caller }: Writer,
    Named(id): Named<UserId>,
) -> Result<(StatusCode, Json<Link>), Problem> {
    let token = people::reissue_invite(&ctx, &caller, id).await?;
    let url = url(&ctx, &token);
    Ok((StatusCode::CREATED, Json(Link { url })))
}

fn url(ctx: &Context, token: &Token) -> String {
    one_time::url(&ctx.live().config.server.public_base_url, token)
}
