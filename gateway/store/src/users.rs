//! People.

use chrono::{DateTime, Utc};
use gateway_domain::{
    DisabledBy, Email, GlobalRole, ManagedBy, RoleSource, SignIn, User, UserId, UserStatus,
    sso::Known,
};

use crate::{Executor, Result, Tx};

/// The columns of [`User`]: never the password's hash.
macro_rules! select {
    ($rest:literal) => {
        select!("FROM users u ", $rest)
    };
    ($from:literal, $rest:literal) => {
        concat!(
            "SELECT u.id, u.email, u.name, u.status, u.disabled_by, u.sign_in, u.global_role, u.role_source, \
             u.request_logging_enabled, u.managed_by, u.must_change_password, u.created_at, u.last_sign_in_at ",
            $from,
            $rest
        )
    };
}

mod list;

pub use list::{Filter, list};

/// A person to be made.
#[derive(Clone, Debug)]
pub struct NewUser<'a> {
    /// Who.
    pub email: &'a Email,
    /// What to call them.
    pub name: &'a str,
    /// Where they begin.
    pub status: UserStatus,
    /// How they sign in.
    pub sign_in: SignIn,
    /// What they may do.
    pub global_role: GlobalRole,
    /// Why.
    pub role_source: RoleSource,
    /// Whether their requests are logged.
    pub request_logging_enabled: bool,
    /// Who owns the record.
    pub managed_by: ManagedBy,
}

/// Makes a person; `None` when somebody has the address.
pub async fn insert(tx: &mut Tx, new: NewUser<'_>, now: DateTime<Utc>) -> Result<Option<User>> {
    let user: Option<User> = tx
        .query(
            "INSERT INTO users (id, email, email_key, name, status, sign_in, global_role, role_source, \
                                request_logging_enabled, managed_by, must_change_password, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, FALSE, $11) \
             ON CONFLICT (email_key) DO NOTHING \
             RETURNING id, email, name, status, disabled_by, sign_in, global_role, role_source, \
                       request_logging_enabled, managed_by, must_change_password, created_at, last_sign_in_at",
        )
        .bind(UserId::new())
        .bind(new.email.as_str())
        .bind(new.email.key())
        .bind(new.name)
        .bind(new.status)
        .bind(new.sign_in)
        .bind(new.global_role)
        .bind(new.role_source)
        .bind(new.request_logging_enabled)
        .bind(new.managed_by)
        .bind(now)
        .fetch_optional()
        .await?;
    if let Some(user) = &user {
        write_terms(tx, user.id, new.email, new.name).await?;
    }
    Ok(user)
}

