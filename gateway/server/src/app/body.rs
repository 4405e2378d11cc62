//! The request's body, read whole before anybody asks who sent it: while a slow one arrives, rights may be taken away.

use std::time::Duration;

use axum::{
    body::{Body, Bytes, HttpBody as _},
    extract::Request,
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use futures_util::StreamExt as _;
use tokio::time::timeout;

/// The longest body that any route takes. Forms and JSON objects of the admin API are far shorter.
pub(super) const LONGEST: usize = 64 * 1024;
/// From the first byte awaited to the last, however they trickle.
const SLOWEST: Duration = Duration::from_secs(30);

/// Hands on what was read; a body too long is 413, one too slow 408, one that breaks off 400.
pub(super) async fn whole(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let read = timeout(SLOWEST, read(body)).await;
    match read.unwrap_or(Err(StatusCode::REQUEST_TIMEOUT)) {
        Ok(bytes) => {
            next.run(Request::from_parts(parts, Body::from(bytes)))
                .await
        }
        Err(status) => status.into_response(),
    }
}

async fn read(body: Body) -> Result<Bytes, StatusCode> {
    let fits = |length: usize| length <= LONGEST;
    let announced = body.size_hint().lower();
    if !usize::try_from(announced).is_ok_and(fits) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let mut whole = Vec::new();
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| StatusCode::BAD_REQUEST)?;
        if !fits(whole.len() + piece.len()) {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.into())
}
