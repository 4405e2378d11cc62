//! Lists of keys.

use chrono::{DateTime, Utc};
use gateway_domain::{ApiKeyId, KeyOwner, TeamId, UserId};

use super::{KeyRow, StoredKey, select};
use crate::{Builder, Db, Result};

/// Which keys to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this owner's.
    pub owner: Option<KeyOwner>,
    /// Only those of this team's service accounts and people.
    pub team: Option<TeamId>,
    /// Only what somebody may see.
    pub visible: Option<Visible>,
    /// Only those in this state, as of a moment.
    pub state: Option<(State, DateTime<Utc>)>,
    /// Only those made before this one.
    pub before: Option<ApiKeyId>,
}

/// Whether a key works, and why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// It does.
    Active,
    /// Its time is over.
    Expired,
    /// Somebody revoked it.
    Revoked,
    /// Its owner is such that it does not.
    OwnerDisabled,
}

impl State {
    /// The condition, with `?` for the moment.
    fn sql(self) -> &'static str {
        match self {
            Self::Active => {
                " AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > ?) \
                  AND CASE WHEN k.user_id IS NULL THEN a.status = 'active' AND t.archived_at IS NULL \
                           ELSE u.status = 'active' END"
            }
            Self::Expired => " AND k.revoked_at IS NULL AND k.expires_at <= ?",
            Self::Revoked => " AND k.revoked_at <= ?",
            Self::OwnerDisabled => {
                " AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > ?) \
                  AND NOT CASE WHEN k.user_id IS NULL THEN a.status = 'active' AND t.archived_at IS NULL \
                               ELSE u.status = 'active' END"
            }
        }
    }
}

/// What somebody may see who may not see everything.
#[derive(Clone, Debug)]
pub struct Visible {
    /// Their own keys.
    pub user: UserId,
    /// The keys of these teams' service accounts and people.
    pub teams: Vec<TeamId>,
}

/// Keys that match, newest first.
pub async fn list(db: &Db, filter: &Filter, limit: i64) -> Result<Vec<StoredKey>> {
    let (user, account) = match filter.owner {
        Some(KeyOwner::User(id)) => (Some(id), None),
        Some(KeyOwner::ServiceAccount(id)) => (None, Some(id)),
        None => (None, None),
    };
    let mut sql = Builder::new(db, select!(" WHERE TRUE"))
        .push_if(" AND k.user_id = ?", user)
        .push_if(" AND k.service_account_id = ?", account)
        .push_if(" AND k.id < ?", filter.before)
        .push_if(
            " AND (a.team_id = ? OR k.user_id IN (SELECT p.user_id FROM memberships p WHERE p.team_id = ?))",
            filter.team,
        );
    if let Some((state, now)) = filter.state {
        sql = sql.push_with(state.sql(), now);
    }
    if let Some(visible) = &filter.visible {
        let teams = || visible.teams.iter().copied();
        sql = sql
            .push_with(" AND (k.user_id = ? OR a.team_id IN", visible.user)
            .push_in(teams())
            .push(" OR k.user_id IN (SELECT p.user_id FROM memberships p WHERE p.team_id IN")
            .push_in(teams())
            .push("))");
    }
    let rows: Vec<KeyRow> = sql
        .push_with(" ORDER BY k.id DESC LIMIT ?", limit)
        .build()
        .fetch_all()
        .await?;
    rows.into_iter().map(StoredKey::try_from).collect()
}
