//! Service accounts: the programs that call models in a team's name.

mod one;

use askama::Template;
use axum::{
    Router,
    extract::{FromRef, Query, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use gateway_domain::{ServiceAccount, Team, access::Action};
use gateway_identity::{Caller, Context, Paging, ServiceError, service_accounts};
use serde::Deserialize;

#[cfg(test)]
pub(crate) use one::ServiceAccountPage;

use crate::{
    errors::Errors,
    notice::Notice,
    page::{Page, PageError, done},
    pages::owners,
    shell::Shell,
    view::{Label as _, address},
    visitor::{Posted, Visitor},
};

const PATH: &str = "/admin/service-accounts";

#[derive(Template)]
#[template(path = "pages/service_accounts.html")]
pub(crate) struct ServiceAccountsPage {
    pub(crate) shell: Shell,
    pub(crate) accounts: Vec<ServiceAccount>,
    /// The teams to filter by.
    pub(crate) teams: Vec<Team>,
    /// The teams that the person may make service accounts for.
    pub(crate) grants: Vec<Team>,
    pub(crate) filter: Asked,
    pub(crate) form: NewAccount,
    pub(crate) errors: Errors,
    pub(crate) first: Option<String>,
    pub(crate) next: Option<String>,
}

/// A service account to be made.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct NewAccount {
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) team: String,
}

/// Which of them.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    pub(crate) team: String,
    cursor: Option<String>,
}

pub(crate) fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Context: FromRef<S>,
{
    Router::new()
        .route(PATH, get(list).post(create))
        .route(
            "/admin/service-accounts/{key}",
            get(one::show).post(one::rename),
        )
        .route(
            "/admin/service-accounts/{key}/status",
            post(one::set_status),
        )
        .route("/admin/service-accounts/{key}/delete", post(one::delete))
}

/// A service account's page.
pub(crate) fn path_of(key: &str) -> String {
    let key: String = url::form_urlencoded::byte_serialize(key.as_bytes()).collect();
    format!("{PATH}/{key}")
}

/// The service accounts that one may see: as many as a list of choices is still of use for.
pub(crate) async fn every(
    ctx: &Context,
    caller: &Caller,
) -> Result<Vec<ServiceAccount>, ServiceError> {
    let paging = Paging {
        cursor: None,
        limit: Some(200),
    };
    let page = service_accounts::list(ctx, caller, None, &paging).await?;
    Ok(page.items)
}

async fn list(
    State(ctx): State<Context>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Page<ServiceAccountsPage>, PageError> {
    let form = NewAccount::default();
    let page = page(&ctx, visitor, asked, form, Errors::default()).await?;
    Ok(Page::ok(page))
}

async fn create(
    State(ctx): State<Context>,
    Posted { visitor, form }: Posted<NewAccount>,
) -> Result<Response, PageError> {
    let NewAccount { key, name, team } = &form;
    let key = key.trim();
    match service_accounts::create(&ctx, &visitor.caller, key, name, team).await {
        Ok(account) => Ok(done(&path_of(&account.key), Notice::AccountCreated)),
        Err(error) => {
            let (status, errors) = Errors::told(error, &["key", "name", "team"])?;
            let page = page(&ctx, visitor, Asked::default(), form, errors).await?;
            Ok(Page(status, page).into_response())
        }
    }
}

async fn page(
    ctx: &Context,
    visitor: Visitor,
    asked: Asked,
    form: NewAccount,
    errors: Errors,
) -> Result<ServiceAccountsPage, PageError> {
    let Visitor { caller, shell, .. } = visitor;
    if !shell.oversees() {
        return Err(PageError::forbidden());
    }
    let at =
        |cursor: Option<&str>| address(PATH, &[("team", Some(&asked.team)), ("cursor", cursor)]);
    let team = Some(asked.team.as_str()).filter(|team| !team.is_empty());
    let paging = Paging::after(asked.cursor.clone());
    let page = service_accounts::list(ctx, &caller, team, &paging).await?;
    let teams = owners::teams(ctx, &caller, &shell).await?;
    let may_run = |team: &&Team| {
        team.archived_at.is_none() && shell.may(Action::ManageServiceAccounts(team.id))
    };
    Ok(ServiceAccountsPage {
        accounts: page.items,
        grants: teams.iter().filter(may_run).cloned().collect(),
        teams,
        first: asked.cursor.as_ref().map(|_| at(None)),
        next: page.next.map(|cursor| at(Some(&cursor))),
        filter: asked,
        form,
        errors,
        shell,
    })
}
