//! `/metrics`: Prometheus numbers on a listener of their own.

mod models;
mod people;
mod providers;

use std::{
    fmt,
    sync::{Arc, atomic::AtomicU64},
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use gateway_identity::Context;
use gateway_inference::Plane;
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge, info::Info},
    registry::Registry,
};

use self::people::PeopleCounts;

type Labels<const N: usize> = [(&'static str, String); N];
pub(crate) type Gauges<const N: usize> = Family<Labels<N>, Gauge>;
pub(crate) type Seconds<const N: usize> = Family<Labels<N>, Gauge<f64, AtomicU64>>;

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Requests since the start, by class of route and class of status: few of each, whatever strangers ask for.
#[derive(Clone, Debug, Default)]
pub struct HttpMetrics(Family<[(&'static str, &'static str); 2], Counter>);

impl HttpMetrics {
    /// Counts a request.
    pub fn count(&self, path: &str, status: StatusCode) {
        let labels = [
            ("route", route_class(path)),
            ("status", status_class(status)),
        ];
        self.0.get_or_create(&labels).inc();
    }
}

fn route_class(path: &str) -> &'static str {
    let is_under = |prefix: &str| {
        path.strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    match path {
        "/" => "root",
        "/healthz" | "/readyz" => "health",
        _ if is_under("/v1") => "v1",
        _ if is_under("/api/v1/auth") => "auth",
        _ if is_under("/api") => "api",
        _ if is_under("/admin/static") => "static",
        _ if is_under("/admin") => "admin",
        _ => "other",
    }
}

fn status_class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}

/// What the listener serves from.
#[derive(Clone)]
pub(crate) struct Metrics(Arc<Inner>);

struct Inner {
    ctx: Context,
    plane: Plane,
    http: Arc<HttpMetrics>,
    people: PeopleCounts,
    started: f64,
}

impl Metrics {
    pub(crate) fn new(plane: Plane, http: Arc<HttpMetrics>) -> Self {
        let ctx = plane.ctx().clone();
        let started = seconds(ctx.now());
        Self(Arc::new(Inner {
            ctx,
            plane,
            http,
            people: PeopleCounts::default(),
            started,
        }))
    }

    /// The listener's one route.
    pub(crate) fn router(self) -> Router {
        Router::new()
            .route("/metrics", get(scrape))
            .with_state(self)
    }

    async fn render(&self) -> Result<String, fmt::Error> {
        let Inner {
            ctx,
            plane,
            http,
            people,
            started,
        } = &*self.0;
        let mut registry = Registry::with_prefix("gateway");
        registry.register(
            "build",
            "This program",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        registry.register("http_requests", "Requests answered", http.0.clone());
        sign_ins(ctx, &mut registry);
        providers::register(ctx, &mut registry);
        models::register(plane, &mut registry);
        people.register(ctx, &mut registry).await;
        let mut text = String::new();
        let mut process = Registry::with_prefix("process");
        let start: Gauge<f64, AtomicU64> = Gauge::default();
        start.set(*started);
        process.register(
            "start_time_seconds",
            "When this process started, in seconds since 1970",
            start,
        );
        prometheus_client::encoding::text::encode_registry(&mut text, &process)?;
        encode(&mut text, &registry)?;
        Ok(text)
    }
}

fn sign_ins(ctx: &Context, registry: &mut Registry) {
    let family: Family<[(&'static str, String); 2], Counter> = Family::default();
    for sign_in in ctx.counters().sign_ins() {
        let labels = [
            ("provider", sign_in.provider_key),
            ("result", sign_in.code.to_owned()),
        ];
        family.get_or_create(&labels).inc_by(sign_in.count);
    }
    registry.register(
        "sign_ins",
        "Sign-ins by provider and result: ok or the code of the failure",
        family,
    );
}

async fn scrape(State(metrics): State<Metrics>) -> Response {
    match metrics.render().await {
        Ok(text) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit")]
fn seconds(at: chrono::DateTime<chrono::Utc>) -> f64 {
    at.timestamp_millis() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_make_no_new_label() {
        for (path, class) in [
            ("/", "root"),
            ("/readyz", "health"),
            ("/api/v1/auth/oidc/start", "auth"),
            ("/api/v1/authority", "api"),
            ("/api/v1/admin/users", "api"),
            ("/admin", "admin"),
            ("/administrator", "other"),
            ("/admin/static/app.css", "static"),
            ("/wp-login.php", "other"),
        ] {
            assert_eq!(route_class(path), class, "{path}");
        }
        assert_eq!(status_class(StatusCode::SEE_OTHER), "3xx");
    }
}