async fn write_terms(tx: &mut Tx, id: UserId, email: &Email, name: &str) -> Result<()> {
    tx.query("DELETE FROM user_terms WHERE user_id = $1")
        .bind(id)
        .execute()
        .await?;
    let words = name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let terms = [email.key(), email.domain()]
        .into_iter()
        .chain(words.map(str::to_lowercase));
    for term in terms {
        let short: String = term.chars().take(64).collect();
        tx.query("INSERT INTO user_terms (term, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(short)
            .bind(id)
            .execute()
            .await?;
    }
    Ok(())
}

/// The person with this id.
pub async fn find(db: impl Executor<'_>, id: UserId) -> Result<Option<User>> {
    db.query(select!("WHERE u.id = $1"))
        .bind(id)
        .fetch_optional()
        .await
}

/// The person with this address.
pub async fn find_by_email(db: impl Executor<'_>, email: &Email) -> Result<Option<User>> {
    db.query(select!("WHERE u.email_key = $1"))
        .bind(email.key())
        .fetch_optional()
        .await
}

/// Who holds an address, as far as a sign-in must know.
pub async fn holder(db: impl Executor<'_>, email: &Email) -> Result<Option<Known>> {
    let row: Option<(UserId, UserStatus, SignIn, bool)> = db
        .query(
            "SELECT u.id, u.status, u.sign_in, EXISTS (SELECT 1 FROM identities i WHERE i.user_id = u.id) \
               FROM users u WHERE u.email_key = $1",
        )
        .bind(email.key())
        .fetch_optional()
        .await?;
    Ok(row.map(|(user_id, status, sign_in, is_linked)| Known {
        user_id,
        status,
        sign_in,
        is_linked,
    }))
}

/// How many people there are of each status.
pub async fn count_by_status(db: impl Executor<'_>) -> Result<Vec<(UserStatus, i64)>> {
    db.query("SELECT status, COUNT(*) FROM users GROUP BY status ORDER BY status")
        .fetch_all()
        .await
}

/// The people whom the file declared, past and present.
pub async fn of_config(db: impl Executor<'_>) -> Result<Vec<User>> {
    db.query(select!("WHERE u.managed_by = 'config' ORDER BY u.id"))
        .fetch_all()
        .await
}

/// How many active platform admins there are.
pub async fn count_active_admins(db: impl Executor<'_>) -> Result<i64> {
    db.query(
        "SELECT COUNT(*) FROM users WHERE global_role = 'platform_admin' AND status = 'active'",
    )
    .fetch_scalar()
    .await
}

/// The active platform admins, in the order in which they came; at most `limit`.
pub async fn active_admins(db: impl Executor<'_>, limit: i64) -> Result<Vec<User>> {
    db.query(select!(
        "WHERE u.global_role = 'platform_admin' AND u.status = 'active' ORDER BY u.id LIMIT $1"
    ))
    .bind(limit)
    .fetch_all()
    .await
}

/// Whether there is a platform admin who could come in now: active, invited through a provider, or holding a link that
/// still works.
pub async fn any_admin_with_way_in(db: impl Executor<'_>, now: DateTime<Utc>) -> Result<bool> {
    db.query(
        "SELECT EXISTS (SELECT 1 FROM users u \
                         WHERE u.global_role = 'platform_admin' \
                           AND (u.status = 'active' \
                                OR (u.status = 'invited' AND u.sign_in <> 'password') \
                                OR (u.status = 'invited' \
                                    AND EXISTS (SELECT 1 FROM one_time_links l \
                                                 WHERE l.user_id = u.id AND l.used_at IS NULL AND l.expires_at > $1))))",
    )
    .bind(now)
    .fetch_scalar()
    .await
}

/// Whether a person ever came: has a password or a link to a provider.
pub async fn has_come(db: impl Executor<'_>, id: UserId) -> Result<bool> {
    db.query(
        "SELECT EXISTS (SELECT 1 FROM users WHERE id = $1 AND password_hash IS NOT NULL) \
             OR EXISTS (SELECT 1 FROM identities WHERE user_id = $1)",
    )
    .bind(id)
    .fetch_scalar()
    .await
}

/// Sets where a person stands; `disabled_by` goes with `disabled` and with nothing else.
pub async fn set_status(
    db: impl Executor<'_>,
    id: UserId,
    status: UserStatus,
    disabled_by: Option<DisabledBy>,
) -> Result<()> {
    db.query("UPDATE users SET status = $2, disabled_by = $3 WHERE id = $1")
        .bind(id)
        .bind(status)
        .bind(disabled_by)
        .execute()
        .await?;
    Ok(())
}

/// Sets what a person may do, and why.
pub async fn set_role(
    db: impl Executor<'_>,
    id: UserId,
    role: GlobalRole,
    source: RoleSource,
) -> Result<()> {
    db.query("UPDATE users SET global_role = $2, role_source = $3 WHERE id = $1")
        .bind(id)
        .bind(role)
        .bind(source)
        .execute()
        .await?;
    Ok(())
}

/// Sets what a person is called.
pub async fn set_name(tx: &mut Tx, id: UserId, email: &Email, name: &str) -> Result<()> {
    tx.query("UPDATE users SET name = $2 WHERE id = $1")
        .bind(id)
        .bind(name)
        .execute()
        .await?;
    write_terms(tx, id, email, name).await
}

/// Sets whether a person's requests are logged.
pub async fn set_request_logging(db: impl Executor<'_>, id: UserId, enabled: bool) -> Result<()> {
    db.query("UPDATE users SET request_logging_enabled = $2 WHERE id = $1")
        .bind(id)
        .bind(enabled)
        .execute()
        .await?;
    Ok(())
}

/// Sets who owns the record and how the person signs in.
pub async fn set_ownership(
    db: impl Executor<'_>,
    id: UserId,
    managed_by: ManagedBy,
    sign_in: &SignIn,
) -> Result<()> {
    db.query("UPDATE users SET managed_by = $2, sign_in = $3 WHERE id = $1")
        .bind(id)
        .bind(managed_by)
        .bind(sign_in.as_str())
        .execute()
        .await?;
    Ok(())
}

/// Sets the password's hash.
pub async fn set_password(
    db: impl Executor<'_>,
    id: UserId,
    phc: &str,
    must_change: bool,
) -> Result<()> {
    db.query("UPDATE users SET password_hash = $2, must_change_password = $3 WHERE id = $1")
        .bind(id)
        .bind(phc)
        .bind(must_change)
        .execute()
        .await?;
    Ok(())
}

/// Takes a person's password away.
pub async fn clear_password(db: impl Executor<'_>, id: UserId) -> Result<()> {
    db.query("UPDATE users SET password_hash = NULL, must_change_password = FALSE WHERE id = $1")
        .bind(id)
        .execute()
        .await?;
    Ok(())
}

/// The password's hash of a person, if they have one. The only function that reads it.
pub async fn password_hash(db: impl Executor<'_>, id: UserId) -> Result<Option<String>> {
    let row: Option<(Option<String>,)> = db
        .query("SELECT password_hash FROM users WHERE id = $1")
        .bind(id)
        .fetch_optional()
        .await?;
    Ok(row.and_then(|(hash,)| hash))
}

/// Notes a sign-in.
pub async fn touch_sign_in(db: impl Executor<'_>, id: UserId, now: DateTime<Utc>) -> Result<()> {
    db.query("UPDATE users SET last_sign_in_at = $2 WHERE id = $1")
        .bind(id)
        .bind(now)
        .execute()
        .await?;
    Ok(())
}

/// Deletes a person with their links, memberships, sessions and one-time links. The audit log keeps what it said.
pub async fn delete(db: impl Executor<'_>, id: UserId) -> Result<()> {
    db.query("DELETE FROM users WHERE id = $1")
        .bind(id)
        .execute()
        .await?;
    Ok(())
}
