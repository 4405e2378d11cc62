//! The pages under `/admin`, rendered on the server. They work without JavaScript.
//!
//! A handler reads the request, asks a service and answers; what a person may do is decided by the services. Every
//! template escapes what it shows, no page has an inline script or style.

mod assets;
mod entry;
mod errors;
mod fault;
mod notice;
mod page;
mod pages;
mod shell;
mod view;
mod visitor;

use axum::{Router, extract::FromRef, middleware};
use gateway_identity::Context;
use gateway_inference::Plane;

pub use fault::refusals;
pub use shell::PageOptions;

/// The pages and their files, all under `/admin`. What every page shall say comes as a [`PageOptions`] in an
/// `axum::Extension` around this router.
pub fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Context: FromRef<S>,
    Plane: FromRef<S>,
{
    Router::new()
        .merge(pages::router())
        .merge(assets::router())
        .layer(middleware::from_fn(fault::pages))
}
