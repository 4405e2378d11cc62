//! The request log.

mod one;

use askama::Template;
use axum::{
    Router,
    extract::{FromRef, Query, State},
    http::StatusCode,
    routing::get,
};
use chrono::{DateTime, TimeDelta, Utc};
use gateway_domain::{ApiKeyId, Team};
use gateway_identity::{Caller, Context, Paging, ServiceError};
use gateway_inference::{Plane, status};
use gateway_ledger::requests::{self, Filter, RequestView, StatusFilter};
use serde::Deserialize;

#[cfg(test)]
pub(crate) use one::RequestPage;
pub(crate) use one::{kinds, readable};

use crate::{
    errors::Errors,
    page::{Page, PageError},
    pages::{audit::moment, owners},
    shell::Shell,
    view::{Amount as _, Label as _, Moment as _, address},
    visitor::Visitor,
};

const PATH: &str = "/admin/requests";

/// The spans of time that one link away each: the parameter, its hours, what it is called.
pub(crate) const SPANS: [(&str, i64, &str); 4] = [
    ("1h", 1, "Last hour"),
    ("24h", 24, "Last day"),
    ("7d", 7 * 24, "Last week"),
    ("30d", 30 * 24, "Last 30 days"),
];

#[derive(Template)]
#[template(path = "pages/requests.html")]
pub(crate) struct RequestsPage {
    pub(crate) shell: Shell,
    pub(crate) requests: Vec<RequestView>,
    /// Whether there are others' requests to see.
    pub(crate) oversees: bool,
    /// The teams to filter by.
    pub(crate) teams: Vec<Team>,
    /// The models to propose.
    pub(crate) models: Vec<String>,
    pub(crate) filter: Asked,
    pub(crate) errors: Errors,
    pub(crate) first: Option<String>,
    pub(crate) next: Option<String>,
}

/// The filter, as it was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    pub(crate) last: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) owner: String,
    pub(crate) team: String,
    pub(crate) model: String,
    pub(crate) status: String,
    pub(crate) key: String,
    pub(crate) cursor: Option<String>,
}

pub(crate) fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Context: FromRef<S>,
    Plane: FromRef<S>,
{
    Router::new()
        .route(PATH, get(list))
        .route("/admin/requests/{id}", get(one::show))
}

