//! What was used and spent, summed up.

mod csv;

use std::cmp::Reverse;

use chrono::NaiveDate;
use gateway_domain::{
    KeyOwner,
    money::{NanoUsd, Tokens},
};
use gateway_identity::{Caller, Context, ServiceError};
use gateway_store::usage as store;

pub use csv::csv;
pub use gateway_store::usage::Dimension;

use crate::scope;

/// Which usage to sum up.
#[derive(Clone, Debug)]
pub struct Filter {
    /// The first day, in UTC.
    pub from: NaiveDate,
    /// The last day, itself included.
    pub to: NaiveDate,
    /// Whose.
    pub owner: Option<KeyOwner>,
    /// On whose account: a team's key.
    pub team: Option<String>,
    /// Of which model, as callers name it.
    pub model: Option<String>,
}

/// Sums of what is the same in every dimension that is kept apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRow {
    /// The day, if days are kept apart.
    pub day: Option<NaiveDate>,
    /// The model, if models are; empty for requests that called no upstream.
    pub model: Option<String>,
    /// The team's key and name, if teams are; `None` for usage of no team too.
    pub team: Option<(String, String)>,
    /// Who, and what they are called, if owners are.
    pub owner: Option<(KeyOwner, String)>,
    /// Requests.
    pub requests: u64,
    /// Calls of upstreams.
    pub attempts: u64,
    /// Tokens; the parts of input and output that are audio or images are not summed up.
    pub tokens: Tokens,
    /// Cost.
    pub cost: NanoUsd,
    /// Attempts that used something of which nobody knows a price.
    pub unpriced: u64,
    /// Attempts whose tokens are estimated.
    pub estimated: u64,
}

/// So many rows are enough for a page and for a spreadsheet.
const MOST: i64 = 50_000;

/// Sums up what the caller may see, kept apart by `by`: the days in order, within them the most expensive first. Without
/// any dimension it is one row, the total.
///
/// # Errors
/// `group_by` is invalid when it comes to more rows than anybody reads.
pub async fn summary(
    ctx: &Context,
    caller: &Caller,
    filter: &Filter,
    by: &[Dimension],
) -> Result<Vec<UsageRow>, ServiceError> {
    let filter = store::Filter {
        scope: scope::of(caller)?,
        from: filter.from,
        to: filter.to,
        owner: filter.owner,
        team: scope::team(ctx, filter.team.as_deref()).await?,
        model: filter.model.clone(),
    };
    let sums = store::sum(ctx.db(), &filter, by, MOST + 1).await?;
    if sums.len() as u64 > MOST.unsigned_abs() {
        let sentence = "That is too many rows: choose fewer days or keep less apart.";
        return Err(ServiceError::invalid("group_by", sentence));
    }
    let mut rows: Vec<_> = sums.into_iter().map(UsageRow::from).collect();
    rows.sort_by_cached_key(|row| {
        let names = (row.model.clone(), row.team.clone());
        let owner = row
            .owner
            .clone()
            .map(|(owner, label)| (label, owner.uuid()));
        (
            row.day,
            Reverse(row.cost),
            Reverse(row.requests),
            names,
            owner,
        )
    });
    Ok(rows)
}

impl From<store::Sum> for UsageRow {
    fn from(sum: store::Sum) -> Self {
        let team = sum.team.map(|(id, names)| {
            names.unwrap_or_else(|| (id.to_string(), "deleted team".to_owned()))
        });
        Self {
            day: sum.day,
            model: sum.model,
            team,
            owner: sum
                .owner
                .map(|(owner, name)| (owner, scope::label(owner, name))),
            requests: sum.requests,
            attempts: sum.attempts,
            tokens: sum.tokens,
            cost: sum.cost,
            unpriced: sum.unpriced,
            estimated: sum.estimated,
        }
    }
}
