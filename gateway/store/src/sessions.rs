//! Browser sessions.
//!
//! A session is live while it is not revoked, used within its idle limit and below its absolute one; every function that
//! reads or writes one says so in its `WHERE`, so that nothing revives a dead session.

use chrono::{DateTime, Utc};
use gateway_domain::{
    GlobalRole, SessionId, SessionInfo, TeamId, TeamRole, TokenHash, User, UserId,
    access::Principal,
};

use crate::{Builder, Executor, Result, Tx};

/// A session to be opened.
#[derive(Clone, Debug)]
pub struct NewSession<'a> {
    /// Its public id.
    pub id: SessionId,
    /// The hash of what the cookie holds.
    pub token_hash: TokenHash,
    /// Whose.
    pub user_id: UserId,
    /// Through which provider, or `password`.
    pub provider_key: &'a str,
    /// From when.
    pub now: DateTime<Utc>,
    /// Until when, if unused.
    pub idle_expires_at: DateTime<Utc>,
    /// Until when at most.
    pub expires_at: DateTime<Utc>,
    /// From which address.
    pub address: &'a str,
    /// With which browser.
    pub user_agent: &'a str,
}

/// A live session and its person, whatever the person's status.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct LiveSession {
    /// Which session.
    pub session_id: SessionId,
    /// Through which provider.
    pub provider_key: String,
    /// When it was opened.
    pub session_created_at: DateTime<Utc>,
    /// When it was last used, as far as noted.
    pub last_seen_at: DateTime<Utc>,
    /// When it ends whatever happens.
    pub expires_at: DateTime<Utc>,
    /// Whose it is.
    #[sqlx(flatten)]
    pub user: User,
}

/// Opens a session.
pub async fn insert(db: impl Executor<'_>, new: &NewSession<'_>) -> Result<()> {
    db.query(
        "INSERT INTO sessions (id, token_hash, user_id, provider_key, data, created_at, last_seen_at, idle_expires_at, \
                               expires_at, address, user_agent) \
         VALUES ($1, $2, $3, $4, '{}', $5, $5, $6, $7, $8, $9)",
    )
    .bind(new.id)
    .bind(new.token_hash.as_bytes().to_vec())
    .bind(new.user_id)
    .bind(new.provider_key)
    .bind(new.now)
    .bind(new.idle_expires_at)
    .bind(new.expires_at)
    .bind(new.address)
    .bind(new.user_agent)
    .execute()
    .await?;
    Ok(())
}

/// The live session that a cookie names, with its person.
pub async fn find_live(
    db: impl Executor<'_>,
    token: &TokenHash,
    now: DateTime<Utc>,
) -> Result<Option<LiveSession>> {
    db.query(
        "SELECT s.id AS session_id, s.provider_key, s.created_at AS session_created_at, s.last_seen_at, s.expires_at, \
                u.id, u.email, u.name, u.status, u.disabled_by, u.sign_in, u.global_role, u.role_source, \
                u.request_logging_enabled, u.managed_by, u.must_change_password, u.created_at, u.last_sign_in_at \
           FROM sessions s JOIN users u ON u.id = s.user_id \
          WHERE s.token_hash = $1 AND s.revoked_at IS NULL AND s.idle_expires_at > $2 AND s.expires_at > $2",
    )
    .bind(token.as_bytes().to_vec())
    .bind(now)
    .fetch_optional()
    .await
}

/// The person of a live session with the rights that they have now; `None` when the session is over or the person is not
/// active.
pub async fn principal(
    db: impl Executor<'_>,
    id: SessionId,
    now: DateTime<Utc>,
) -> Result<Option<Principal>> {
    // One statement: a state that never was cannot be read.
    let rows: Vec<PrincipalRow> = db
        .query(
            "SELECT u.id, u.email, u.name, u.global_role, s.created_at, m.team_id, m.role \
               FROM sessions s JOIN users u ON u.id = s.user_id \
               LEFT JOIN (memberships m JOIN teams t ON t.id = m.team_id AND t.archived_at IS NULL) \
                 ON m.user_id = u.id \
              WHERE s.id = $1 AND s.revoked_at IS NULL AND s.idle_expires_at > $2 AND s.expires_at > $2 \
                AND u.status = 'active'",
        )
        .bind(id)
        .bind(now)
        .fetch_all()
        .await?;
    let teams = rows.iter().filter_map(|row| row.5.zip(row.6)).collect();
    let person = rows.into_iter().next();
    Ok(person.map(
        |(user_id, email, name, global_role, signed_in_at, _, _)| Principal {
            user_id,
            email,
            name,
            global_role,
            teams,
            session_id: id,
            signed_in_at,
        },
    ))
}

type PrincipalRow = (
    UserId,
    String,
    String,
    GlobalRole,
    DateTime<Utc>,
    Option<TeamId>,
    Option<TeamRole>,
);

