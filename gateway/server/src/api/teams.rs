//! `/api/v1/admin/teams`

use axum::Json;
use gateway_domain::{Payloads, TeamRole, UserId};
use gateway_edge::Problem;
use gateway_identity::teams::{self, Change};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    extract::{Body, Named, PageParams, Params, Reader, Writer, given_or_null},
    objects::{self, List, Member, Team},
};

/// A team to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTeam {
    /// Its name in addresses, for good.
    #[schema(pattern = "^[a-z0-9][a-z0-9_-]{0,62}$")]
    key: String,
    /// Its name for people.
    name: String,
}

/// What to change of a team; what is left out stays.
#[expect(
    clippy::option_option,
    reason = "left out, null and a value say three different things"
)]
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TeamChange {
    name: Option<String>,
    /// What its request log keeps of bodies at most; null: what the configuration file says for all.
    #[serde(default, deserialize_with = "given_or_null")]
    #[schema(schema_with = objects::payloads, required = false)]
    payloads: Option<Option<Payloads>>,
}

/// A person's role in a team.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MemberChange {
    #[schema(schema_with = objects::team_role)]
    role: TeamRole,
}

/// The teams that the caller may see, by key.
#[utoipa::path(get, path = "/api/v1/admin/teams", tag = "teams", operation_id = "list_teams",
    params(PageParams), responses((status = 200, body = List<Team>)))]
pub(super) async fn list(
    Reader { ctx, caller }: Reader,
    Params(page): Params<PageParams>,
) -> Result<Json<List<Team>>, Problem> {
    let page = teams::list(&ctx, &caller, &page.paging()?).await?;
    Ok(Json(List::of(page)))
}

/// Makes a team.
#[utoipa::path(post, path = "/api/v1/admin/teams", tag = "teams", operation_id = "create_team",
    request_body = NewTeam, responses((status = 201, body = Team)))]
pub(super) async fn create(
    Writer { ctx, caller }: Writer,
    Body(new): Body<NewTeam>,
) -> Result<(StatusCode, Json<Team>), Problem> {
    let team = teams::create(&ctx, &caller, &new.key, &new.name).await?;
    Ok((StatusCode::CREATED, Json(team.into())))
}

/// A team.
#[utoipa::path(get, path = "/api/v1/admin/teams/{key}", tag = "teams", operation_id = "get_team",
    params(("key" = String, Path)), responses((status = 200, body = Team)))]
pub(super) async fn get(
    Reader { ctx, caller }: Reader,
    Named(key): Named<String>,
) -> Result<Json<Team>, Problem> {
    Ok(Json(teams::get(&ctx, &caller, &key).await?.into()))
}

/// Changes a team: its name, and what its request log keeps.
#[utoipa::path(patch, path = "/api/v1/admin/teams/{key}", tag = "teams", operation_id = "change_team",
    params(("key" = String, Path)), request_body = TeamChange, responses((status = 200, body = Team)))]
pub(super) async fn change(
    Writer { ctx, caller }: Writer,
    Named(key): Named<String>,
    Body(change): Body<TeamChange>,
) -> Result<Json<Team>, Problem> {
    let change = Change {
        name: change.name,
        payloads: change.payloads,
    };
    let team = teams::change(&ctx, &caller, &key, change).await?;
    Ok(Json(team.into()))
}

/// Deletes a team. Its people stay.
#[utoipa::path(delete, path = "/api/v1/admin/teams/{key}", tag = "teams", operation_id = "delete_team",
    params(("key" = String, Path)), responses((status = 204)))]
pub(super) async fn delete(
    Writer { ctx, caller }: Writer,
    Named(key): Named<String>,
) -> Result<StatusCode, Problem> {
    teams::delete(&ctx, &caller, &key).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The people of a team, newest first.
#[utoipa::path(get, path = "/api/v1/admin/teams/{key}/members", tag = "teams", operation_id = "list_members",
    params(("key" = String, Path), PageParams), responses((status = 200, body = List<Member>)))]
pub(super) async fn members(
    Reader { ctx, caller }: Reader,
    Named(key): Named<String>,
    Params(page): Params<PageParams>,
) -> Result<Json<List<Member>>, Problem> {
    let page = teams::members(&ctx, &caller, &key, &page.paging()?).await?;
    Ok(Json(List::of(page)))
}

/// Puts a person into a team, or gives them another role there.
#[utoipa::path(put, path = "/api/v1/admin/teams/{key}/members/{user_id}", tag = "teams",
    operation_id = "set_member",
    params(("key" = String, Path), ("user_id" = uuid::Uuid, Path)),
    request_body = MemberChange, responses((status = 200, body = Member)))]
pub(super) async fn set_member(
    Writer { ctx, caller }: Writer,
    Named((key, user_id)): Named<(String, UserId)>,
    Body(change): Body<MemberChange>,
) -> Result<Json<Member>, Problem> {
    let member = teams::set_member(&ctx, &caller, &key, user_id, change.role).await?;
    Ok(Json(member.into()))
}

/// Takes a person out of a team.
#[utoipa::path(delete, path = "/api/v1/admin/teams/{key}/members/{user_id}", tag = "teams",
    operation_id = "remove_member",
    params(("key" = String, Path), ("user_id" = uuid::Uuid, Path)), responses((status = 204)))]
pub(super) async fn remove_member(
    Writer { ctx, caller }: Writer,
    Named((key, user_id)): Named<(String, UserId)>,
) -> Result<StatusCode, Problem> {
    teams::remove_member(&ctx, &caller, &key, user_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
