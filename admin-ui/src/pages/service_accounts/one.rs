//! One service account with its keys.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use gateway_domain::{
    DisabledBy, KeyOwner, ManagedBy, ServiceAccount, ServiceAccountStatus, access::Action,
};
use gateway_identity::{
    Context, Paging, ServiceError,
    api_keys::{self, KeyFilter, KeyInfo},
    service_accounts,
};
use serde::Deserialize;

use super::{Asked, PATH, path_of};
use crate::{
    errors::Errors,
    notice::Notice,
    page::{Page, PageError, done},
    pages::sessions::Nothing,
    shell::Shell,
    view::{Label as _, Moment as _, address},
    visitor::{Posted, Visitor},
};

#[derive(Template)]
#[template(path = "pages/service_account.html")]
pub(crate) struct ServiceAccountPage {
    pub(crate) shell: Shell,
    pub(crate) account: ServiceAccount,
    pub(crate) keys: Vec<KeyInfo>,
    pub(crate) shows_owner: bool,
    /// The name in its field.
    pub(crate) name: String,
    pub(crate) errors: Errors,
    pub(crate) first: Option<String>,
    pub(crate) next: Option<String>,
}

impl ServiceAccountPage {
    /// Whether the one who looks runs it.
    pub(crate) fn manages(&self) -> bool {
        let team = self.account.team_id;
        self.shell.may(Action::ManageServiceAccounts(team))
    }

    /// Whether the file owns it.
    pub(crate) fn is_declared(&self) -> bool {
        self.account.managed_by == ManagedBy::Config
    }

    /// Whether its keys work.
    pub(crate) fn is_active(&self) -> bool {
        self.account.status == ServiceAccountStatus::Active
    }
}

/// What it shall be called.
#[derive(Deserialize)]
pub(super) struct Name {
    name: String,
}

/// What shall become of it.
#[derive(Deserialize)]
pub(super) struct Status {
    status: String,
}

pub(super) async fn show(
    State(ctx): State<Context>,
    visitor: Visitor,
    Path(key): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Page<ServiceAccountPage>, PageError> {
    page(&ctx, visitor, &key, asked, None, Errors::default())
        .await
        .map(Page::ok)
}

pub(super) async fn rename(
    State(ctx): State<Context>,
    Path(key): Path<String>,
    Posted { visitor, form }: Posted<Name>,
) -> Result<Response, PageError> {
    match service_accounts::rename(&ctx, &visitor.caller, &key, &form.name).await {
        Ok(_) => Ok(done(&path_of(&key), Notice::AccountSaved)),
        Err(error) => refused(&ctx, visitor, &key, Some(form.name), error).await,
    }
}

pub(super) async fn set_status(
    State(ctx): State<Context>,
    Path(key): Path<String>,
    Posted { visitor, form }: Posted<Status>,
) -> Result<Response, PageError> {
    let set = async {
        let status: ServiceAccountStatus = form
            .status
            .parse()
            .map_err(|_| ServiceError::invalid("status", "Choose active or disabled."))?;
        service_accounts::set_status(&ctx, &visitor.caller, &key, status).await
    };
    match set.await {
        Ok(account) => {
            let notice = match account.status {
                ServiceAccountStatus::Active => Notice::AccountEnabled,
                ServiceAccountStatus::Disabled => Notice::AccountDisabled,
            };
            Ok(done(&path_of(&key), notice))
        }
        Err(error) => refused(&ctx, visitor, &key, None, error).await,
    }
}

pub(super) async fn delete(
    State(ctx): State<Context>,
    Path(key): Path<String>,
    Posted { visitor, .. }: Posted<Nothing>,
) -> Result<Response, PageError> {
    match service_accounts::delete(&ctx, &visitor.caller, &key).await {
        Ok(()) => Ok(done(PATH, Notice::AccountDeleted)),
        Err(error) => refused(&ctx, visitor, &key, None, error).await,
    }
}

async fn refused(
    ctx: &Context,
    visitor: Visitor,
    key: &str,
    name: Option<String>,
    error: ServiceError,
) -> Result<Response, PageError> {
    let shown: &[&'static str] = if name.is_some() { &["name"] } else { &[] };
    let (status, errors) = Errors::told(error, shown)?;
    let page = page(ctx, visitor, key, Asked::default(), name, errors).await?;
    Ok(Page(status, page).into_response())
}

async fn page(
    ctx: &Context,
    visitor: Visitor,
    key: &str,
    asked: Asked,
    name: Option<String>,
    errors: Errors,
) -> Result<ServiceAccountPage, PageError> {
    let Visitor { caller, shell, .. } = visitor;
    let account = service_accounts::get(ctx, &caller, key).await?;
    let filter = KeyFilter {
        owner: Some(KeyOwner::ServiceAccount(account.id)),
        ..KeyFilter::default()
    };
    let path = path_of(key);
    let first = asked.cursor.as_ref().map(|_| path.clone());
    let keys = api_keys::list(ctx, &caller, &filter, &Paging::after(asked.cursor)).await?;
    Ok(ServiceAccountPage {
        shell,
        keys: keys.items,
        shows_owner: false,
        name: name.unwrap_or_else(|| account.name.clone()),
        errors,
        first,
        next: keys
            .next
            .map(|cursor| address(&path, &[("cursor", Some(&cursor))])),
        account,
    })
}
