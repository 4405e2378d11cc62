//! One module for each noun: its routes, its handlers, its templates' data and its form.

pub(crate) mod account;
pub(crate) mod audit;
pub(crate) mod home;
pub(crate) mod link;
pub(crate) mod login;
pub(crate) mod password;
pub(crate) mod providers;
pub(crate) mod sessions;
pub(crate) mod teams;
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

use crate::{page::PageError, visitor::Visitor};

/// Every page.
pub(crate) fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Context: FromRef<S>,
{
    Router::new()
        .merge(account::router())
        .merge(audit::router())
        .merge(home::router())
        .merge(link::router())
        .merge(login::router())
        .merge(password::router())
        .merge(providers::router())
        .merge(sessions::router())
        .merge(teams::router())
        .merge(users::router())
        .route("/admin/", get(async || Redirect::permanent("/admin")))
        .route("/admin/{*rest}", any(missing))
}

/// An address of no page. Somebody not signed in is not told so.
async fn missing(_: Visitor) -> PageError {
    PageError::not_found("page")
}
