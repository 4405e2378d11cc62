//! `GET /api/v1/auth/session`: who is signed in, for anybody who asks with a cookie.

use axum::{Json, Router, extract::FromRef, routing::get};
use gateway_edge::{MaybeSignedIn, SessionState};
use gateway_identity::Context;
use serde_json::{Value, json};

/// The route, at its full path.
pub fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Context: FromRef<S>,
{
    Router::new().route("/api/v1/auth/session", get(session))
}

async fn session(MaybeSignedIn(state): MaybeSignedIn) -> Json<Value> {
    Json(state.map_or_else(|| json!({ "authenticated": false }), |state| shown(&state)))
}

fn shown(state: &SessionState) -> Value {
    let teams: Vec<Value> = state
        .teams
        .iter()
        .map(|place| json!({ "key": place.team_key, "role": place.role }))
        .collect();
    json!({
        "authenticated": true,
        "user": {
            "id": state.user.id,
            "email": state.user.email,
            "name": state.user.name,
            "status": state.user.status,
            "global_role": state.user.global_role,
            "request_logging_enabled": state.user.request_logging_enabled,
            "teams": teams,
        },
        "session": {
            "provider_key": state.provider_key,
            "created_at": state.created_at,
            "expires_at": state.expires_at,
        },
    })
}
