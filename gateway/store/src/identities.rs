//! Links between people and subjects at providers.

use chrono::{DateTime, Utc};
use gateway_domain::{
    Identity, IdentityId, SignIn, UserId, UserStatus,
    sso::{Assertion, Known},
};

use crate::{Builder, Db, Executor, Result};

/// Whom a subject is linked to, and which link it is.
pub async fn linked(
    db: impl Executor<'_>,
    assertion: &Assertion,
) -> Result<Option<(IdentityId, Option<String>, Known)>> {
    let row: Option<(IdentityId, Option<String>, UserId, UserStatus, SignIn)> = db
        .query(
            "SELECT i.id, i.email, u.id, u.status, u.sign_in \
               FROM identities i JOIN users u ON u.id = i.user_id \
              WHERE i.provider_key = $1 AND i.issuer = $2 AND i.subject = $3",
        )
        .bind(assertion.provider_key.as_str())
        .bind(assertion.issuer.as_str())
        .bind(assertion.subject.as_str())
        .fetch_optional()
        .await?;
    Ok(row.map(|(id, email, user_id, status, sign_in)| {
        (
            id,
            email,
            Known {
                user_id,
                status,
                sign_in,
                is_linked: true,
            },
        )
    }))
}

/// Links a subject to a person. A second link of the same subject is an [`crate::Error::Conflict`].
pub async fn insert(
    db: impl Executor<'_>,
    user_id: UserId,
    assertion: &Assertion,
    now: DateTime<Utc>,
) -> Result<IdentityId> {
    let id = IdentityId::new();
    db.query(
        "INSERT INTO identities (id, user_id, provider_key, issuer, subject, email, linked_at, last_sign_in_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
    )
    .bind(id)
    .bind(user_id)
    .bind(assertion.provider_key.as_str())
    .bind(assertion.issuer.as_str())
    .bind(assertion.subject.as_str())
    .bind(assertion.email.as_ref().map(ToString::to_string))
    .bind(now)
    .execute()
    .await?;
    Ok(id)
}

/// Notes a sign-in and the address that came with it.
pub async fn touch(
    db: impl Executor<'_>,
    id: IdentityId,
    email: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    db.query(
        "UPDATE identities SET email = COALESCE($2, email), last_sign_in_at = $3 WHERE id = $1",
    )
    .bind(id)
    .bind(email)
    .bind(now)
    .execute()
    .await?;
    Ok(())
}

/// Deletes every link of a person. Returns how many there were.
pub async fn delete_of(db: impl Executor<'_>, user: UserId) -> Result<u64> {
    db.query("DELETE FROM identities WHERE user_id = $1")
        .bind(user)
        .execute()
        .await
}

/// The links of these people, for one page of a list.
pub async fn of_users(db: &Db, users: impl IntoIterator<Item = UserId>) -> Result<Vec<Identity>> {
    Builder::new(
        db,
        "SELECT id, user_id, provider_key, issuer, subject, email, linked_at, last_sign_in_at \
           FROM identities WHERE user_id IN",
    )
    .push_in(users)
    .push(" ORDER BY id")
    .build()
    .fetch_all()
    .await
}
