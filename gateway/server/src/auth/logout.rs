//! `POST /api/v1/auth/logout`: ends the browser's session, or all of the person's.
//!
//! Signing out twice, or with a session that is over, is no error: what was asked for is so. The provider is not told
//! yet; the answer's `redirect_to` is where it will be.

use axum::{
    Json, Router,
    body::{Bytes, to_bytes},
    extract::{FromRef, Request, State},
    response::{IntoResponse as _, Redirect, Response},
    routing::post,
};
use gateway_edge::{
    CSRF_FIELD, MaybeSignedIn, Problem, Refusal, RequireOrigin, SessionState, Source, check_origin,
    is_media_type,
};
use gateway_identity::{Context, ServiceError, account};
use http::StatusCode;
use serde_json::{Value, json};
use tower_sessions::Session;
use url::form_urlencoded;

const LARGEST: usize = 16 * 1024;
const SIGNED_OUT: &str = "/admin/login?signed_out=1";

/// The route, at its full path.
pub fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Context: FromRef<S>,
{
    Router::new().route("/api/v1/auth/logout", post(sign_out))
}

async fn sign_out(
    State(ctx): State<Context>,
    MaybeSignedIn(state): MaybeSignedIn,
    session: Session,
    request: Request,
) -> Response {
    let is_form = is_media_type(request.headers(), "application/x-www-form-urlencoded");
    let public = &ctx.live().config.server.public_base_url;
    if is_form {
        if check_origin(request.headers(), public) != Source::Ours {
            return Refusal::forged().into_response();
        }
    } else if let Err(problem) = RequireOrigin::check(request.headers(), public) {
        return problem.into_response();
    }
    let in_query = in_form(request.uri().query().unwrap_or_default().as_bytes());
    let Ok(body) = to_bytes(request.into_body(), LARGEST).await else {
        return Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "invalid_request",
            "The body is too large.",
        )
        .into_response();
    };
    if is_form && !token_fits(state.as_deref(), &body) {
        return Refusal::forged().into_response();
    }
    let in_body = if is_form {
        in_form(&body)
    } else {
        in_json(&body)
    };
    let everywhere = in_query || in_body;
    match end(&ctx, state.as_deref(), &session, everywhere).await {
        Ok(()) if is_form => Redirect::to(SIGNED_OUT).into_response(),
        Ok(()) => Json(json!({ "redirect_to": null })).into_response(),
        Err(error) if is_form => Refusal::from(Problem::from(error)).into_response(),
        Err(error) => Problem::from(error).into_response(),
    }
}

async fn end(
    ctx: &Context,
    state: Option<&SessionState>,
    session: &Session,
    everywhere: bool,
) -> Result<(), ServiceError> {
    if let Some(state) = state {
        account::sign_out(ctx, &state.caller, everywhere).await?;
    }
    if session.id().is_some() {
        session
            .flush()
            .await
            .map_err(|error| ServiceError::Internal(error.to_string()))?;
    }
    Ok(())
}

/// A form that carries a token must carry this session's; our `Origin` alone is enough for one that carries none.
fn token_fits(state: Option<&SessionState>, body: &Bytes) -> bool {
    let Some(state) = state else { return true };
    form_urlencoded::parse(body)
        .filter(|(name, _)| name == CSRF_FIELD)
        .all(|(_, given)| state.token_matches(&given))
}

fn in_form(text: &[u8]) -> bool {
    form_urlencoded::parse(text)
        .any(|(name, value)| name == "everywhere" && matches!(&*value, "true" | "1" | "on"))
}

fn in_json(body: &[u8]) -> bool {
    serde_json::from_slice::<Value>(body).is_ok_and(|body| body["everywhere"] == true)
}
