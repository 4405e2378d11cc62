//! The end of a sign-in: the provider sends the browser back.

use axum::{
    extract::{FromRequestParts, RawQuery},
    http::HeaderMap,
    response::{IntoResponse as _, Redirect, Response},
};
use gateway_edge::{RequestInfo, presented_session};
use gateway_identity::{
    Context, SignInError,
    flow::{self, Callback, Finished, FlowKind, SignedIn},
    session_store,
};
use tower_sessions::Session;

use super::{cookies, refused, with_headers};

/// What the browser sent.
#[derive(FromRequestParts)]
pub(super) struct Visit {
    info: RequestInfo,
    session: Session,
    headers: HeaderMap,
    query: RawQuery,
}

pub(super) async fn answer(
    ctx: &Context,
    kind: FlowKind,
    path_key: Option<&str>,
    visit: &Visit,
) -> Response {
    let Visit { info, session, .. } = visit;
    let callback = Callback {
        kind,
        path_key,
        query: visit.query.0.as_deref().unwrap_or_default(),
        cookie: &|name| cookies::find(&visit.headers, name),
        previous: presented_session(session),
    };
    let Finished {
        outcome,
        dead_cookie,
        return_to,
    } = flow::finish(ctx, callback, &info.origin).await;
    let response = match outcome {
        Ok(signed_in) => enter(session, &signed_in, info).await,
        Err(failure) => refused(failure.error, info, return_to.as_ref()),
    };
    let live = ctx.live();
    let public = &live.config.server.public_base_url;
    let clear = dead_cookie.map(|name| cookies::clear(public, name));
    with_headers(response, clear)
}

/// Hands the browser its session and sends it where it wanted to go.
async fn enter(session: &Session, signed_in: &SignedIn, info: &RequestInfo) -> Response {
    if let Err(error) = session_store::adopt(session, &signed_in.opened).await {
        let correlation_id = info.id();
        tracing::error!(%correlation_id, %error, "an opened session did not reach the browser");
        return refused(SignInError::ServerError, info, Some(&signed_in.return_to));
    }
    Redirect::to(signed_in.return_to.as_str()).into_response()
}
