//! What every handler can ask for.

use axum::extract::FromRef;
use gateway_identity::Context;

/// The router's state.
#[derive(Clone)]
pub struct AppState {
    /// What the services work with.
    pub ctx: Context,
}

impl FromRef<AppState> for Context {
    fn from_ref(state: &AppState) -> Self {
        state.ctx.clone()
    }
}
