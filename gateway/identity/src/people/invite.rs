//! Inviting people.

use chrono::{DateTime, Utc};
use gateway_domain::{
    Email, GlobalRole, ManagedBy, MembershipSource, OneTimePurpose, RoleSource, SignIn, TeamRole,
    Token, UserId, UserStatus, access, audit::Action,
};
use gateway_store::{Tx, teams, users};
use serde_json::json;

use super::{Person, checked_name, link::issue_link, load};
use crate::{
    Caller, Context, ServiceError,
    audit_service::{record, user_party},
};

/// A person to be invited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPerson {
    /// Who.
    pub email: Email,
    /// What to call them; `None`: their address.
    pub name: Option<String>,
    /// `password`, or the key of one of the file's providers.
    pub sign_in: SignIn,
    /// What they may do.
    pub global_role: GlobalRole,
    /// A team to begin in, by its key.
    pub team: Option<(String, TeamRole)>,
    /// Whether their requests are logged.
    pub request_logging_enabled: bool,
}

/// A person who was invited.
#[derive(Clone)]
pub struct Invited {
    /// Who.
    pub person: Person,
    /// For a password person: what the link must hold that lets them in. Shown once, kept nowhere.
    pub link: Option<Token>,
}

/// Invites a person. Through a provider they just sign in; for a password they need the link.
///
/// # Errors
/// `email_taken` when somebody has the address.
pub async fn invite(
    ctx: &Context,
    caller: &Caller,
    new: NewPerson,
) -> Result<Invited, ServiceError> {
    caller.require(access::Action::ManagePeople)?;
    let name = checked_name(new.name.as_deref().unwrap_or(new.email.as_str()))?;
    check_sign_in(ctx, &new.sign_in)?;
    let (mut tx, caller, now) = caller.begin(ctx).await?;
    caller.require(access::Action::ManagePeople)?;
    let row = users::NewUser {
        email: &new.email,
        name: &name,
        status: UserStatus::Invited,
        sign_in: new.sign_in.clone(),
        global_role: new.global_role,
        role_source: RoleSource::Manual,
        request_logging_enabled: new.request_logging_enabled,
        managed_by: ManagedBy::Admin,
    };
    let user = users::insert(&mut tx, row, now).await?.ok_or_else(|| {
        ServiceError::conflict("email_taken", "Somebody with this address is here already.")
    })?;
    join(&mut tx, user.id, new.team.as_ref(), now).await?;
    let after = json!({
        "email": user.email,
        "name": user.name,
        "sign_in": user.sign_in.as_str(),
        "global_role": user.global_role,
        "request_logging_enabled": user.request_logging_enabled,
        "membership": new.team.as_ref().map(|(team, role)| json!({ "team": team, "role": role })),
    });
    let target = user_party(&user);
    record(
        &mut tx,
        &caller,
        Action::UserInvited,
        target,
        None,
        Some(after),
        now,
    )
    .await?;
    let link = if user.sign_in.is_password() {
        Some(issue_link(&mut tx, &caller, &user, OneTimePurpose::Invite, now).await?)
    } else {
        None
    };
    tx.commit().await?;
    let person = load(ctx, &caller, user.id).await?;
    Ok(Invited { person, link })
}

fn check_sign_in(ctx: &Context, sign_in: &SignIn) -> Result<(), ServiceError> {
    let live = ctx.live();
    let auth = &live.config.auth;
    let oidc = auth.oidc.iter().map(|provider| provider.key.as_str());
    let oauth = auth.oauth.iter().map(|provider| provider.key.as_str());
    if sign_in.is_password() || oidc.chain(oauth).any(|key| key == sign_in.as_str()) {
        return Ok(());
    }
    Err(ServiceError::invalid(
        "sign_in",
        "The way to sign in must be `password` or the key of an identity provider of the configuration file.",
    ))
}

async fn join(
    tx: &mut Tx,
    user: UserId,
    team: Option<&(String, TeamRole)>,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    let Some((key, role)) = team else {
        return Ok(());
    };
    let team = teams::find(&mut *tx, key).await?;
    let team = team
        .filter(|team| team.archived_at.is_none())
        .ok_or_else(|| {
            ServiceError::invalid("team", format!("There is no team with the key \"{key}\"."))
        })?;
    let source = MembershipSource::Manual;
    teams::set_member(&mut *tx, user, team.id, *role, source, now).await?;
    Ok(())
}
