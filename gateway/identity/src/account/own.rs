//! What signed-in people do with their own account.

use gateway_domain::{
    Secret,
    access::Forbidden,
    audit::{Action, NewEntry, Party},
};
use gateway_store::{audit, one_time_links, sessions, users};
use serde_json::json;

use super::{by_themselves, ladder::Rung};
use crate::{
    Caller, Context, ServiceError,
    password::{self, Verdict},
};

/// Sets the caller's own password. Every other session of theirs ends, every one-time link to them dies.
pub async fn change_password(
    ctx: &Context,
    caller: &Caller,
    current: &Secret,
    new: &Secret,
) -> Result<(), ServiceError> {
    let principal = caller.principal().ok_or(Forbidden)?;
    let rung = Rung::of(&principal.email, &caller.origin);
    rung.climb(ctx).await?;
    let old = users::password_hash(ctx.db(), principal.user_id).await?;
    let old = old.ok_or_else(no_password)?;
    if password::verify(current, &old).await? == Verdict::Wrong {
        return Err(ServiceError::invalid(
            "current",
            "This is not your current password.",
        ));
    }
    rung.clear(ctx.db()).await?;
    password::check_new(new, &principal.email, &principal.name)
        .map_err(|sentence| ServiceError::invalid("password", sentence))?;
    if current.expose() == new.expose() {
        return Err(ServiceError::invalid(
            "password",
            "Choose another password than the current one.",
        ));
    }
    let phc = password::hash(new).await?;

    let (mut tx, caller, now) = caller.begin(ctx).await?;
    let user = users::find(&mut tx, principal.user_id).await?;
    let user = user.ok_or(ServiceError::NotFound("person"))?;
    let unchanged = users::password_hash(&mut tx, user.id).await? == Some(old);
    if !unchanged || !user.sign_in.is_password() {
        return Err(no_password());
    }
    users::set_password(&mut tx, user.id, &phc, false).await?;
    one_time_links::revoke(&mut tx, Some(user.id), now).await?;
    let ended = sessions::revoke_all(&mut tx, user.id, Some(principal.session_id), now).await?;
    let after = Some(json!({ "sessions_ended": ended }));
    let entry = by_themselves(&user, Action::PasswordChanged, None, after, &caller.origin);
    audit::append(&mut tx, entry, now).await?;
    tx.commit().await?;
    Ok(())
}

fn no_password() -> ServiceError {
    ServiceError::conflict(
        "no_password",
        "Your password was changed meanwhile, or you do not sign in by password.",
    )
}

/// Ends the caller's session, or all of theirs. Ending one that is over already is no error.
pub async fn sign_out(
    ctx: &Context,
    caller: &Caller,
    everywhere: bool,
) -> Result<(), ServiceError> {
    let principal = caller.principal().ok_or(Forbidden)?;
    let mut tx = ctx.db().begin().await?;
    let now = ctx.now();
    let was_live = match caller.confirmed(&mut tx, now).await {
        Ok(_) => true,
        Err(ServiceError::SignedOut) => false,
        Err(error) => return Err(error),
    };
    sessions::revoke(&mut tx, principal.session_id, now).await?;
    if was_live {
        let entry = NewEntry {
            actor: caller.party(),
            action: Action::SignedOut,
            target: Party::new("session", principal.session_id, principal.email.clone()),
            before: None,
            after: None,
            provider_key: None,
            origin: &caller.origin,
        };
        audit::append(&mut tx, entry, now).await?;
    }
    // A session that is over, or of somebody disabled, may not end others any more.
    if everywhere && was_live {
        let ended = sessions::revoke_all(&mut tx, principal.user_id, None, now).await?;
        let entry = NewEntry {
            actor: caller.party(),
            action: Action::SessionsRevoked,
            target: caller.party(),
            before: None,
            after: Some(json!({ "sessions_ended": ended })),
            provider_key: None,
            origin: &caller.origin,
        };
        audit::append(&mut tx, entry, now).await?;
    }
    tx.commit().await?;
    Ok(())
}
