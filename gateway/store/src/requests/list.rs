//! A page of the request log.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use gateway_domain::{ApiKeyId, KeyOwner, RequestId, TeamId};

use super::{NamedRequest, Row, Scope, names, select};
use crate::{Builder, Db, Result};

/// Which requests to list.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Whose may be seen at all.
    pub scope: Scope,
    /// Not before.
    pub from: Option<DateTime<Utc>>,
    /// Before.
    pub to: Option<DateTime<Utc>>,
    /// Whose.
    pub owner: Option<KeyOwner>,
    /// On which team's account.
    pub team: Option<TeamId>,
    /// Of which model, as the caller named it.
    pub model: Option<String>,
    /// How they ended.
    pub standing: Option<Standing>,
    /// By which key.
    pub key: Option<ApiKeyId>,
    /// Only earlier ones: the last of the page before.
    pub before: Option<Position>,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Well: below 400 and without an error.
    Ok,
    /// Badly: refused, failed or broken off.
    Failed,
    /// With this status.
    Status(i32),
}

/// A request's place in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// When it came.
    pub at: DateTime<Utc>,
    /// Which it is of those that came at once.
    pub id: RequestId,
}

/// A text is not a [`Position`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a position in the request log")]
pub struct PositionError;

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.at.timestamp_micros(), self.id)
    }
}

impl FromStr for Position {
    type Err = PositionError;

    fn from_str(text: &str) -> Result<Self, PositionError> {
        let (at, id) = text.split_once('_').ok_or(PositionError)?;
        let at = at.parse().ok().and_then(DateTime::from_timestamp_micros);
        let id = id.parse().map_err(|_| PositionError)?;
        at.map(|at| Self { at, id }).ok_or(PositionError)
    }
}

/// Newest first.
///
/// Whoever may not see everything gets a page of their own and one of each of their teams, from which the newest are
/// taken: only so there is an index for each that gives its rows in order.
pub async fn list(db: &Db, filter: &Filter, limit: i64) -> Result<Vec<NamedRequest>> {
    let begin = Builder::new(db, concat!(select!(), "("));
    let parts = match &filter.scope {
        Scope::All => narrowed(begin.push(PART), filter, limit),
        Scope::Of(person, teams) => {
            let own = begin
                .push(PART)
                .push_with(" AND owner_kind = 'user' AND owner_id = ?", *person);
            teams
                .iter()
                .fold(narrowed(own, filter, limit), |parts, team| {
                    let of_team = parts
                        .push(" UNION ")
                        .push(PART)
                        .push_with(" AND team_id = ?", *team);
                    narrowed(of_team, filter, limit)
                })
        }
    };
    let rows: Vec<Row> = parts
        .push_with(" ORDER BY at DESC, id DESC LIMIT ?", limit)
        .push(concat!(
            ") AS page JOIN requests r ON r.id = page.id",
            names!(),
            "ORDER BY r.at DESC, r.id DESC"
        ))
        .build()
        .fetch_all()
        .await?;
    rows.into_iter().map(NamedRequest::try_from).collect()
}

const PART: &str = "SELECT * FROM (SELECT at, id FROM requests WHERE TRUE";

/// Ends a [`PART`].
fn narrowed<'c>(part: Builder<'c, &'c Db>, filter: &Filter, limit: i64) -> Builder<'c, &'c Db> {
    let part = match filter.standing {
        None => part,
        Some(Standing::Ok) => part.push(" AND status < 400 AND error_code IS NULL"),
        Some(Standing::Failed) => part.push(" AND (status >= 400 OR error_code IS NOT NULL)"),
        Some(Standing::Status(status)) => part.push_with(" AND status = ?", status),
    };
    let part = match filter.before {
        None => part,
        // Said twice: not every planner sees that the second part bounds the moment.
        Some(Position { at, id }) => part
            .push_with(" AND at <= ?", at)
            .push_with(" AND (at, id) < (?", at)
            .push_with(", ?)", id),
    };
    part.push_if(" AND owner_kind = ?", filter.owner.map(KeyOwner::kind))
        .push_if(" AND owner_id = ?", filter.owner.map(KeyOwner::uuid))
        .push_if(" AND team_id = ?", filter.team)
        .push_if(" AND model = ?", filter.model.clone())
        .push_if(" AND key_id = ?", filter.key)
        .push_if(" AND at >= ?", filter.from)
        .push_if(" AND at < ?", filter.to)
        .push_with(" ORDER BY at DESC, id DESC LIMIT ?) AS part", limit)
}