/// Notes that a live session was used.
pub async fn touch(
    db: impl Executor<'_>,
    id: SessionId,
    now: DateTime<Utc>,
    idle_expires_at: DateTime<Utc>,
) -> Result<()> {
    db.query(
        "UPDATE sessions SET last_seen_at = $2, idle_expires_at = $3 \
          WHERE id = $1 AND revoked_at IS NULL AND idle_expires_at > $2 AND expires_at > $2",
    )
    .bind(id)
    .bind(now)
    .bind(idle_expires_at)
    .execute()
    .await?;
    Ok(())
}

/// What a live session carries, as JSON, and when it ends.
pub async fn load_data(
    db: impl Executor<'_>,
    token: &TokenHash,
    now: DateTime<Utc>,
) -> Result<Option<(String, DateTime<Utc>)>> {
    db.query(
        "SELECT data, expires_at FROM sessions \
          WHERE token_hash = $1 AND revoked_at IS NULL AND idle_expires_at > $2 AND expires_at > $2",
    )
    .bind(token.as_bytes().to_vec())
    .bind(now)
    .fetch_optional()
    .await
}

/// Replaces what a live session carries. A dead one stays as it is.
pub async fn save_data(
    db: impl Executor<'_>,
    token: &TokenHash,
    data: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let saved = db
        .query(
            "UPDATE sessions SET data = $2 \
              WHERE token_hash = $1 AND revoked_at IS NULL AND idle_expires_at > $3 AND expires_at > $3",
        )
        .bind(token.as_bytes().to_vec())
        .bind(data)
        .bind(now)
        .execute()
        .await?;
    Ok(saved == 1)
}

/// Ends the session that a cookie names. Returns whose it was, if it was live.
pub async fn revoke_token(
    db: impl Executor<'_>,
    token: &TokenHash,
    now: DateTime<Utc>,
) -> Result<Option<(SessionId, UserId)>> {
    db.query("UPDATE sessions SET revoked_at = $2 WHERE token_hash = $1 AND revoked_at IS NULL RETURNING id, user_id")
        .bind(token.as_bytes().to_vec())
        .bind(now)
        .fetch_optional()
        .await
}

/// Ends one session. Returns whether it was live.
pub async fn revoke(db: impl Executor<'_>, id: SessionId, now: DateTime<Utc>) -> Result<bool> {
    let ended = db
        .query("UPDATE sessions SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL")
        .bind(id)
        .bind(now)
        .execute()
        .await?;
    Ok(ended == 1)
}

/// Ends all sessions of a person but one, if one is named. Returns how many.
pub async fn revoke_all(
    db: impl Executor<'_>,
    user: UserId,
    except: Option<SessionId>,
    now: DateTime<Utc>,
) -> Result<u64> {
    db.query(
        "UPDATE sessions SET revoked_at = $3 \
          WHERE user_id = $1 AND revoked_at IS NULL AND ($2 IS NULL OR id <> $2) AND expires_at > $3",
    )
    .bind(user)
    .bind(except)
    .bind(now)
    .execute()
    .await
}

/// Ends the live sessions that were opened through anything but `kept`. Returns whose each was, and through what.
pub async fn revoke_of_providers_other_than(
    tx: &mut Tx,
    kept: &[&str],
    now: DateTime<Utc>,
) -> Result<Vec<(UserId, String)>> {
    Builder::new(&mut *tx, "UPDATE sessions SET revoked_at = ")
        .push_with("?", now)
        .push_with(
            " WHERE revoked_at IS NULL AND idle_expires_at > ? AND expires_at > ? AND (provider_key IN",
            now,
        )
        .push_in(kept.iter().map(|key| (*key).to_owned()))
        .push(") IS NOT TRUE RETURNING user_id, provider_key")
        .build()
        .fetch_all()
        .await
}

/// The live session with this id.
pub async fn find(
    db: impl Executor<'_>,
    id: SessionId,
    now: DateTime<Utc>,
) -> Result<Option<SessionInfo>> {
    db.query(
        "SELECT id, user_id, provider_key, created_at, last_seen_at, expires_at, address, user_agent FROM sessions \
          WHERE id = $1 AND revoked_at IS NULL AND idle_expires_at > $2 AND expires_at > $2",
    )
    .bind(id)
    .bind(now)
    .fetch_optional()
    .await
}

/// A person's live sessions, newest first.
pub async fn of_user(
    db: impl Executor<'_>,
    user: UserId,
    before: Option<SessionId>,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<SessionInfo>> {
    db.query(
        "SELECT id, user_id, provider_key, created_at, last_seen_at, expires_at, address, user_agent FROM sessions \
          WHERE user_id = $1 AND ($2 IS NULL OR id < $2) \
            AND revoked_at IS NULL AND idle_expires_at > $3 AND expires_at > $3 \
          ORDER BY id DESC LIMIT $4",
    )
    .bind(user)
    .bind(before)
    .bind(now)
    .bind(limit)
    .fetch_all()
    .await
}

/// How many sessions are live.
pub async fn count_live(db: impl Executor<'_>, now: DateTime<Utc>) -> Result<i64> {
    db.query("SELECT COUNT(*) FROM sessions WHERE expires_at > $1 AND idle_expires_at > $1 AND revoked_at IS NULL")
        .bind(now)
        .fetch_scalar()
        .await
}
