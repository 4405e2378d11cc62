//! The JSON API of the admin's side: `/api/v1/admin/…`, and the document that describes it.
//!
//! The same services as the pages, so the same rights: nothing is decided here. Handlers parse, call and answer. Routes
//! and their description are registered in one breath, so neither exists without the other.

mod api_keys;
mod audit;
mod extract;
mod models;
mod objects;
mod openapi;
mod providers;
mod requests;
mod service_accounts;
mod sessions;
mod teams;
mod usage;
mod users;

use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRef},
    routing::get,
};
use gateway_identity::Context;
use gateway_inference::Plane;
use http::{HeaderValue, header::CONTENT_TYPE};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::AppState;

/// The longest body that is read. The largest sensible one is a hundredth of it.
const LONGEST_BODY: usize = 64 * 1024;

/// The routes under `/api/v1/admin`, and `/api/v1/openapi.json`.
pub fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Context: FromRef<S>,
    Plane: FromRef<S>,
{
    let (router, document) = described().split_for_parts();
    let document = openapi::finish(document).to_json().unwrap_or_default();
    let serve = move || {
        let json = HeaderValue::from_static("application/json");
        let answer = ([(CONTENT_TYPE, json)], document.clone());
        async move { answer }
    };
    router
        .route(openapi::PATH, get(serve))
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
}

/// What `/api/v1/openapi.json` says.
pub fn document() -> utoipa::openapi::OpenApi {
    openapi::finish(described::<AppState>().into_openapi())
}

fn described<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Context: FromRef<S>,
    Plane: FromRef<S>,
{
    OpenApiRouter::with_openapi(openapi::begin())
        .routes(routes!(users::list, users::invite))
        .routes(routes!(users::get, users::change, users::delete))
        .routes(routes!(users::reset_password_link))
        .routes(routes!(users::invite_link))
        .routes(routes!(sessions::of_user, sessions::end_all))
        .routes(routes!(sessions::own))
        .routes(routes!(sessions::end))
        .routes(routes!(teams::list, teams::create))
        .routes(routes!(teams::get, teams::change, teams::delete))
        .routes(routes!(teams::members))
        .routes(routes!(teams::set_member, teams::remove_member))
        .routes(routes!(api_keys::list, api_keys::create))
        .routes(routes!(api_keys::get, api_keys::change, api_keys::revoke))
        .routes(routes!(api_keys::rotate))
        .routes(routes!(service_accounts::list, service_accounts::create))
        .routes(routes!(
            service_accounts::get,
            service_accounts::change,
            service_accounts::delete
        ))
        .routes(routes!(requests::list))
        .routes(routes!(requests::get))
        .routes(routes!(usage::list))
        .routes(routes!(models::list))
        .routes(routes!(models::providers))
        .routes(routes!(models::provider))
        .routes(routes!(models::test))
        .routes(routes!(providers::list))
        .routes(routes!(providers::get))
        .routes(routes!(audit::list))
        .routes(routes!(audit::export))
}
