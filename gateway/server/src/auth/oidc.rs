//! `/api/v1/auth/oidc/…`: sign-in through OpenID Connect.

use axum::{
    Router,
    extract::{FromRef, Path, State},
    response::Response,
    routing::get,
};
use gateway_identity::{Context, flow::FlowKind};

use super::{callback, start};

pub(super) fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Context: FromRef<S>,
{
    Router::new()
        .route(
            "/api/v1/auth/oidc/start",
            get(begin).head(super::not_by_head),
        )
        .route(
            "/api/v1/auth/oidc/callback",
            get(shared).head(super::not_by_head),
        )
        .route(
            "/api/v1/auth/oidc/callback/{provider_key}",
            get(of_provider).head(super::not_by_head),
        )
}

async fn begin(State(ctx): State<Context>, visit: start::Visit) -> Response {
    start::answer(&ctx, FlowKind::Oidc, &visit).await
}

async fn shared(State(ctx): State<Context>, visit: callback::Visit) -> Response {
    callback::answer(&ctx, FlowKind::Oidc, None, &visit).await
}

async fn of_provider(
    State(ctx): State<Context>,
    Path(key): Path<String>,
    visit: callback::Visit,
) -> Response {
    callback::answer(&ctx, FlowKind::Oidc, Some(&key), &visit).await
}
