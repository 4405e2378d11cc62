//! Teams and who is in them.

use chrono::{DateTime, Utc};
use gateway_domain::{
    ManagedBy, Membership, MembershipSource, Payloads, Team, TeamId, TeamRole, User, UserId,
};

use crate::{Builder, Db, Executor, Result};

/// Makes a team; `None` when the key is taken.
pub async fn insert(
    db: impl Executor<'_>,
    key: &str,
    name: &str,
    managed_by: ManagedBy,
    now: DateTime<Utc>,
) -> Result<Option<Team>> {
    db.query(
        "INSERT INTO teams (id, key, name, managed_by, created_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (key) DO NOTHING \
         RETURNING id, key, name, managed_by, payloads, archived_at, created_at",
    )
    .bind(TeamId::new())
    .bind(key)
    .bind(name)
    .bind(managed_by)
    .bind(now)
    .fetch_optional()
    .await
}

/// The team with this key, an archived one too.
pub async fn find(db: impl Executor<'_>, key: &str) -> Result<Option<Team>> {
    db.query("SELECT id, key, name, managed_by, payloads, archived_at, created_at FROM teams WHERE key = $1")
        .bind(key)
        .fetch_optional()
        .await
}

/// Teams that are not archived, by key.
pub async fn list(db: &Db, after: Option<&str>, limit: i64) -> Result<Vec<Team>> {
    Builder::new(
        db,
        "SELECT id, key, name, managed_by, payloads, archived_at, created_at FROM teams WHERE archived_at IS NULL",
    )
    .push_if(" AND key > ?", after.map(str::to_owned))
    .push_with(" ORDER BY key LIMIT ?", limit)
    .build()
    .fetch_all()
    .await
}

/// A person's teams that are not archived, by key.
pub async fn of_user(db: &Db, user: UserId, after: Option<&str>, limit: i64) -> Result<Vec<Team>> {
    Builder::new(
        db,
        "SELECT t.id, t.key, t.name, t.managed_by, t.payloads, t.archived_at, t.created_at FROM teams t \
           JOIN memberships m ON m.team_id = t.id WHERE t.archived_at IS NULL",
    )
    .push_with(" AND m.user_id = ?", user)
    .push_if(" AND t.key > ?", after.map(str::to_owned))
    .push_with(" ORDER BY t.key LIMIT ?", limit)
    .build()
    .fetch_all()
    .await
}

/// The teams that the file declared, archived ones too.
pub async fn of_config(db: impl Executor<'_>) -> Result<Vec<Team>> {
    db.query(
        "SELECT id, key, name, managed_by, payloads, archived_at, created_at FROM teams WHERE managed_by = 'config' ORDER BY key",
    )
    .fetch_all()
    .await
}

/// How many people each of these teams has.
pub async fn sizes(db: &Db, teams: impl IntoIterator<Item = TeamId>) -> Result<Vec<(TeamId, i64)>> {
    Builder::new(
        db,
        "SELECT team_id, COUNT(*) FROM memberships WHERE team_id IN",
    )
    .push_in(teams)
    .push(" GROUP BY team_id")
    .build()
    .fetch_all()
    .await
}

/// Whether nobody is in a team, and no service account belongs to it.
pub async fn is_empty(db: impl Executor<'_>, id: TeamId) -> Result<bool> {
    db.query(
        "SELECT NOT EXISTS (SELECT 1 FROM memberships WHERE team_id = $1) \
            AND NOT EXISTS (SELECT 1 FROM service_accounts WHERE team_id = $1)",
    )
    .bind(id)
    .fetch_scalar()
    .await
}

/// Sets a team's name.
pub async fn rename(db: impl Executor<'_>, id: TeamId, name: &str) -> Result<()> {
    db.query("UPDATE teams SET name = $2 WHERE id = $1")
        .bind(id)
        .bind(name)
        .execute()
        .await?;
    Ok(())
}

