//! The daily sums.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::LazyLock,
};

use chrono::NaiveDate;
use gateway_domain::{
    KeyOwner, OwnerKind,
    ledger::{Account, Attempt, Pricing, RequestRecord, UsageKind},
    money::{NanoUsd, Tokens},
};
use uuid::Uuid;

use super::{
    insert::{Statements, Values},
    rows::count,
};
use crate::{Query, Result, Tx};

/// What rows add to the daily sums, in the order in which every process writes it: else two could wait for each other.
#[derive(Default)]
pub(super) struct Sums<'a>(BTreeMap<Key<'a>, Sum>);

/// Day, model, team (nil: none), owner.
type Key<'a> = (NaiveDate, &'a str, Uuid, OwnerKind, Uuid);

#[derive(Clone, Copy, Default)]
struct Sum {
    requests: i64,
    attempts: i64,
    tokens: Tokens,
    cost: NanoUsd,
    unpriced: i64,
    estimated: i64,
}

impl<'a> Sums<'a> {
    /// Counts a row of the ledger.
    pub(super) fn attempt(&mut self, row: &'a Attempt) {
        let key = key(row.started_at.date_naive(), &row.model, &row.account);
        let sum = self.0.entry(key).or_default();
        sum.attempts += 1;
        sum.tokens = sum.tokens + row.tokens;
        sum.cost = sum.cost + row.cost;
        let is_used = row.usage != UsageKind::None;
        sum.unpriced += i64::from(row.pricing == Pricing::Unpriced && is_used);
        sum.estimated += i64::from(row.usage == UsageKind::Estimated);
    }

    /// Counts a row of the request log. One that called no upstream counts for no model: its caller may have made the
    /// name up, and these rows are kept for ever.
    pub(super) fn request(&mut self, row: &'a RequestRecord) {
        let model = if row.attempts == 0 { "" } else { &row.model };
        let key = key(row.at.date_naive(), model, &row.account);
        match self.0.entry(key) {
            Entry::Occupied(mut known) => known.get_mut().requests += 1,
            Entry::Vacant(new) => {
                new.insert(Sum {
                    requests: 1,
                    ..Sum::default()
                });
            }
        }
    }

    /// Adds all of it to what is there.
    pub(super) async fn add(self, tx: &mut Tx) -> Result<()> {
        let rows: Vec<_> = self.0.into_iter().collect();
        ADD.run(tx, &rows).await?;
        Ok(())
    }
}

fn key<'a>(day: NaiveDate, model: &'a str, account: &Account) -> Key<'a> {
    let Account { owner, team_id, .. } = account;
    let team = team_id.map_or(Uuid::nil(), gateway_domain::TeamId::uuid);
    (day, model, team, KeyOwner::kind(*owner), owner.uuid())
}

const COLUMNS: &[&str] = &[
    "day",
    "model",
    "team_id",
    "owner_kind",
    "owner_id",
    "requests",
    "attempts",
    "input",
    "output",
    "cache_read",
    "cache_write",
    "reasoning",
    "cost_nano_usd",
    "unpriced",
    "estimated",
];

static ADD: LazyLock<Statements> = LazyLock::new(|| {
    let (key, sums) = COLUMNS.split_at(5);
    let added = |column: &&str| format!("{column} = usage_daily.{column} + excluded.{column}");
    let added: Vec<_> = sums.iter().map(added).collect();
    let end = format!(
        " ON CONFLICT ({}) DO UPDATE SET {}",
        key.join(", "),
        added.join(", ")
    );
    Statements::new("usage_daily", COLUMNS, &end)
});

impl Values for (Key<'_>, Sum) {
    fn bind<'c>(&self, query: Query<'c>) -> Query<'c> {
        let ((day, model, team, kind, owner), sum) = self;
        query
            .bind_text(Some(&day.to_string()))
            .bind_text(Some(model))
            .bind_plain(*team)
            .bind_plain(*kind)
            .bind_plain(*owner)
            .bind_plain(sum.requests)
            .bind_plain(sum.attempts)
            .bind_plain(count(sum.tokens.input))
            .bind_plain(count(sum.tokens.output))
            .bind_plain(count(sum.tokens.cache_read))
            .bind_plain(count(sum.tokens.cache_write))
            .bind_plain(count(sum.tokens.reasoning))
            .bind_plain(sum.cost)
            .bind_plain(sum.unpriced)
            .bind_plain(sum.estimated)
    }
}
