//! One module for each noun: its routes, its handlers, its templates' data and its form.

pub(crate) mod account;
pub(crate) mod audit;
pub(crate) mod connect;
pub(crate) mod home;
pub(crate) mod keys;
pub(crate) mod link;
pub(crate) mod login;
pub(crate) mod model_providers;
pub(crate) mod models;
mod owners;
pub(crate) mod password;
pub(crate) mod providers;
pub(crate) mod requests;
pub(crate) mod service_accounts;
pub(crate) mod sessions;
pub(crate) mod teams;
pub(crate) mod usage;
pub(crate) mod users;

#[cfg(test)]
mod samples;

use axum::{
    Router,
    extract::FromRef,
    response::Redirect,
    routing::{any, get},
};
use gateway_identity::Context;
use gateway_inference::Plane;

use crate::{page::PageError, visitor::Visitor};

/// Every page.
pub(crate) fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Context: FromRef<S>,
    Plane: FromRef<S>,
{
    Router::new()
        .merge(account::router())
        .merge(audit::router())
        .merge(connect::router())
        .merge(home::router())
        .merge(keys::router())
        .merge(link::router())
        .merge(login::router())
        .merge(model_providers::router())
        .merge(models::router())
        .merge(password::router())
        .merge(providers::router())
        .merge(requests::router())
        .merge(service_accounts::router())
        .merge(sessions::router())
        .merge(teams::router())
        .merge(usage::router())
        .merge(users::router())
        .route("/admin/", get(async || Redirect::permanent("/admin")))
        .route("/admin/{*rest}", any(missing))
}

/// An address of no page. Somebody not signed in is not told so.
async fn missing(_: Visitor) -> PageError {
    PageError::not_found("page")
}
