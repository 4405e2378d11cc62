//! `/api/v1/admin/usage`

use axum::Json;
use chrono::{DateTime, Days, NaiveDate, Utc};
use gateway_domain::{KeyOwner, UserId};
use gateway_edge::Problem;
use gateway_identity::{Context, ServiceError};
use gateway_ledger::usage::{self, Dimension, Filter, UsageRow};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    extract::{Params, Reader, given, moment},
    objects::List,
    requests::{CallOwner, Tokens, owner},
};

/// How many days are summed up unless said.
const USUAL: u64 = 30;

/// Which usage, and what is kept apart.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct UsageParams {
    /// Any of `day`, `model`, `team`, `user`, with commas; none: one row.
    #[param(example = "day,model")]
    group_by: Option<String>,
    /// The first UTC day; unless given, 29 days before the last.
    #[param(value_type = Option<NaiveDate>)]
    from: Option<String>,
    /// The last UTC day, itself included; unless given, today.
    #[param(value_type = Option<NaiveDate>)]
    to: Option<String>,
    /// Whose: an e-mail address, a service account's key, or the id of either.
    user: Option<String>,
    /// On whose account: a team's key.
    team: Option<String>,
    /// Of which model, as callers name it.
    model: Option<String>,
}

/// Sums of what is the same in everything that is kept apart; what is not kept apart is null.
#[derive(Serialize, ToSchema)]
pub(super) struct Usage {
    day: Option<NaiveDate>,
    model: Option<String>,
    /// The team's key; null for usage of no team too.
    team: Option<String>,
    /// The person, when it was one.
    user_id: Option<Uuid>,
    /// The person or the service account.
    owner: Option<CallOwner>,
    /// What people know the owner by.
    owner_label: Option<String>,
    requests: u64,
    /// Calls of upstreams.
    attempts: u64,
    tokens: Tokens,
    /// Billionths of a US dollar.
    cost_nano_usd: i64,
    /// Attempts of which nobody knows a price: their cost is missing.
    unpriced: u64,
    /// Attempts whose tokens are estimated.
    estimated: u64,
}

/// What was used and spent. Those who may not see all of it get their own, and that of the teams that they manage.
#[utoipa::path(get, path = "/api/v1/admin/usage", tag = "usage", operation_id = "sum_up_usage",
    params(UsageParams), responses((status = 200, body = List<Usage>)))]
pub(super) async fn list(
    Reader { ctx, caller }: Reader,
    Params(params): Params<UsageParams>,
) -> Result<Json<List<Usage>>, Problem> {
    let by = dimensions(given(params.group_by).as_deref())?;
    let (from, to) = days(&ctx, moment("from", params.from)?, moment("to", params.to)?)?;
    let filter = Filter {
        from,
        to,
        owner: owner(&ctx, &caller, params.user).await?,
        team: given(params.team),
        model: given(params.model),
    };
    let rows = usage::summary(&ctx, &caller, &filter, &by).await?;
    let items = rows.into_iter().map(Into::into).collect();
    Ok(Json(List::whole(items)))
}

fn dimensions(text: Option<&str>) -> Result<Vec<Dimension>, ServiceError> {
    let mut by = Vec::new();
    for word in text.unwrap_or_default().split(',').map(str::trim) {
        let dimension = match word {
            "" => continue,
            "day" => Dimension::Day,
            "model" => Dimension::Model,
            "team" => Dimension::Team,
            "user" => Dimension::User,
            _ => {
                let sentence = "Group by any of day, model, team and user, with commas.";
                return Err(ServiceError::invalid("group_by", sentence));
            }
        };
        if !by.contains(&dimension) {
            by.push(dimension);
        }
    }
    Ok(by)
}

fn days(
    ctx: &Context,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
) -> Result<(NaiveDate, NaiveDate), ServiceError> {
    let to = to.unwrap_or_else(|| ctx.now()).date_naive();
    let usual = to.checked_sub_days(Days::new(USUAL - 1)).unwrap_or(to);
    let from = from.map_or(usual, |from| from.date_naive());
    if from > to {
        let sentence = "The last day comes before the first.";
        return Err(ServiceError::invalid("to", sentence));
    }
    Ok((from, to))
}

impl From<UsageRow> for Usage {
    fn from(row: UsageRow) -> Self {
        let (owner, owner_label) = row.owner.unzip();
        Self {
            day: row.day,
            model: row.model,
            team: row.team.map(|(key, _)| key),
            user_id: owner.and_then(KeyOwner::user).map(UserId::uuid),
            owner: owner.map(Into::into),
            owner_label,
            requests: row.requests,
            attempts: row.attempts,
            tokens: row.tokens.into(),
            cost_nano_usd: row.cost.nano(),
            unpriced: row.unpriced,
            estimated: row.estimated,
        }
    }
}
