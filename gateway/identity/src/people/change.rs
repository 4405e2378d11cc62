//! Changes of a person: status, role, name, logging.

use chrono::{DateTime, Utc};
use gateway_domain::{
    DisabledBy, Email, GlobalRole, ManagedBy, RoleSource, User, UserId, UserStatus, access,
    audit::Action,
};
use gateway_store::{Tx, one_time_links, sessions, users};
use serde_json::{Map, Value, json};

use super::{Person, checked_name, declaration, load, managed_by_config};
use crate::{
    Caller, Context, ServiceError,
    audit_service::{record, user_party},
};

/// What to change; `None` leaves a thing as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// `active` or `disabled`. Nobody is made `invited`; but who is enabled and never came, is invited again.
    pub status: Option<UserStatus>,
    /// What they may do; from now on set by hand.
    pub global_role: Option<GlobalRole>,
    /// What to call them.
    pub name: Option<String>,
    /// Whether their requests are logged.
    pub request_logging_enabled: Option<bool>,
}

/// Changes a person, everything asked for or nothing.
///
/// # Errors
/// `last_admin` when nobody would be left to manage the gateway, `managed_by_config` for what the file sets.
pub async fn change(
    ctx: &Context,
    caller: &Caller,
    id: UserId,
    change: Change,
) -> Result<Person, ServiceError> {
    caller.require(access::Action::ManagePeople)?;
    if change.status == Some(UserStatus::Invited) {
        return Err(ServiceError::invalid(
            "status",
            "The status can be set to `active` or `disabled`.",
        ));
    }
    let name = change.name.as_deref().map(checked_name).transpose()?;
    let (mut tx, caller, now) = caller.begin(ctx).await?;
    caller.require(access::Action::ManagePeople)?;
    let user = users::find(&mut tx, id)
        .await?
        .ok_or(ServiceError::NotFound("person"))?;
    let change = Change { name, ..change };
    refuse_what_the_file_sets(ctx, &user, &change)?;
    keep_one_admin(&mut tx, &user, change.status, change.global_role).await?;
    change_details(&mut tx, &caller, &user, &change, now).await?;
    if let Some(role) = change.global_role {
        change_role(&mut tx, &caller, &user, role, now).await?;
    }
    match change.status {
        Some(UserStatus::Disabled) => disable(&mut tx, &caller, &user, now).await?,
        Some(_) => enable(&mut tx, &caller, &user, now).await?,
        None => {}
    }
    tx.commit().await?;
    load(ctx, &caller, id).await
}

fn refuse_what_the_file_sets(
    ctx: &Context,
    user: &User,
    change: &Change,
) -> Result<(), ServiceError> {
    if user.managed_by != ManagedBy::Config {
        return Ok(());
    }
    if change.name.as_ref().is_some_and(|name| *name != user.name) {
        return Err(managed_by_config("The name of this person"));
    }
    if change
        .global_role
        .is_some_and(|role| role != user.global_role)
    {
        return Err(managed_by_config("The role of this person"));
    }
    let declared = declaration(ctx, user);
    let logging = declared
        .as_ref()
        .and_then(|declared| declared.request_logging_enabled);
    if logging.is_some()
        && change
            .request_logging_enabled
            .is_some_and(|on| Some(on) != logging)
    {
        return Err(managed_by_config("Request logging of this person"));
    }
    if change.status == Some(UserStatus::Active)
        && user.status == UserStatus::Disabled
        && declared.is_none()
    {
        let sentence =
            "This person left the configuration file; put them back there to enable them.";
        return Err(ServiceError::conflict("managed_by_config", sentence));
    }
    Ok(())
}

/// Refuses a change after which no active platform admin is left.
pub(super) async fn keep_one_admin(
    tx: &mut Tx,
    user: &User,
    status: Option<UserStatus>,
    role: Option<GlobalRole>,
) -> Result<(), ServiceError> {
    let counts = |status, role| status == UserStatus::Active && role == GlobalRole::PlatformAdmin;
    let counted = counts(user.status, user.global_role);
    let will_count = counts(
        status.unwrap_or(user.status),
        role.unwrap_or(user.global_role),
    );
    if counted && !will_count && users::count_active_admins(&mut *tx).await? <= 1 {
        let sentence = "This is the last active platform admin; make somebody else one first.";
        return Err(ServiceError::conflict("last_admin", sentence));
    }
    Ok(())
}

