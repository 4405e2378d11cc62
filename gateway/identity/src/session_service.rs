//! Sessions: who is signed in where, and how that ends.

use chrono::{DateTime, Utc};
use gateway_domain::{
    SessionId, SessionInfo, UserId,
    access::{self, Forbidden},
    audit::{Action, Party},
};
use gateway_store::{Executor, sessions, users};
use serde_json::json;

use crate::{
    Caller, Context, Page, Paging, ServiceError,
    audit_service::{record, user_party},
};

/// A live session, seen by a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The session.
    pub info: SessionInfo,
    /// Whether it is the one that the caller came with.
    pub current: bool,
}

/// The caller's own sessions, newest first.
pub async fn list_own(
    ctx: &Context,
    caller: &Caller,
    paging: &Paging,
) -> Result<Page<Session>, ServiceError> {
    let principal = caller.principal().ok_or(Forbidden)?;
    list_of(ctx, caller, principal.user_id, paging).await
}

/// A person's sessions, newest first.
pub async fn list_of(
    ctx: &Context,
    caller: &Caller,
    of: UserId,
    paging: &Paging,
) -> Result<Page<Session>, ServiceError> {
    caller.require(access::Action::ReadSessions { of })?;
    users::find(ctx.db(), of)
        .await?
        .ok_or(ServiceError::NotFound("person"))?;
    let before = paging.position()?;
    let rows = sessions::of_user(ctx.db(), of, before, ctx.now(), paging.rows()?).await?;
    let current = current(caller);
    let page = paging.cut(rows, |info| info.id.to_string())?;
    Ok(page.map(|info| Session {
        current: Some(info.id) == current,
        info,
    }))
}

/// Ends one session. One that the caller may not end does not exist for them.
pub async fn revoke(ctx: &Context, caller: &Caller, id: SessionId) -> Result<(), ServiceError> {
    session_to_end(ctx.db(), caller, id, ctx.now()).await?;
    let (mut tx, caller, now) = caller.begin(ctx).await?;
    let session = session_to_end(&mut tx, &caller, id, now).await?;
    let user = users::find(&mut tx, session.user_id)
        .await?
        .ok_or(ServiceError::NotFound("session"))?;
    sessions::revoke(&mut tx, id, now).await?;
    let target = Party::new("session", id, user.email.clone());
    let before = json!({ "user_id": user.id, "provider": session.provider_key, "created_at": session.created_at });
    record(
        &mut tx,
        &caller,
        Action::SessionRevoked,
        target,
        Some(before),
        None,
        now,
    )
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Ends a person's sessions, all of them or all but the caller's own. Returns how many.
pub async fn revoke_all(
    ctx: &Context,
    caller: &Caller,
    of: UserId,
    keep_current: bool,
) -> Result<u64, ServiceError> {
    caller.require(access::Action::RevokeSessions { of })?;
    let (mut tx, caller, now) = caller.begin(ctx).await?;
    caller.require(access::Action::RevokeSessions { of })?;
    let user = users::find(&mut tx, of)
        .await?
        .ok_or(ServiceError::NotFound("person"))?;
    let kept = current(&caller).filter(|_| keep_current);
    let ended = sessions::revoke_all(&mut tx, of, kept, now).await?;
    if ended > 0 {
        let after = json!({ "ended": ended, "kept": kept });
        let target = user_party(&user);
        record(
            &mut tx,
            &caller,
            Action::SessionsRevoked,
            target,
            None,
            Some(after),
            now,
        )
        .await?;
    }
    tx.commit().await?;
    Ok(ended)
}

async fn session_to_end(
    db: impl Executor<'_>,
    caller: &Caller,
    id: SessionId,
    now: DateTime<Utc>,
) -> Result<SessionInfo, ServiceError> {
    let session = sessions::find(db, id, now).await?;
    let session = session.filter(|session| {
        let of = session.user_id;
        let action = access::Action::RevokeSessions { of };
        caller.require(action).is_ok()
    });
    session.ok_or(ServiceError::NotFound("session"))
}

fn current(caller: &Caller) -> Option<SessionId> {
    caller.principal().map(|principal| principal.session_id)
}
