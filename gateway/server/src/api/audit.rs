//! `/api/v1/admin/audit`

use axum::{Json, body::Body, response::IntoResponse};
use futures_util::StreamExt as _;
use gateway_edge::Problem;
use gateway_identity::{
    audit_service::{self, Filter},
    audit_text::ExportFormat,
};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    extract::{PageParams, Params, Reader, given, moment, parsed},
    objects::{AuditEntry, List},
};

/// Which entries. Each value is compared whole.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditParams {
    /// The actor's id, or what it is known by: an address.
    actor: Option<String>,
    /// What happened: `user.disabled`.
    action: Option<String>,
    /// The target's id, or what it is known by: an address, a key.
    target: Option<String>,
    /// Through which identity provider.
    provider: Option<String>,
    /// Not before: a moment (RFC 3339) or a date.
    from: Option<String>,
    /// Before: a moment (RFC 3339) or a date.
    to: Option<String>,
}

/// The form of an export.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ExportParams {
    /// `jsonl`, unless said; or `csv`.
    #[param(value_type = Option<String>)]
    format: Option<String>,
}

impl AuditParams {
    fn filter(self) -> Result<Filter, Problem> {
        Ok(Filter {
            actor: given(self.actor),
            action: given(self.action),
            target: given(self.target),
            provider: given(self.provider),
            from: moment("from", self.from)?,
            to: moment("to", self.to)?,
            before: None,
        })
    }
}

/// The audit log, newest first.
#[utoipa::path(get, path = "/api/v1/admin/audit", tag = "audit", operation_id = "list_audit_entries",
    params(AuditParams, PageParams), responses((status = 200, body = List<AuditEntry>)))]
pub(super) async fn list(
    Reader { ctx, caller }: Reader,
    Params(params): Params<AuditParams>,
    Params(page): Params<PageParams>,
) -> Result<Json<List<AuditEntry>>, Problem> {
    let filter = params.filter()?;
    let page = audit_service::list(&ctx, &caller, &filter, &page.paging()?).await?;
    Ok(Json(List::of(page)))
}

/// All of the audit log that matches, oldest first, one entry a line. An answer that breaks off is not whole.
#[utoipa::path(get, path = "/api/v1/admin/audit/export", tag = "audit", operation_id = "export_audit_log",
    params(AuditParams, ExportParams),
    responses((status = 200, content((AuditEntry = "application/jsonl"), (String = "text/csv")))))]
pub(super) async fn export(
    Reader { ctx, caller }: Reader,
    Params(params): Params<AuditParams>,
    Params(form): Params<ExportParams>,
) -> Result<impl IntoResponse, Problem> {
    let filter = params.filter()?;
    let format = parsed("format", form.format, "The format is jsonl or csv.")?
        .unwrap_or(ExportFormat::Jsonl);
    let entries = audit_service::export(&ctx, &caller, &filter)?;
    let lines = entries.map(move |entry| entry.map(|entry| format.line(&entry)));
    let head = futures_util::stream::once(async move { Ok(format.head().to_owned()) });
    let disposition = format!("attachment; filename=\"audit.{}\"", format.as_str());
    let headers = [
        (CONTENT_TYPE, format.media_type().to_owned()),
        (CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, Body::from_stream(head.chain(lines))))
}