async fn change_details(
    tx: &mut Tx,
    caller: &Caller,
    user: &User,
    change: &Change,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    let (mut before, mut after) = (Map::new(), Map::new());
    let mut note = |field: &str, old: Value, new: Value| {
        before.insert(field.to_owned(), old);
        after.insert(field.to_owned(), new);
    };
    if let Some(name) = change.name.as_ref().filter(|name| **name != user.name) {
        let email = stored_email(user)?;
        users::set_name(tx, user.id, &email, name).await?;
        note("name", json!(user.name), json!(name));
    }
    let logging = user.request_logging_enabled;
    if let Some(enabled) = change.request_logging_enabled.filter(|new| *new != logging) {
        users::set_request_logging(&mut *tx, user.id, enabled).await?;
        note("request_logging_enabled", json!(logging), json!(enabled));
    }
    if after.is_empty() {
        return Ok(());
    }
    let (before, after) = (Some(Value::Object(before)), Some(Value::Object(after)));
    let target = user_party(user);
    record(tx, caller, Action::UserChanged, target, before, after, now).await
}

async fn change_role(
    tx: &mut Tx,
    caller: &Caller,
    user: &User,
    role: GlobalRole,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    // What the file sets stays the file's; any other role is from now on what somebody decided here.
    let is_settled = user.role_source == RoleSource::Manual || user.managed_by == ManagedBy::Config;
    if role == user.global_role && is_settled {
        return Ok(());
    }
    set_role(tx, caller, user, (role, RoleSource::Manual), now).await
}

/// Sets a role and its source. A session opened with fewer rights does not grow into more: a raise ends them, a
/// lowered role is in force at the next request anyway. The links that somebody issued as a platform admin end with that.
pub(crate) async fn set_role(
    tx: &mut Tx,
    caller: &Caller,
    user: &User,
    (role, source): (GlobalRole, RoleSource),
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    users::set_role(&mut *tx, user.id, role, source).await?;
    let ended = if role > user.global_role {
        sessions::revoke_all(&mut *tx, user.id, None, now).await?
    } else {
        0
    };
    let admin = GlobalRole::PlatformAdmin;
    let spoiled = if user.global_role == admin && role != admin {
        one_time_links::revoke_issued_by(&mut *tx, user.id, now).await?
    } else {
        0
    };
    let before = json!({ "global_role": user.global_role, "role_source": user.role_source });
    let after = json!({
        "global_role": role,
        "role_source": source,
        "sessions_ended": ended,
        "issued_links_spoiled": spoiled,
    });
    let (before, after) = (Some(before), Some(after));
    let target = user_party(user);
    record(
        tx,
        caller,
        Action::UserRoleChanged,
        target,
        before,
        after,
        now,
    )
    .await
}

async fn disable(
    tx: &mut Tx,
    caller: &Caller,
    user: &User,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    if user.disabled_by == Some(DisabledBy::Admin) {
        return Ok(());
    }
    shut_out(tx, caller, user, DisabledBy::Admin, now).await
}

/// Disables a person, ends their sessions and spoils the unused links to them and by them.
pub(crate) async fn shut_out(
    tx: &mut Tx,
    caller: &Caller,
    user: &User,
    by: DisabledBy,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    users::set_status(&mut *tx, user.id, UserStatus::Disabled, Some(by)).await?;
    let ended = sessions::revoke_all(&mut *tx, user.id, None, now).await?;
    one_time_links::revoke(&mut *tx, Some(user.id), now).await?;
    let spoiled = one_time_links::revoke_issued_by(&mut *tx, user.id, now).await?;
    let before = json!({ "status": user.status, "disabled_by": user.disabled_by });
    let after = json!({
        "status": UserStatus::Disabled,
        "disabled_by": by,
        "sessions_ended": ended,
        "issued_links_spoiled": spoiled,
    });
    let (before, after) = (Some(before), Some(after));
    let target = user_party(user);
    record(tx, caller, Action::UserDisabled, target, before, after, now).await
}

/// Enables a disabled person: active if they ever came, else invited.
pub(crate) async fn enable(
    tx: &mut Tx,
    caller: &Caller,
    user: &User,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    if user.status != UserStatus::Disabled {
        return Ok(());
    }
    let status = if users::has_come(&mut *tx, user.id).await? {
        UserStatus::Active
    } else {
        UserStatus::Invited
    };
    users::set_status(&mut *tx, user.id, status, None).await?;
    let before = json!({ "status": user.status, "disabled_by": user.disabled_by });
    let (before, after) = (Some(before), Some(json!({ "status": status })));
    let target = user_party(user);
    record(tx, caller, Action::UserEnabled, target, before, after, now).await
}

/// A stored address; it was one when it was stored.
pub(crate) fn stored_email(user: &User) -> Result<Email, ServiceError> {
    user.email
        .parse()
        .map_err(|_| ServiceError::Internal(format!("the address of {} is not one", user.id)))
}