async fn list(
    State(ctx): State<Context>,
    State(plane): State<Plane>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Page<RequestsPage>, PageError> {
    let Visitor { caller, shell, .. } = visitor;
    let (mut filter, mut errors) = asked.read(ctx.now());
    let oversees = shell.oversees();
    let teams = if oversees {
        owners::teams(&ctx, &caller, &shell).await?
    } else {
        Vec::new()
    };
    if oversees {
        filter.owner = owners::named(&ctx, &caller, &asked.owner, &mut errors).await?;
    }
    let is_readable = errors == Errors::default();
    let page = if is_readable {
        found(&ctx, &caller, &filter, &asked).await?
    } else {
        gateway_identity::Page {
            items: Vec::new(),
            next: None,
        }
    };
    let models = status::models(&plane, &caller)?.into_iter();
    let page = RequestsPage {
        requests: page.items,
        oversees,
        teams,
        models: models.map(|model| model.id).collect(),
        errors,
        first: asked.cursor.as_ref().map(|_| asked.address(None)),
        next: page.next.map(|cursor| asked.address(Some(&cursor))),
        filter: asked,
        shell,
    };
    let status = if is_readable {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    Ok(Page(status, page))
}

async fn found(
    ctx: &Context,
    caller: &Caller,
    filter: &Filter,
    asked: &Asked,
) -> Result<gateway_identity::Page<RequestView>, ServiceError> {
    requests::list(ctx, caller, filter, &Paging::after(asked.cursor.clone())).await
}

impl Asked {
    /// Whether anything is filtered.
    pub(crate) fn is_set(&self) -> bool {
        let all = [
            &self.last,
            &self.from,
            &self.to,
            &self.owner,
            &self.team,
            &self.model,
            &self.status,
            &self.key,
        ];
        !all.into_iter().all(String::is_empty)
    }

    /// Whether the times are typed ones; those win over a span.
    pub(crate) fn is_dated(&self) -> bool {
        !self.from.trim().is_empty() || !self.to.trim().is_empty()
    }

    /// The same list over another span of time; the empty one is all time.
    pub(crate) fn over(&self, span: &str) -> String {
        let asked = Self {
            last: span.to_owned(),
            from: String::new(),
            to: String::new(),
            ..self.clone()
        };
        asked.address(None)
    }

    fn address(&self, cursor: Option<&str>) -> String {
        let query = [
            ("last", Some(self.last.as_str())),
            ("from", Some(&self.from)),
            ("to", Some(&self.to)),
            ("owner", Some(&self.owner)),
            ("team", Some(&self.team)),
            ("model", Some(&self.model)),
            ("status", Some(&self.status)),
            ("key", Some(&self.key)),
            ("cursor", cursor),
        ];
        address(PATH, &query)
    }

    /// The filter as far as it can be read, without whom it means, and what cannot be.
    fn read(&self, now: DateTime<Utc>) -> (Filter, Errors) {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let mut errors = Errors::default();
        let mut time = |field: &'static str, text: &str| {
            let at = given(text).map(|text| moment(&text));
            if at == Some(None) {
                errors = Errors::field(field, "Write the time as 2026-11-22T14:05.");
            }
            at.flatten()
        };
        let (mut from, to) = (time("from", &self.from), time("to", &self.to));
        if !self.is_dated() {
            let span = SPANS.iter().find(|(name, ..)| *name == self.last);
            from = span.map(|(_, hours, _)| now - TimeDelta::hours(*hours));
        }
        let status = given(&self.status).map(|text| status_of(&text));
        if status == Some(None) {
            errors = Errors::field("status", "Write a status such as 429.");
        }
        let key = given(&self.key).map(|text| text.parse::<ApiKeyId>().ok());
        if key == Some(None) {
            errors = Errors::field("", "The key in the address is none.");
        }
        if self.model.contains('\0') || self.team.contains('\0') {
            errors = Errors::field("model", "No model is called so.");
        }
        let filter = Filter {
            from,
            to,
            owner: None,
            team: given(&self.team),
            model: given(&self.model),
            status: status.flatten(),
            key: key.flatten(),
        };
        (filter, errors)
    }
}

/// `ok`, `failed` or a number.
fn status_of(text: &str) -> Option<StatusFilter> {
    match text {
        "ok" => Some(StatusFilter::Ok),
        "failed" => Some(StatusFilter::Failed),
        number => {
            let status = number.parse().ok()?;
            (100..600)
                .contains(&status)
                .then_some(StatusFilter::Exactly(status))
        }
    }
}

/// Who answered: the provider, and its name for the model where that is another.
pub(crate) fn served(view: &RequestView) -> Option<String> {
    let (provider, model) = view.record.served_by.as_ref()?;
    if *model == view.record.model {
        return Some(provider.clone());
    }
    Some(format!("{provider} · {model}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-22T14:05:00Z".parse().unwrap()
    }

    #[test]
    fn typed_times_win_over_a_span() {
        let asked = Asked {
            last: "24h".to_owned(),
            ..Asked::default()
        };
        let (filter, _) = asked.read(now());
        assert_eq!(filter.from, Some(now() - TimeDelta::days(1)));
        let dated = Asked {
            to: "2026-11-01T00:00".to_owned(),
            ..asked
        };
        let (filter, errors) = dated.read(now());
        assert_eq!((filter.from, errors), (None, Errors::default()));
        assert!(filter.to.is_some());
    }

    #[test]
    fn a_status_is_a_word_or_a_number() {
        assert_eq!(status_of("429"), Some(StatusFilter::Exactly(429)));
        assert_eq!(status_of("failed"), Some(StatusFilter::Failed));
        assert_eq!(status_of("7"), None);
        assert_eq!(status_of("x"), None);
    }
}
