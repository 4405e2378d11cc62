//! The file's people.

use std::collections::HashSet;

use gateway_config::{UserDeclaration, UserMembership};
use gateway_domain::{
    DisabledBy, ManagedBy, MembershipSource, RoleSource, User, UserId, UserStatus, audit::Action,
};
use gateway_store::{identities, one_time_links, sessions, teams, users};
use serde_json::{Map, Value, json};

use super::{Run, Teams};
use crate::{
    ServiceError,
    audit_service::user_party,
    people::{enable, set_role, shut_out, stored_email},
};

/// Makes, takes over, aligns, brings back; then shuts out those who left the file.
pub(super) async fn align(
    run: &mut Run<'_>,
    declared: &[UserDeclaration],
    known: &Teams,
) -> Result<(), ServiceError> {
    let mut present: HashSet<UserId> = HashSet::new();
    for declaration in declared {
        let user = match users::find_by_email(&mut run.tx, &declaration.email).await? {
            Some(user) => take_over(run, user, declaration).await?,
            None => Some(create(run, declaration).await?),
        };
        if let Some(user) = user {
            align_membership(run, &user, declaration.membership.as_ref(), known).await?;
            present.insert(user.id);
        }
    }
    for user in users::of_config(&mut run.tx).await? {
        if user.status != UserStatus::Disabled && !present.contains(&user.id) {
            shut_out(&mut run.tx, run.caller, &user, DisabledBy::Config, run.now).await?;
            run.note(&user_party(&user), Action::UserDisabled);
        }
    }
    Ok(())
}

async fn create(run: &mut Run<'_>, new: &UserDeclaration) -> Result<User, ServiceError> {
    let row = users::NewUser {
        email: &new.email,
        name: &new.name,
        status: UserStatus::Invited,
        sign_in: new.sign_in.clone(),
        global_role: new.global_role,
        role_source: RoleSource::Config,
        request_logging_enabled: new.request_logging_enabled.unwrap_or(false),
        managed_by: ManagedBy::Config,
    };
    let user = users::insert(&mut run.tx, row, run.now).await?;
    let user =
        user.ok_or_else(|| ServiceError::Internal(format!("{} appeared in between", new.email)))?;
    let after = json!({
        "email": user.email,
        "name": user.name,
        "sign_in": user.sign_in.as_str(),
        "global_role": user.global_role,
        "request_logging_enabled": user.request_logging_enabled,
        "managed_by": user.managed_by,
    });
    run.record(Action::UserInvited, user_party(&user), None, Some(after))
        .await?;
    Ok(user)
}

/// Aligns a person who is here already; `None` when they must be left alone.
async fn take_over(
    run: &mut Run<'_>,
    user: User,
    declared: &UserDeclaration,
) -> Result<Option<User>, ServiceError> {
    let is_ours = user.managed_by == ManagedBy::Config;
    if !is_ours && user.sign_in != declared.sign_in {
        run.warn(format!(
            "users: {} is here already and signs in by {}, not by {}: left as they are",
            user.email,
            user.sign_in.as_str(),
            declared.sign_in.as_str()
        ));
        return Ok(None);
    }
    if user.sign_in != declared.sign_in {
        begin_anew(run, &user, declared).await?;
    } else if !is_ours {
        users::set_ownership(&mut run.tx, user.id, ManagedBy::Config, &declared.sign_in).await?;
        let before = json!({ "managed_by": user.managed_by });
        let after = json!({ "managed_by": ManagedBy::Config });
        let target = user_party(&user);
        run.record(Action::UserChanged, target, Some(before), Some(after))
            .await?;
    }
    align_details(run, &user, declared).await?;
    if (user.global_role, user.role_source) != (declared.global_role, RoleSource::Config) {
        let role = (declared.global_role, RoleSource::Config);
        set_role(&mut run.tx, run.caller, &user, role, run.now).await?;
        run.note(&user_party(&user), Action::UserRoleChanged);
    }
    if user.disabled_by == Some(DisabledBy::Config) {
        enable(&mut run.tx, run.caller, &user, run.now).await?;
        run.note(&user_party(&user), Action::UserEnabled);
    }
    Ok(Some(user))
}

