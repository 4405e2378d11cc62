//! Links that an admin hands to a person: to come for the first time, or to choose a new password.

use chrono::{DateTime, Utc};
use gateway_domain::{
    GlobalRole, OneTimePurpose, Token, User, UserId, UserStatus, access, audit::Action,
};
use gateway_store::{Tx, users};
use serde_json::json;

use crate::{
    Caller, Context, ServiceError,
    audit_service::{record, user_party},
    one_time,
};

/// Makes a link with which a password person chooses a new password. Earlier links stop working.
pub async fn issue_reset(
    ctx: &Context,
    caller: &Caller,
    id: UserId,
) -> Result<Token, ServiceError> {
    issue(ctx, caller, id, OneTimePurpose::Reset).await
}

/// Makes a new link for an invited password person. Earlier links stop working.
pub async fn reissue_invite(
    ctx: &Context,
    caller: &Caller,
    id: UserId,
) -> Result<Token, ServiceError> {
    issue(ctx, caller, id, OneTimePurpose::Invite).await
}

/// Makes a link that signs an active platform admin in while their identity provider is down. Whoever has it *is* that
/// admin, so only the gateway itself, at its command line, makes one. Earlier links stop working.
pub async fn issue_break_glass(
    ctx: &Context,
    caller: &Caller,
    id: UserId,
) -> Result<Token, ServiceError> {
    if caller.principal().is_some() {
        return Err(access::Forbidden.into());
    }
    let (mut tx, caller, now) = caller.begin(ctx).await?;
    let user = users::find(&mut tx, id)
        .await?
        .ok_or(ServiceError::NotFound("person"))?;
    if user.global_role != GlobalRole::PlatformAdmin || user.status != UserStatus::Active {
        let sentence = "Only active platform admins are let in this way.";
        return Err(ServiceError::conflict("not_an_admin", sentence));
    }
    let purpose = OneTimePurpose::BreakGlass;
    let token = issue_link(&mut tx, &caller, &user, purpose, now).await?;
    tx.commit().await?;
    Ok(token)
}

async fn issue(
    ctx: &Context,
    caller: &Caller,
    id: UserId,
    purpose: OneTimePurpose,
) -> Result<Token, ServiceError> {
    caller.require(access::Action::ManagePeople)?;
    let (mut tx, caller, now) = caller.begin(ctx).await?;
    caller.require(access::Action::ManagePeople)?;
    let user = users::find(&mut tx, id)
        .await?
        .ok_or(ServiceError::NotFound("person"))?;
    check(&user, purpose)?;
    let token = issue_link(&mut tx, &caller, &user, purpose, now).await?;
    tx.commit().await?;
    Ok(token)
}

/// Makes a link for a person and writes that down.
pub(super) async fn issue_link(
    tx: &mut Tx,
    caller: &Caller,
    user: &User,
    purpose: OneTimePurpose,
    now: DateTime<Utc>,
) -> Result<Token, ServiceError> {
    let token = one_time::issue(&mut *tx, purpose, Some(user.id), caller.user_id(), now).await?;
    let after = json!({ "purpose": purpose, "expires_at": now + one_time::lifetime(purpose) });
    let (action, target) = (Action::LinkIssued, user_party(user));
    record(tx, caller, action, target, None, Some(after), now).await?;
    Ok(token)
}

fn check(user: &User, purpose: OneTimePurpose) -> Result<(), ServiceError> {
    let (code, sentence) = match (user.status, purpose) {
        _ if !user.sign_in.is_password() => (
            "no_password",
            "This person signs in through an identity provider and has no password here.",
        ),
        (UserStatus::Disabled, _) => ("disabled", "This person is disabled; enable them first."),
        (UserStatus::Invited, OneTimePurpose::Reset) => (
            "not_active",
            "This person has not come yet; make a new invitation link instead.",
        ),
        (UserStatus::Active, OneTimePurpose::Invite) => (
            "not_invited",
            "This person has come already; make a link to reset the password instead.",
        ),
        _ => return Ok(()),
    };
    Err(ServiceError::conflict(code, sentence))
}
