//! Usage: what was spent, on what, by whom.

mod chart;
mod filter;

use askama::Template;
use axum::{
    Router,
    extract::{FromRef, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::NaiveDate;
use gateway_domain::Team;
use gateway_identity::{Caller, Context, ServiceError};
use gateway_inference::{Plane, status};
use gateway_ledger::usage::{self, Dimension, UsageRow};

#[cfg(test)]
pub(crate) use chart::days_of;
pub(crate) use chart::{Chart, charts, read as read_tokens, total};
pub(crate) use filter::{Asked, RANGES};

use crate::{
    errors::Errors,
    page::{Page, PageError},
    pages::owners,
    shell::Shell,
    view::{Amount as _, Label as _},
    visitor::Visitor,
};

const PATH: &str = "/admin/usage";
const EXPORT: &str = "/admin/usage/export";

#[derive(Template)]
#[template(path = "pages/usage.html")]
pub(crate) struct UsagePage {
    pub(crate) shell: Shell,
    pub(crate) from: NaiveDate,
    pub(crate) to: NaiveDate,
    pub(crate) total: UsageRow,
    pub(crate) charts: Vec<Chart>,
    /// Every day of the range, the latest first, those without a call too.
    pub(crate) days: Vec<UsageRow>,
    pub(crate) models: Vec<UsageRow>,
    pub(crate) teams: Vec<UsageRow>,
    pub(crate) owners: Vec<UsageRow>,
    /// Whether there is others' usage to see.
    pub(crate) oversees: bool,
    /// The teams to filter by.
    pub(crate) choices: Vec<Team>,
    /// The models to propose.
    pub(crate) proposals: Vec<String>,
    pub(crate) filter: Asked,
    pub(crate) errors: Errors,
    pub(crate) export: String,
}

pub(crate) fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Context: FromRef<S>,
    Plane: FromRef<S>,
{
    Router::new()
        .route(PATH, get(show))
        .route(EXPORT, get(export))
}

async fn show(
    State(ctx): State<Context>,
    State(plane): State<Plane>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Page<UsagePage>, PageError> {
    let Visitor { caller, shell, .. } = visitor;
    let (filter, errors) = filter::read(&ctx, &caller, &shell, &asked).await?;
    let sums = async |by: &[Dimension]| {
        if errors != Errors::default() {
            return Ok(Vec::new());
        }
        usage::summary(&ctx, &caller, &filter, by).await
    };
    let days = sums(&[Dimension::Day]).await?;
    let models = sums(&[Dimension::Model]).await?;
    let teams = sums(&[Dimension::Team]).await?;
    let oversees = shell.oversees();
    let owners = if oversees {
        sums(&[Dimension::User]).await?
    } else {
        Vec::new()
    };
    let days = chart::days_of(&filter, days);
    let status = if errors == Errors::default() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let page = UsagePage {
        from: filter.from,
        to: filter.to,
        total: total(&days),
        charts: charts(&days),
        days: days.into_iter().rev().collect(),
        models,
        teams,
        owners,
        oversees,
        choices: choices(&ctx, &caller, &shell).await?,
        proposals: proposals(&plane, &caller)?,
        export: asked.address(EXPORT),
        filter: asked,
        errors,
        shell,
    };
    Ok(Page(status, page))
}

async fn choices(ctx: &Context, caller: &Caller, shell: &Shell) -> Result<Vec<Team>, ServiceError> {
    if shell.oversees() {
        owners::teams(ctx, caller, shell).await
    } else {
        Ok(Vec::new())
    }
}

fn proposals(plane: &Plane, caller: &Caller) -> Result<Vec<String>, ServiceError> {
    let models = status::models(plane, caller)?.into_iter();
    Ok(models.map(|model| model.id).collect())
}

/// The rows by day, model, team and person, as a file.
async fn export(
    State(ctx): State<Context>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    const BY: [Dimension; 4] = [
        Dimension::Day,
        Dimension::Model,
        Dimension::Team,
        Dimension::User,
    ];
    let Visitor { caller, shell, .. } = visitor;
    let (filter, errors) = filter::read(&ctx, &caller, &shell, &asked).await?;
    if errors != Errors::default() {
        let sentence = "The filter of this export cannot be read. Go back and change it.";
        return Err(ServiceError::invalid("", sentence).into());
    }
    let rows = usage::summary(&ctx, &caller, &filter, &BY).await?;
    let name = format!(
        "attachment; filename=\"usage-{}-{}.csv\"",
        filter.from, filter.to
    );
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, usage::csv(&rows, &BY)).into_response())
}

/// What a row is called in the table of its dimension.
pub(crate) fn name_of(row: &UsageRow) -> String {
    match (&row.model, &row.team, &row.owner) {
        (Some(model), _, _) if model.is_empty() => "no model".to_owned(),
        (Some(model), _, _) => model.clone(),
        (_, Some((_, name)), _) => name.clone(),
        (_, _, Some((_, label))) => label.clone(),
        _ => "no team".to_owned(),
    }
}

/// What a row has its share of: what it cost.
pub(crate) fn part(row: &UsageRow) -> u64 {
    row.cost.nano().max(0).unsigned_abs()
}
