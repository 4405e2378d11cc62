//! The audit log.

mod export;

use askama::Template;
use axum::{
    Router,
    extract::{FromRef, Query, State},
    http::StatusCode,
    routing::get,
};
use chrono::{DateTime, Datelike as _, NaiveDateTime, Utc};
use gateway_identity::{Context, Paging, audit_service};
use serde::Deserialize;

use crate::{
    entry::EntryView,
    errors::Errors,
    page::{Page, PageError},
    shell::Shell,
    view::{Label as _, Moment as _, address},
    visitor::Visitor,
};

const PATH: &str = "/admin/audit";
const EXPORT: &str = "/admin/audit/export";

#[derive(Template)]
#[template(path = "pages/audit.html")]
pub(crate) struct AuditPage {
    pub(crate) shell: Shell,
    pub(crate) entries: Vec<EntryView>,
    pub(crate) filter: Asked,
    pub(crate) errors: Errors,
    pub(crate) export_csv: String,
    pub(crate) export_jsonl: String,
    pub(crate) first: Option<String>,
    pub(crate) next: Option<String>,
}

/// The filter, as it was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    pub(crate) actor: String,
    pub(crate) action: String,
    pub(crate) target: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) cursor: Option<String>,
    /// Of the export.
    pub(crate) format: String,
}

pub(crate) fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Context: FromRef<S>,
{
    Router::new()
        .route(PATH, get(list))
        .route(EXPORT, get(export::download))
}

async fn list(
    State(ctx): State<Context>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Page<AuditPage>, PageError> {
    let (filter, errors) = asked.read();
    let paging = Paging::after(asked.cursor.clone());
    let page = audit_service::list(&ctx, &visitor.caller, &filter, &paging).await?;
    let status = if errors == Errors::default() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let page = AuditPage {
        shell: visitor.shell,
        entries: page.items.into_iter().map(EntryView::from).collect(),
        errors,
        export_csv: asked.address(EXPORT, ("format", "csv")),
        export_jsonl: asked.address(EXPORT, ("format", "jsonl")),
        first: asked
            .cursor
            .as_ref()
            .map(|_| asked.address(PATH, ("cursor", ""))),
        next: page
            .next
            .map(|cursor| asked.address(PATH, ("cursor", &cursor))),
        filter: asked,
    };
    Ok(Page(status, page))
}

impl Asked {
    /// Whether anything is filtered.
    pub(crate) fn is_set(&self) -> bool {
        ![
            &self.actor,
            &self.action,
            &self.target,
            &self.from,
            &self.to,
        ]
        .into_iter()
        .all(String::is_empty)
    }

    fn address(&self, path: &str, (name, value): (&str, &str)) -> String {
        let query = [
            ("actor", Some(self.actor.as_str())),
            ("action", Some(&self.action)),
            ("target", Some(&self.target)),
            ("from", Some(&self.from)),
            ("to", Some(&self.to)),
            (name, Some(value)),
        ];
        address(path, &query)
    }

    /// The filter as far as it can be read, and what cannot.
    fn read(&self) -> (audit_service::Filter, Errors) {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let mut errors = Errors::default();
        let mut time = |field: &'static str, text: &str| {
            let text = given(text)?;
            let at = moment(&text);
            if at.is_none() {
                errors = Errors::field(field, "Write the time as 2026-11-22T14:05.");
            }
            at
        };
        let from = time("from", &self.from);
        let to = time("to", &self.to);
        for (field, text) in [
            ("actor", &self.actor),
            ("action", &self.action),
            ("target", &self.target),
        ] {
            if text.contains('\0') {
                errors = Errors::field(field, "No entry holds such a character.");
            }
        }
        let filter = audit_service::Filter {
            actor: given(&self.actor),
            action: given(&self.action),
            target: given(&self.target),
            from,
            to,
            ..audit_service::Filter::default()
        };
        (filter, errors)
    }
}

/// What `datetime-local` sends, or a full RFC 3339 time.
pub(crate) fn moment(text: &str) -> Option<DateTime<Utc>> {
    let local = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M"]
        .into_iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    let moment = match local {
        Some(local) => Some(local.and_utc()),
        None => DateTime::parse_from_rfc3339(text).ok().map(DateTime::into),
    };
    // No other year can be compared.
    moment.filter(|moment: &DateTime<Utc>| (0..=9999).contains(&moment.year()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_browsers_send_them() {
        let at = |text| moment(text).map(|at| at.to_rfc3339());
        let expected = Some("2026-11-22T14:05:00+00:00".to_owned());
        assert_eq!(at("2026-11-22T14:05"), expected);
        assert_eq!(at("2026-11-22T14:05:00"), expected);
        assert_eq!(at("2026-11-22T15:05:00+01:00"), expected);
        assert_eq!(at("yesterday"), None);
        assert_eq!(at("-9999-01-01T00:00"), None);
        assert_eq!(at("+12026-11-22T14:05"), None);
    }

    #[test]
    fn links_keep_the_filter() {
        let asked = Asked {
            actor: "a&b@x.example".to_owned(),
            ..Asked::default()
        };
        assert_eq!(
            asked.address(EXPORT, ("format", "csv")),
            "/admin/audit/export?actor=a%26b%40x.example&format=csv"
        );
    }
}
