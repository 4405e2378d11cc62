//! One log line a request.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use gateway_edge::RequestInfo;

use crate::metrics::HttpMetrics;

/// Writes the line when the answer's head is ready, and counts it. Request id, method and path come from the span that
/// `gateway_edge::request_info` opened: the path without its query and without a one-time link's token.
pub(crate) async fn log_request(
    State(metrics): State<Arc<HttpMetrics>>,
    info: RequestInfo,
    request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    let status = response.status();
    metrics.count(&path, status);
    tracing::info!(
        status = status.as_u16(),
        ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        address = info.origin.address_text(),
        "request"
    );
    response
}
