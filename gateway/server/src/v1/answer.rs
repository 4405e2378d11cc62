//! From the data plane's answers to the router's.

use std::panic::AssertUnwindSafe;

use axum::{body::Body, response::Response};
use futures_util::FutureExt as _;
use gateway_domain::{RequestId, ledger::Surface};
use gateway_inference::{Refusal, Reply};

use crate::{app::panic_text, metrics::HttpMetrics};

/// An answer even to a call that makes us panic. The rows are written: whoever holds the call's ticket drops it.
pub(super) async fn guarded(
    reply: impl Future<Output = Reply>,
    surface: Surface,
    id: RequestId,
) -> Reply {
    match AssertUnwindSafe(reply).catch_unwind().await {
        Ok(reply) => reply,
        Err(panic) => {
            tracing::error!(request_id = %id, panic = panic_text(&*panic), "a call panicked");
            Refusal::internal().reply(surface, id)
        }
    }
}

/// The router's answer, counted.
pub(super) fn answered(reply: Reply, metrics: &HttpMetrics) -> Response {
    metrics.count("/v1", reply.status);
    let mut response = Response::new(Body::new(reply.body));
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    response
}
