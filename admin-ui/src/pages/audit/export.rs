//! The audit log as a file, written while it is read.

use axum::{
    body::{Body, Bytes},
    extract::{Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use gateway_identity::{Context, ServiceError, audit_service, audit_text::ExportFormat};

use super::Asked;
use crate::{errors::Errors, page::PageError, visitor::Visitor};

pub(super) async fn download(
    State(ctx): State<Context>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let format: ExportFormat = asked
        .format
        .parse()
        .map_err(|_| ServiceError::invalid("format", "The format is csv or jsonl."))?;
    let (filter, errors) = asked.read();
    if errors != Errors::default() {
        let sentence = "A time of the filter cannot be read; write it as 2026-11-22T14:05.";
        return Err(ServiceError::invalid("from", sentence).into());
    }
    let entries = audit_service::export(&ctx, &visitor.caller, &filter)?;
    let head = Ok(Bytes::from_static(format.head().as_bytes()));
    let lines = entries.map_ok(move |entry| Bytes::from(format.line(&entry)));
    // A failure in the middle cuts the answer off, so that nobody takes a part for the whole.
    let lines = lines.inspect_err(|error| tracing::error!(%error, "an export was cut off"));
    let body = Body::from_stream(stream::iter([head]).chain(lines));
    let name = format!(
        "attachment; filename=\"audit-{}.{}\"",
        ctx.now().format("%Y%m%dT%H%M%SZ"),
        format.as_str()
    );
    let headers = [
        (header::CONTENT_TYPE, format.media_type().to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, body).into_response())
}
