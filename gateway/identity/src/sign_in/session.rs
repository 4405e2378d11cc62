//! The session that a sign-in opens, and the one that it ends.

use gateway_domain::{
    SessionId, TokenHash, User, UserId, UserStatus,
    audit::{Action, NewEntry, Party},
};
use gateway_store::{Tx, audit, sessions, users};
use serde_json::{Value, json};
use tower_sessions::session::Id;

use super::{Attempt, OpenedSession, after, must_find, party, session_hash};
use crate::{SignInError, SignInFailure};

/// Opens the session, ends the one that the browser came with and writes both down.
pub(super) async fn open_session(
    tx: &mut Tx,
    user_id: UserId,
    provider_key: &str,
    detail: Value,
    attempt: Attempt<'_>,
) -> Result<OpenedSession, SignInFailure> {
    let Attempt {
        origin,
        now,
        limits,
        previous,
    } = attempt;
    let user = must_find(tx, user_id).await?;
    if user.status != UserStatus::Active {
        return Err(SignInFailure::new(
            SignInError::Denied,
            "the person is not active",
        ));
    }
    if let Some(previous) = previous {
        end_previous(tx, &user, &previous, attempt).await?;
    }
    let opened = OpenedSession {
        user_id,
        session_id: SessionId::new(),
        cookie: Id::default(),
        must_change_password: user.must_change_password && user.sign_in.is_password(),
    };
    let new = sessions::NewSession {
        id: opened.session_id,
        token_hash: session_hash(&opened.cookie),
        user_id,
        provider_key,
        now,
        idle_expires_at: after(now, limits.idle.min(limits.absolute)),
        expires_at: after(now, limits.absolute),
        address: &origin.address_text(),
        user_agent: &origin.user_agent,
    };
    sessions::insert(&mut *tx, &new).await?;
    users::touch_sign_in(&mut *tx, user_id, now).await?;
    let entry = NewEntry {
        actor: party(&user),
        action: Action::SignInSucceeded,
        target: Party::new("session", opened.session_id, user.email.clone()),
        before: None,
        after: Some(detail),
        provider_key: Some(provider_key),
        origin,
    };
    audit::append(tx, entry, now).await?;
    Ok(opened)
}

/// Ends the session that the browser came with, whosever it is, and says so when it was live.
async fn end_previous(
    tx: &mut Tx,
    newcomer: &User,
    token: &TokenHash,
    attempt: Attempt<'_>,
) -> Result<(), SignInFailure> {
    let live = sessions::find_live(&mut *tx, token, attempt.now).await?;
    sessions::revoke_token(&mut *tx, token, attempt.now).await?;
    let Some(live) = live else { return Ok(()) };
    let entry = NewEntry {
        actor: party(newcomer),
        action: Action::SessionRevoked,
        target: Party::new("session", live.session_id, live.user.email),
        before: Some(json!({
            "user_id": live.user.id,
            "provider": live.provider_key,
            "created_at": live.session_created_at,
        })),
        after: Some(json!({ "how": "sign-in in the same browser" })),
        provider_key: None,
        origin: attempt.origin,
    };
    audit::append(tx, entry, attempt.now).await?;
    Ok(())
}
