//! `/api/v1/auth/oauth/…`: sign-in through GitHub. `callback/github` serves every provider of that type: the flow says
//! which.

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
            "/api/v1/auth/oauth/start",
            get(begin).head(super::not_by_head),
        )
        .route(
            "/api/v1/auth/oauth/callback/{provider_key}",
            get(finish).head(super::not_by_head),
        )
}

async fn begin(State(ctx): State<Context>, visit: start::Visit) -> Response {
    start::answer(&ctx, FlowKind::Oauth, &visit).await
}

async fn finish(
    State(ctx): State<Context>,
    Path(key): Path<String>,
    visit: callback::Visit,
) -> Response {
    callback::answer(&ctx, FlowKind::Oauth, Some(&key), &visit).await
}
