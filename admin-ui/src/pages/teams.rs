//! Teams and who is in them.

mod change;
mod one;

use askama::Template;
use axum::{
    Router,
    extract::{FromRef, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use gateway_domain::{Team, TeamRole, access::Action};
use gateway_identity::{Context, Paging, teams};
use serde::Deserialize;

#[cfg(test)]
pub(crate) use one::{MemberForm, MemberRow, TeamPage};

use crate::{
    errors::Errors,
    notice::Notice,
    page::{Page, PageError, done},
    shell::Shell,
    view::{Label as _, address},
    visitor::{Posted, Visitor},
};

const PATH: &str = "/admin/teams";

#[derive(Template)]
#[template(path = "pages/teams.html")]
pub(crate) struct TeamsPage {
    pub(crate) shell: Shell,
    pub(crate) teams: Vec<TeamRow>,
    pub(crate) sees_all: bool,
    pub(crate) may_create: bool,
    pub(crate) form: NewTeam,
    pub(crate) errors: Errors,
    pub(crate) first: Option<&'static str>,
    pub(crate) next: Option<String>,
}

/// A team in the list.
pub(crate) struct TeamRow {
    pub(crate) team: Team,
    pub(crate) members: i64,
    pub(crate) own_role: Option<TeamRole>,
}

/// A team to be made.
#[derive(Default, Deserialize)]
pub(crate) struct NewTeam {
    pub(crate) key: String,
    pub(crate) name: String,
}

/// Which page of a list.
#[derive(Default, Deserialize)]
struct Asked {
    cursor: Option<String>,
}

pub(crate) fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Context: FromRef<S>,
{
    Router::new()
        .route(PATH, get(list).post(create))
        .route("/admin/teams/{key}", get(one::show).post(change::rename))
        .route("/admin/teams/{key}/delete", post(change::delete))
        .route("/admin/teams/{key}/logging", post(change::logging))
        .route("/admin/teams/{key}/members", post(change::add_member))
        .route(
            "/admin/teams/{key}/members/{user}",
            post(change::set_member),
        )
        .route(
            "/admin/teams/{key}/members/{user}/remove",
            post(change::remove_member),
        )
}

/// A team's page.
pub(crate) fn path_of(key: &str) -> String {
    let key: String = url::form_urlencoded::byte_serialize(key.as_bytes()).collect();
    format!("{PATH}/{key}")
}

async fn list(
    State(ctx): State<Context>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Page<TeamsPage>, PageError> {
    let page = page(&ctx, visitor, asked, NewTeam::default(), Errors::default()).await?;
    Ok(Page::ok(page))
}

async fn create(
    State(ctx): State<Context>,
    Posted { visitor, form }: Posted<NewTeam>,
) -> Result<Response, PageError> {
    match teams::create(&ctx, &visitor.caller, form.key.trim(), &form.name).await {
        Ok(team) => Ok(done(&path_of(&team.key), Notice::TeamCreated)),
        Err(error) => {
            let (status, errors): (StatusCode, _) = Errors::told(error, &["key", "name"])?;
            let page = page(&ctx, visitor, Asked::default(), form, errors).await?;
            Ok(Page(status, page).into_response())
        }
    }
}

async fn page(
    ctx: &Context,
    visitor: Visitor,
    asked: Asked,
    form: NewTeam,
    errors: Errors,
) -> Result<TeamsPage, PageError> {
    let Visitor {
        caller,
        session,
        shell,
    } = visitor;
    let first = asked.cursor.as_ref().map(|_| PATH);
    let page = teams::list(ctx, &caller, &Paging::after(asked.cursor)).await?;
    let own_role = |team: &Team| {
        let mut own = session.teams.iter();
        own.find(|place| place.team_id == team.id)
            .map(|place| place.role)
    };
    let rows = page.items.into_iter().map(|summary| TeamRow {
        own_role: own_role(&summary.team),
        members: summary.members,
        team: summary.team,
    });
    Ok(TeamsPage {
        teams: rows.collect(),
        sees_all: shell.may(Action::ListAllTeams),
        may_create: shell.may(Action::ManageTeams),
        form,
        errors,
        first,
        next: page
            .next
            .map(|cursor| address(PATH, &[("cursor", Some(&cursor))])),
        shell,
    })
}
