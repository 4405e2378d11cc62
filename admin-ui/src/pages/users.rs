//! People.

mod change;
mod invite;
mod one;
mod places;

use askama::Template;
use axum::{
    Router,
    extract::{FromRef, Query, State},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use gateway_domain::{Team, UserId, UserStatus, access::Action};
use gateway_identity::{
    Caller, Context, Paging, ServiceError,
    people::{self, Person},
    teams,
};
use serde::Deserialize;

#[cfg(test)]
pub(crate) use invite::{Choice, InviteForm, InvitePage, LinkShownPage};
#[cfg(test)]
pub(crate) use one::{PersonPage, Place};

use crate::{
    page::{Page, PageError},
    shell::Shell,
    view::{Label as _, Moment as _, address},
    visitor::Visitor,
};

const PATH: &str = "/admin/users";

#[derive(Template)]
#[template(path = "pages/users.html")]
pub(crate) struct UsersPage {
    pub(crate) shell: Shell,
    pub(crate) people: Vec<Person>,
    /// The teams to filter by.
    pub(crate) teams: Vec<Team>,
    pub(crate) sees_everybody: bool,
    pub(crate) filter: Asked,
    pub(crate) first: Option<String>,
    pub(crate) next: Option<String>,
}

/// The filter, as it was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    pub(crate) q: String,
    pub(crate) status: String,
    pub(crate) team: String,
    pub(crate) cursor: Option<String>,
}

impl Asked {
    /// Whether anything is filtered.
    pub(crate) fn is_set(&self) -> bool {
        ![&self.q, &self.status, &self.team]
            .into_iter()
            .all(String::is_empty)
    }

    fn address(&self, cursor: Option<&str>) -> String {
        let query = [
            ("q", Some(self.q.as_str())),
            ("status", Some(&self.status)),
            ("team", Some(&self.team)),
            ("cursor", cursor),
        ];
        address(PATH, &query)
    }
}

pub(crate) fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Context: FromRef<S>,
{
    Router::new()
        .route(PATH, get(list))
        .route("/admin/users/new", get(invite::show).post(invite::send))
        .route("/admin/users/{id}", get(one::show).post(change::details))
        .route("/admin/users/{id}/role", post(change::role))
        .route("/admin/users/{id}/status", post(change::status))
        .route("/admin/users/{id}/delete", post(change::delete))
        .route("/admin/users/{id}/link", post(invite::link))
        .route("/admin/users/{id}/teams", post(places::set))
        .route("/admin/users/{id}/teams/{key}/remove", post(places::remove))
        .route(
            "/admin/users/{id}/sessions/revoke",
            post(change::end_sessions),
        )
        .route(
            "/admin/users/{id}/sessions/{session}/revoke",
            post(change::end_session),
        )
}

/// A person's page.
fn path_of(id: UserId) -> String {
    format!("{PATH}/{id}")
}

async fn list(
    State(ctx): State<Context>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let sees_everybody = visitor.shell.may(Action::ListPeople { team: None });
    let choices = choices(&ctx, &visitor, sees_everybody).await?;
    if !sees_everybody && asked.team.is_empty() {
        // Who only looks after teams begins with the first of them.
        let first = choices.first().ok_or_else(PageError::forbidden)?;
        let address = address(PATH, &[("team", Some(&first.key))]);
        return Ok(Redirect::to(&address).into_response());
    }
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let filter = people::Filter {
        q: given(asked.q.trim()),
        status: asked.status.parse::<UserStatus>().ok(),
        team: given(&asked.team),
    };
    let paging = Paging::after(asked.cursor.clone());
    let page = people::list(&ctx, &visitor.caller, &filter, &paging).await?;
    let page = UsersPage {
        shell: visitor.shell,
        people: page.items,
        teams: choices,
        sees_everybody,
        first: asked.cursor.as_ref().map(|_| asked.address(None)),
        next: page.next.map(|cursor| asked.address(Some(&cursor))),
        filter: asked,
    };
    Ok(Page::ok(page).into_response())
}

/// The teams whose people one may list.
async fn choices(
    ctx: &Context,
    visitor: &Visitor,
    sees_everybody: bool,
) -> Result<Vec<Team>, ServiceError> {
    let teams = all_teams(ctx, &visitor.caller).await?;
    let may_list = |team: &Team| {
        sees_everybody
            || visitor.shell.may(Action::ListPeople {
                team: Some(team.id),
            })
    };
    Ok(teams.into_iter().filter(may_list).collect())
}

/// The teams that a form can offer: as many as a list of choices is still of use for.
async fn all_teams(ctx: &Context, caller: &Caller) -> Result<Vec<Team>, ServiceError> {
    let paging = Paging {
        cursor: None,
        limit: Some(200),
    };
    let page = teams::list(ctx, caller, &paging).await?;
    Ok(page.items.into_iter().map(|summary| summary.team).collect())
}
