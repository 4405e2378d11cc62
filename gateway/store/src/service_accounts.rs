//! Service accounts: the programs that call models in a team's name.

use chrono::{DateTime, Utc};
use gateway_domain::{
    DisabledBy, ManagedBy, ServiceAccount, ServiceAccountId, ServiceAccountStatus, TeamId,
};

use crate::{Builder, Db, Executor, Result, Tx};

/// The columns of [`ServiceAccount`], with its team's names.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT a.id, a.key, a.name, a.team_id, t.key AS team_key, t.name AS team_name, a.status, a.disabled_by, \
                    a.managed_by, a.created_at \
               FROM service_accounts a JOIN teams t ON t.id = a.team_id ",
            $rest
        )
    };
}

/// A service account to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewServiceAccount<'a> {
    /// Its name in the file and in commands.
    pub key: &'a str,
    /// Its name for people.
    pub name: &'a str,
    /// The team it belongs to.
    pub team: TeamId,
    /// Who owns the record.
    pub managed_by: ManagedBy,
}

/// Which service accounts to list.
#[derive(Clone, Debug, Default)]
pub struct Filter<'a> {
    /// Only those of these teams.
    pub teams: Option<&'a [TeamId]>,
    /// Only those whose key comes after this one.
    pub after: Option<&'a str>,
}

/// Makes a service account; `None` when the key is taken.
pub async fn insert(
    tx: &mut Tx,
    new: NewServiceAccount<'_>,
    now: DateTime<Utc>,
) -> Result<Option<ServiceAccount>> {
    let made = tx
        .query(
            "INSERT INTO service_accounts (id, key, name, team_id, status, managed_by, created_at) \
             VALUES ($1, $2, $3, $4, 'active', $5, $6) ON CONFLICT (key) DO NOTHING",
        )
        .bind(ServiceAccountId::new())
        .bind(new.key)
        .bind(new.name)
        .bind(new.team)
        .bind(new.managed_by)
        .bind(now)
        .execute()
        .await?;
    match made {
        0 => Ok(None),
        _ => find(tx, new.key).await,
    }
}

/// The service account with this key, one of an archived team too.
pub async fn find(db: impl Executor<'_>, key: &str) -> Result<Option<ServiceAccount>> {
    db.query(select!("WHERE a.key = $1"))
        .bind(key)
        .fetch_optional()
        .await
}

/// The service account with this id.
pub async fn find_by_id(
    db: impl Executor<'_>,
    id: ServiceAccountId,
) -> Result<Option<ServiceAccount>> {
    db.query(select!("WHERE a.id = $1"))
        .bind(id)
        .fetch_optional()
        .await
}

/// Service accounts of teams that are not archived, by key.
pub async fn list(db: &Db, filter: &Filter<'_>, limit: i64) -> Result<Vec<ServiceAccount>> {
    let mut sql = Builder::new(db, select!("WHERE t.archived_at IS NULL"))
        .push_if(" AND a.key > ?", filter.after.map(str::to_owned));
    if let Some(teams) = filter.teams {
        sql = sql.push(" AND a.team_id IN").push_in(teams.iter().copied());
    }
    sql.push_with(" ORDER BY a.key LIMIT ?", limit)
        .build()
        .fetch_all()
        .await
}

/// The service accounts that the file declared, past and present.
pub async fn of_config(db: impl Executor<'_>) -> Result<Vec<ServiceAccount>> {
    db.query(select!("WHERE a.managed_by = 'config' ORDER BY a.key"))
        .fetch_all()
        .await
}

/// Whether any service account belongs to a team.
pub async fn any_of_team(db: impl Executor<'_>, team: TeamId) -> Result<bool> {
    db.query("SELECT EXISTS (SELECT 1 FROM service_accounts WHERE team_id = $1)")
        .bind(team)
        .fetch_scalar()
        .await
}

/// Whether a service account has keys, or spent something.
pub async fn has_history(db: impl Executor<'_>, id: ServiceAccountId) -> Result<bool> {
    db.query(
        "SELECT EXISTS (SELECT 1 FROM api_keys WHERE service_account_id = $1) \
             OR EXISTS (SELECT 1 FROM usage_daily WHERE owner_id = $1)",
    )
    .bind(id)
    .fetch_scalar()
    .await
}

/// Sets a service account's name and team.
pub async fn set_details(
    db: impl Executor<'_>,
    id: ServiceAccountId,
    name: &str,
    team: TeamId,
) -> Result<()> {
    db.query("UPDATE service_accounts SET name = $2, team_id = $3 WHERE id = $1")
        .bind(id)
        .bind(name)
        .bind(team)
        .execute()
        .await?;
    Ok(())
}

/// Disables a service account, or enables it when nobody is named who disabled it.
pub async fn set_disabled(
    db: impl Executor<'_>,
    id: ServiceAccountId,
    by: Option<DisabledBy>,
) -> Result<()> {
    let status = match by {
        Some(_) => ServiceAccountStatus::Disabled,
        None => ServiceAccountStatus::Active,
    };
    db.query("UPDATE service_accounts SET status = $2, disabled_by = $3 WHERE id = $1")
        .bind(id)
        .bind(status)
        .bind(by)
        .execute()
        .await?;
    Ok(())
}

/// Sets who owns the record.
pub async fn set_ownership(
    db: impl Executor<'_>,
    id: ServiceAccountId,
    managed_by: ManagedBy,
) -> Result<()> {
    db.query("UPDATE service_accounts SET managed_by = $2 WHERE id = $1")
        .bind(id)
        .bind(managed_by)
        .execute()
        .await?;
    Ok(())
}

/// Deletes a service account and its keys. The ledger keeps what they spent.
pub async fn delete(db: impl Executor<'_>, id: ServiceAccountId) -> Result<()> {
    db.query("DELETE FROM service_accounts WHERE id = $1")
        .bind(id)
        .execute()
        .await?;
    Ok(())
}