/// Sets what a team's request log keeps of bodies at most.
pub async fn set_payloads(
    db: impl Executor<'_>,
    id: TeamId,
    payloads: Option<Payloads>,
) -> Result<()> {
    db.query("UPDATE teams SET payloads = $2 WHERE id = $1")
        .bind(id)
        .bind(payloads)
        .execute()
        .await?;
    Ok(())
}

/// Sets who owns a team, and when it left the file.
pub async fn set_ownership(
    db: impl Executor<'_>,
    id: TeamId,
    managed_by: ManagedBy,
    archived_at: Option<DateTime<Utc>>,
) -> Result<()> {
    db.query("UPDATE teams SET managed_by = $2, archived_at = $3 WHERE id = $1")
        .bind(id)
        .bind(managed_by)
        .bind(archived_at)
        .execute()
        .await?;
    Ok(())
}

/// Deletes a team and its memberships.
pub async fn delete(db: impl Executor<'_>, id: TeamId) -> Result<()> {
    db.query("DELETE FROM teams WHERE id = $1")
        .bind(id)
        .execute()
        .await?;
    Ok(())
}

/// The places of these people in teams that are not archived, for one page of a list.
pub async fn memberships_of(
    db: &Db,
    users: impl IntoIterator<Item = UserId>,
) -> Result<Vec<Membership>> {
    Builder::new(
        db,
        "SELECT m.user_id, m.team_id, t.key AS team_key, t.name AS team_name, m.role, m.source \
           FROM memberships m JOIN teams t ON t.id = m.team_id \
          WHERE t.archived_at IS NULL AND m.user_id IN",
    )
    .push_in(users)
    .push(" ORDER BY m.user_id, t.key")
    .build()
    .fetch_all()
    .await
}

/// A person's place in one team.
pub async fn membership(
    db: impl Executor<'_>,
    user: UserId,
    team: TeamId,
) -> Result<Option<(TeamRole, MembershipSource)>> {
    db.query("SELECT role, source FROM memberships WHERE user_id = $1 AND team_id = $2")
        .bind(user)
        .bind(team)
        .fetch_optional()
        .await
}

/// The people of a team with their roles in it, newest first.
pub async fn members(
    db: &Db,
    team: TeamId,
    before: Option<UserId>,
    limit: i64,
) -> Result<Vec<(User, Membership)>> {
    let users = crate::users::list(
        db,
        &crate::users::Filter {
            team: Some(team),
            before,
            ..Default::default()
        },
        limit,
    )
    .await?;
    let places = memberships_of(db, users.iter().map(|user| user.id)).await?;
    let place = |id: UserId| {
        places
            .iter()
            .find(|place| place.user_id == id && place.team_id == team)
            .cloned()
    };
    Ok(users
        .into_iter()
        .filter_map(|user| place(user.id).map(|place| (user, place)))
        .collect())
}

/// Puts a person into a team, or changes their role and its source there.
pub async fn set_member(
    db: impl Executor<'_>,
    user: UserId,
    team: TeamId,
    role: TeamRole,
    source: MembershipSource,
    now: DateTime<Utc>,
) -> Result<()> {
    db.query(
        "INSERT INTO memberships (user_id, team_id, role, source, created_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (user_id, team_id) DO UPDATE SET role = excluded.role, source = excluded.source",
    )
    .bind(user)
    .bind(team)
    .bind(role)
    .bind(source)
    .bind(now)
    .execute()
    .await?;
    Ok(())
}

/// Takes a person out of a team. Returns whether they were in it.
pub async fn remove_member(db: impl Executor<'_>, user: UserId, team: TeamId) -> Result<bool> {
    let gone = db
        .query("DELETE FROM memberships WHERE user_id = $1 AND team_id = $2")
        .bind(user)
        .bind(team)
        .execute()
        .await?;
    Ok(gone > 0)
}

/// The places that the file gave a person.
pub async fn memberships_from_config(
    db: impl Executor<'_>,
    user: UserId,
) -> Result<Vec<(TeamId, TeamRole)>> {
    db.query("SELECT team_id, role FROM memberships WHERE user_id = $1 AND source = 'config'")
        .bind(user)
        .fetch_all()
        .await
}
