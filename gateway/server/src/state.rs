//! What every handler can ask for.

use axum::extract::FromRef;
use gateway_identity::Context;
use gateway_inference::Plane;

/// The router's state.
#[derive(Clone)]
pub struct AppState {
    /// What the services work with.
    pub ctx: Context,
    /// What calls of models work with.
    pub plane: Plane,
}

impl FromRef<AppState> for Plane {
    fn from_ref(state: &AppState) -> Self {
        state.plane.clone()
    }
}

impl FromRef<AppState> for Context {
    fn from_ref(state: &AppState) -> Self {
        state.ctx.clone()
    }
}
