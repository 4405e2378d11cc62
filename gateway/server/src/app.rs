//! The whole of the public address as one router.

mod body;
mod errors;

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    middleware::{from_fn, from_fn_with_state},
    response::Redirect,
    routing::get,
};
use gateway_edge::{request_info, security_headers, session_layer};
use gateway_identity::Context;
use gateway_inference::Plane;
use tower_http::catch_panic::CatchPanicLayer;

use crate::{access_log, api, auth, health, metrics::HttpMetrics, state::AppState, v1};

pub(crate) use errors::panic_text;

/// What differs between `serve`, `demo` and tests.
#[derive(Clone, Debug, Default)]
pub struct AppOptions {
    /// What is said on every page.
    pub page: gateway_admin_ui::PageOptions,
    /// Where requests are counted.
    pub http_metrics: Arc<HttpMetrics>,
}

/// Every route, with what surrounds them. Serve it with connection info: without it every client counts as loopback.
pub fn router(ctx: Context, plane: Plane, options: AppOptions) -> Router {
    let AppOptions { page, http_metrics } = options;
    let app = Router::new()
        .merge(auth::router())
        .merge(api::router())
        .merge(gateway_admin_ui::router())
        // Some clients of the data plane ask so whether anybody is there.
        .route(
            "/",
            get(async || Redirect::to("/admin")).head(async || StatusCode::OK),
        )
        .with_state(AppState {
            ctx: ctx.clone(),
            plane: plane.clone(),
        })
        .layer(from_fn_with_state(ctx.clone(), session_layer));
    // From the innermost to the outermost.
    let pages = app
        .merge(health::router(ctx.clone()))
        // One of our own, so that it keeps the layers when the data plane's router joins.
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(DefaultBodyLimit::max(body::LONGEST))
        .layer(from_fn(body::whole))
        .layer(CatchPanicLayer::custom(errors::panicked))
        .layer(from_fn(errors::dress))
        .layer(from_fn(gateway_admin_ui::refusals))
        .layer(Extension(page))
        .layer(from_fn_with_state(ctx.clone(), security_headers))
        .layer(from_fn_with_state(
            http_metrics.clone(),
            access_log::log_request,
        ))
        .layer(from_fn_with_state(ctx, request_info));
    pages.merge(v1::router(plane, http_metrics))
}
