//! Links that work once: invitations, resets, the first set-up, break-glass.
//!
//! A link holds 256 random bits of which the database has the hash. Looking at one changes nothing: mail scanners open
//! links before people do. Only [`crate::account::redeem_link`] uses one up.

use chrono::{DateTime, TimeDelta, Utc};
use gateway_config::PublicUrl;
use gateway_domain::{OneTimePurpose, Token, UserId};
use gateway_store::{Tx, one_time_links, users};

use crate::{Context, ServiceError};

/// The path under which links live; what follows it is the secret and is never logged.
pub const PATH: &str = "/admin/link/";

/// What a link is good for, for the page that it opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkView {
    /// For what.
    pub purpose: OneTimePurpose,
    /// Whose address; `None` for the first set-up.
    pub email: Option<String>,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// How long a link of a purpose works.
pub fn lifetime(purpose: OneTimePurpose) -> TimeDelta {
    match purpose {
        OneTimePurpose::Invite => TimeDelta::days(7),
        OneTimePurpose::Reset => TimeDelta::hours(1),
        OneTimePurpose::Setup => TimeDelta::hours(24),
        OneTimePurpose::BreakGlass => TimeDelta::minutes(15),
    }
}

/// Makes a link in the caller's transaction and makes every earlier one of the person useless. `user` is `None` for the
/// first set-up only. A link that a person issued dies with their right to issue it. The caller writes the audit entry
/// and commits.
pub async fn issue(
    tx: &mut Tx,
    purpose: OneTimePurpose,
    user: Option<UserId>,
    issued_by: Option<UserId>,
    now: DateTime<Utc>,
) -> Result<Token, gateway_store::Error> {
    one_time_links::revoke(&mut *tx, user, now).await?;
    let token = Token::generate();
    let expires_at = now + lifetime(purpose);
    let hash = token.hash();
    one_time_links::insert(&mut *tx, &hash, purpose, user, issued_by, now, expires_at).await?;
    Ok(token)
}

/// What to hand to the person.
pub fn url(public: &PublicUrl, token: &Token) -> String {
    public.join(&format!("{PATH}{}", token.expose()))
}

/// What a presented token is good for; `None` when it is unknown, used or past its time. Changes nothing.
pub async fn inspect(ctx: &Context, token: &str) -> Result<Option<LinkView>, ServiceError> {
    let Some(token) = Token::presented(token) else {
        return Ok(None);
    };
    let Some(link) = one_time_links::find(ctx.db(), &token.hash(), ctx.now()).await? else {
        return Ok(None);
    };
    let email = match link.user_id {
        Some(id) => users::find(ctx.db(), id).await?.map(|user| user.email),
        None => None,
    };
    Ok(Some(LinkView {
        purpose: link.purpose,
        email,
        expires_at: link.expires_at,
    }))
}
