//! `GET /api/v1/auth/{oidc,oauth}/providers`: what the sign-in page offers.

use axum::{
    Json, Router,
    extract::{FromRef, State},
    http::header::CACHE_CONTROL,
    response::IntoResponse,
    routing::get,
};
use gateway_identity::{
    Context,
    flow::FlowKind,
    providers::{IdentityProvider, Providers},
};
use serde::Serialize;

#[derive(Serialize)]
struct Offers {
    providers: Vec<Offer>,
}

/// What everybody may know of a provider.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Offer {
    key: String,
    label: String,
    start_url: String,
}

pub(super) fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Context: FromRef<S>,
{
    Router::new()
        .route("/api/v1/auth/oidc/providers", get(oidc))
        .route("/api/v1/auth/oauth/providers", get(oauth))
}

async fn oidc(State(ctx): State<Context>) -> impl IntoResponse {
    answer(&ctx, FlowKind::Oidc)
}

async fn oauth(State(ctx): State<Context>) -> impl IntoResponse {
    answer(&ctx, FlowKind::Oauth)
}

fn answer(ctx: &Context, kind: FlowKind) -> impl IntoResponse + use<> {
    let providers = offers(&ctx.live().providers, kind);
    ([(CACHE_CONTROL, "no-store")], Json(Offers { providers }))
}

fn offers(providers: &Providers, kind: FlowKind) -> Vec<Offer> {
    let offered = |provider: &&IdentityProvider| provider.is_enabled() && provider.kind() == kind;
    let offers = providers.all().filter(offered).map(|provider| Offer {
        key: provider.key().to_owned(),
        label: provider.label().to_owned(),
        start_url: provider.start_path(),
    });
    offers.collect()
}