/// The file gave a declared person another way to sign in. Nothing of the old one may go on opening the door: they are
/// invited again, and come in the new way or not at all.
async fn begin_anew(
    run: &mut Run<'_>,
    user: &User,
    declared: &UserDeclaration,
) -> Result<(), ServiceError> {
    let tx = &mut run.tx;
    users::set_ownership(&mut *tx, user.id, ManagedBy::Config, &declared.sign_in).await?;
    users::clear_password(&mut *tx, user.id).await?;
    let unlinked = identities::delete_of(&mut *tx, user.id).await?;
    one_time_links::revoke(&mut *tx, Some(user.id), run.now).await?;
    one_time_links::revoke_issued_by(&mut *tx, user.id, run.now).await?;
    let ended = sessions::revoke_all(&mut *tx, user.id, None, run.now).await?;
    let status = match user.status {
        UserStatus::Active => UserStatus::Invited,
        other => other,
    };
    users::set_status(&mut *tx, user.id, status, user.disabled_by).await?;
    let before = json!({ "sign_in": user.sign_in.as_str(), "status": user.status });
    let after = json!({
        "sign_in": declared.sign_in.as_str(),
        "status": status,
        "identities_unlinked": unlinked,
        "sessions_ended": ended,
    });
    let target = user_party(user);
    run.record(Action::UserChanged, target, Some(before), Some(after))
        .await
}

async fn align_details(
    run: &mut Run<'_>,
    user: &User,
    declared: &UserDeclaration,
) -> Result<(), ServiceError> {
    let (mut before, mut after) = (Map::new(), Map::new());
    let mut note = |field: &str, old: Value, new: Value| {
        before.insert(field.to_owned(), old);
        after.insert(field.to_owned(), new);
    };
    if user.name != declared.name {
        let email = stored_email(user)?;
        users::set_name(&mut run.tx, user.id, &email, &declared.name).await?;
        note("name", json!(user.name), json!(declared.name));
    }
    let logging = user.request_logging_enabled;
    if let Some(enabled) = declared
        .request_logging_enabled
        .filter(|new| *new != logging)
    {
        users::set_request_logging(&mut run.tx, user.id, enabled).await?;
        note("request_logging_enabled", json!(logging), json!(enabled));
    }
    if after.is_empty() {
        return Ok(());
    }
    let (before, after) = (Some(Value::Object(before)), Some(Value::Object(after)));
    run.record(Action::UserChanged, user_party(user), before, after)
        .await
}

/// Gives the declared place and takes away what the file gave before. Places that others gave stay.
async fn align_membership(
    run: &mut Run<'_>,
    user: &User,
    declared: Option<&UserMembership>,
    known: &Teams,
) -> Result<(), ServiceError> {
    let wanted = declared.and_then(|place| known.get(&place.team).map(|team| (team, place.role)));
    for (team, role) in teams::memberships_from_config(&mut run.tx, user.id).await? {
        if wanted.is_some_and(|(wanted, _)| wanted.id == team) {
            continue;
        }
        teams::remove_member(&mut run.tx, user.id, team).await?;
        let before = json!({ "team_id": team, "role": role, "source": MembershipSource::Config });
        let target = user_party(user);
        run.record(Action::MemberChanged, target, Some(before), None)
            .await?;
    }
    let Some((team, role)) = wanted else {
        return Ok(());
    };
    let source = MembershipSource::Config;
    let held = teams::membership(&mut run.tx, user.id, team.id).await?;
    if held == Some((role, source)) {
        return Ok(());
    }
    teams::set_member(&mut run.tx, user.id, team.id, role, source, run.now).await?;
    let before =
        held.map(|(role, source)| json!({ "team": team.key, "role": role, "source": source }));
    let after = json!({ "team": team.key, "role": role, "source": source });
    run.record(Action::MemberChanged, user_party(user), before, Some(after))
        .await
}
