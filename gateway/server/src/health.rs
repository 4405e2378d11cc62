//! `/healthz`: the process is alive. `/readyz`: it can serve.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use gateway_identity::Context;
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Clone)]
struct Health {
    ctx: Context,
    /// Applied migrations stay applied: once seen, they are not asked for again.
    migrated: Arc<AtomicBool>,
}

/// Both routes.
pub(crate) fn router(ctx: Context) -> Router {
    let health = Health {
        ctx,
        migrated: Arc::default(),
    };
    Router::new()
        .route(
            "/healthz",
            get(async || answer(StatusCode::OK, "alive", None)),
        )
        .route("/readyz", get(ready))
        .with_state(health)
}

async fn ready(State(health): State<Health>) -> Response {
    let reason = match tokio::time::timeout(PATIENCE, health.obstacle()).await {
        Ok(reason) => reason,
        Err(_) => Some("database_slow"),
    };
    match reason {
        None => answer(StatusCode::OK, "ready", None),
        Some(reason) => answer(StatusCode::SERVICE_UNAVAILABLE, "not_ready", Some(reason)),
    }
}

impl Health {
    /// Why it cannot serve.
    async fn obstacle(&self) -> Option<&'static str> {
        let db = self.ctx.db();
        if let Err(error) = db.ping().await {
            tracing::warn!(
                error = crate::cli::chain(&error),
                "not ready: the database does not answer"
            );
            return Some("database_unreachable");
        }
        if self.migrated.load(Ordering::Relaxed) {
            return None;
        }
        match db.migrations().await {
            Ok(states) if states.iter().all(|state| state.applied) => {
                self.migrated.store(true, Ordering::Relaxed);
                None
            }
            Ok(_) => Some("migrations_pending"),
            Err(_) => Some("database_unreachable"),
        }
    }
}

fn answer(status: StatusCode, word: &str, reason: Option<&str>) -> Response {
    let mut body = json!({ "status": word });
    if let Some(reason) = reason {
        body["reason"] = json!(reason);
    }
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use axum::{
        body::{Body, to_bytes},
        extract::Request,
    };
    use gateway_domain::{RequestId, SystemClock};
    use gateway_store::Db;
    use tower::ServiceExt as _;

    use super::*;

    async fn ask(ctx: &Context, path: &str) -> (StatusCode, String) {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let response = router(ctx.clone()).oneshot(request).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), 1_000).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn ready_means_that_the_database_answers_and_is_up_to_date() {
        let file = std::env::temp_dir().join(format!("ogw-health-{}.db", RequestId::new()));
        let db = Db::connect(&format!("sqlite://{}", file.display()))
            .await
            .unwrap();
        let Ok(config) = gateway_config::parse("teams: []\n", "test.yaml", &BTreeMap::new()) else {
            panic!("the text is valid")
        };
        let Ok(ctx) = Context::new(db, Arc::new(SystemClock), Arc::new(config)) else {
            panic!("there is no provider that could fail")
        };
        let (status, body) = ask(&ctx, "/readyz").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(body.contains("migrations_pending"), "{body}");
        ctx.db().migrate().await.unwrap();
        assert_eq!(ask(&ctx, "/readyz").await.0, StatusCode::OK);
        ctx.db().close().await;
        let (status, body) = ask(&ctx, "/readyz").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(body.contains("database_unreachable"), "{body}");
        assert_eq!(ask(&ctx, "/healthz").await.0, StatusCode::OK);
        let _ = std::fs::remove_file(file);
    }
}
