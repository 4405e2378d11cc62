//! Sums over the ledger.

use chrono::NaiveDate;
use gateway_domain::{
    KeyOwner, OwnerKind, TeamId,
    money::{NanoUsd, Tokens},
};
use uuid::Uuid;

use crate::{Builder, Db, Error, Result, ledger::counted, requests::Scope};

/// Which usage to sum up.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Whose may be seen at all.
    pub scope: Scope,
    /// The first day.
    pub from: NaiveDate,
    /// The last day, itself included.
    pub to: NaiveDate,
    /// Whose.
    pub owner: Option<KeyOwner>,
    /// On which team's account.
    pub team: Option<TeamId>,
    /// Of which model.
    pub model: Option<String>,
}

/// What to keep apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// Days, in UTC.
    Day,
    /// Models.
    Model,
    /// Teams.
    Team,
    /// People and service accounts.
    User,
}

/// A sum. What is not kept apart is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// The day.
    pub day: Option<NaiveDate>,
    /// The model; empty for requests that called no upstream.
    pub model: Option<String>,
    /// The team with its key and name, where it is still there; `None` for no team as well.
    pub team: Option<(TeamId, Option<(String, String)>)>,
    /// Who, with the person's address or the service account's name, where they are still there.
    pub owner: Option<(KeyOwner, Option<String>)>,
    /// Requests.
    pub requests: u64,
    /// Attempts.
    pub attempts: u64,
    /// Tokens.
    pub tokens: Tokens,
    /// Cost.
    pub cost: NanoUsd,
    /// Attempts that used something without a price.
    pub unpriced: u64,
    /// Attempts whose tokens are estimated.
    pub estimated: u64,
}

/// Sums up, keeping apart `by`. At most `limit` rows, in no order.
pub async fn sum(db: &Db, filter: &Filter, by: &[Dimension], limit: i64) -> Result<Vec<Sum>> {
    let apart = |dimension, column: &'static str, nothing: &'static str| {
        if by.contains(&dimension) {
            column
        } else {
            nothing
        }
    };
    let builder = Builder::new(db, "SELECT s.*, COALESCE(u.email, a.name) AS owner_name, ")
        .push("t.key AS team_key, t.name AS team_name FROM (SELECT ")
        .push(apart(Dimension::Day, "day", "CAST(NULL AS TEXT) AS day"))
        .push(apart(
            Dimension::Model,
            ", model",
            ", CAST(NULL AS TEXT) AS model",
        ))
        .push(apart(
            Dimension::Team,
            ", team_id",
            ", CAST(NULL AS UUID) AS team_id",
        ))
        .push(apart(
            Dimension::User,
            ", owner_kind, owner_id",
            ", CAST(NULL AS TEXT) AS owner_kind, CAST(NULL AS UUID) AS owner_id",
        ))
        .push(SUMS)
        .push_with(" FROM usage_daily WHERE day >= ?", filter.from.to_string())
        .push_with(" AND day <= ?", filter.to.to_string());
    let rows: Vec<Row> = grouped(narrowed(builder, filter), by)
        .push_with(" LIMIT ?) AS s", limit)
        .push(
            " LEFT JOIN users u ON s.owner_kind = 'user' AND u.id = s.owner_id \
              LEFT JOIN service_accounts a ON s.owner_kind = 'service_account' AND a.id = s.owner_id \
              LEFT JOIN teams t ON t.id = s.team_id",
        )
        .build()
        .fetch_all()
        .await?;
    rows.into_iter().map(Sum::try_from).collect()
}

/// The casts: PostgreSQL's sums of integers are decimals.
const SUMS: &str = ", CAST(COALESCE(SUM(requests), 0) AS BIGINT) AS requests, \
    CAST(COALESCE(SUM(attempts), 0) AS BIGINT) AS attempts, \
    CAST(COALESCE(SUM(input), 0) AS BIGINT) AS input, CAST(COALESCE(SUM(output), 0) AS BIGINT) AS output, \
    CAST(COALESCE(SUM(cache_read), 0) AS BIGINT) AS cache_read, \
    CAST(COALESCE(SUM(cache_write), 0) AS BIGINT) AS cache_write, \
    CAST(COALESCE(SUM(reasoning), 0) AS BIGINT) AS reasoning, \
    CAST(COALESCE(SUM(cost_nano_usd), 0) AS BIGINT) AS cost_nano_usd, \
    CAST(COALESCE(SUM(unpriced), 0) AS BIGINT) AS unpriced, \
    CAST(COALESCE(SUM(estimated), 0) AS BIGINT) AS estimated";

fn narrowed<'c>(builder: Builder<'c, &'c Db>, filter: &Filter) -> Builder<'c, &'c Db> {
    let builder = match &filter.scope {
        Scope::All => builder,
        Scope::Of(person, teams) => builder
            .push_with(" AND (owner_kind = 'user' AND owner_id = ?", *person)
            .push(" OR team_id IN")
            .push_in(teams.iter().copied())
            .push(")"),
    };
    builder
        .push_if(" AND owner_kind = ?", filter.owner.map(KeyOwner::kind))
        .push_if(" AND owner_id = ?", filter.owner.map(KeyOwner::uuid))
        .push_if(" AND team_id = ?", filter.team)
        .push_if(" AND model = ?", filter.model.clone())
}

fn grouped<'c>(builder: Builder<'c, &'c Db>, by: &[Dimension]) -> Builder<'c, &'c Db> {
    let mut comma = " GROUP BY ";
    [
        (Dimension::Day, "day"),
        (Dimension::Model, "model"),
        (Dimension::Team, "team_id"),
        (Dimension::User, "owner_kind, owner_id"),
    ]
    .into_iter()
    .filter(|(dimension, _)| by.contains(dimension))
    .fold(builder, |builder, (_, columns)| {
        let before = std::mem::replace(&mut comma, ", ");
        builder.push(before).push(columns)
    })
}

#[derive(sqlx::FromRow)]
struct Row {
    day: Option<String>,
    model: Option<String>,
    team_id: Option<Uuid>,
    owner_kind: Option<OwnerKind>,
    owner_id: Option<Uuid>,
    requests: i64,
    attempts: i64,
    input: i64,
    output: i64,
    cache_read: i64,
    cache_write: i64,
    reasoning: i64,
    cost_nano_usd: NanoUsd,
    unpriced: i64,
    estimated: i64,
    owner_name: Option<String>,
    team_key: Option<String>,
    team_name: Option<String>,
}

impl TryFrom<Row> for Sum {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let day = row.day.map(|day| day.parse()).transpose();
        let owner = row.owner_kind.zip(row.owner_id);
        let team = row.team_id.filter(|team| !team.is_nil());
        Ok(Self {
            day: day.map_err(|_| Error::Corrupt("a day of usage_daily".to_owned()))?,
            model: row.model,
            team: team.map(|team| (team.into(), row.team_key.zip(row.team_name))),
            owner: owner.map(|(kind, id)| (KeyOwner::new(kind, id), row.owner_name)),
            requests: counted(row.requests),
            attempts: counted(row.attempts),
            tokens: Tokens {
                input: counted(row.input),
                output: counted(row.output),
                cache_read: counted(row.cache_read),
                cache_write: counted(row.cache_write),
                reasoning: counted(row.reasoning),
                ..Tokens::default()
            },
            cost: row.cost_nano_usd,
            unpriced: counted(row.unpriced),
            estimated: counted(row.estimated),
        })
    }
}
