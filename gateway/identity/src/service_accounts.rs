//! Service accounts: the programs that call models in a team's name.
//!
//! Those who manage a team run its service accounts. What `gateway.yaml` declares is the file's: it can be read here and
//! given keys, and not changed.

use chrono::{DateTime, Utc};
use gateway_domain::{
    DisabledBy, ManagedBy, ServiceAccount, ServiceAccountStatus, TeamId, access,
    audit::{Action, Party},
};
use gateway_store::{
    Executor, Tx,
    service_accounts::{self as rows, NewServiceAccount},
    teams as team_rows,
};
use serde_json::json;

use crate::{
    Caller, Context, Page, Paging, ServiceError, api_keys::managed_teams, audit_service::record,
    teams::check_key, words::may_stand_in_name,
};

/// What to change; `None` leaves a thing as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// What to call it.
    pub name: Option<String>,
    /// Whether its keys work.
    pub status: Option<ServiceAccountStatus>,
}

/// The service accounts that the caller may see, by key: all, or those of the teams that they manage; of one team when
/// its key is given.
pub async fn list(
    ctx: &Context,
    caller: &Caller,
    team: Option<&str>,
    paging: &Paging,
) -> Result<Page<ServiceAccount>, ServiceError> {
    let teams = match (team, caller.require(access::Action::ReadAllCalls)) {
        (Some(key), _) => Some(vec![readable_team(ctx, caller, key).await?]),
        (None, Ok(())) => None,
        (None, Err(forbidden)) => Some(managed_teams(caller.principal().ok_or(forbidden)?)),
    };
    let filter = rows::Filter {
        teams: teams.as_deref(),
        after: paging.cursor.as_deref(),
    };
    let accounts = rows::list(ctx.db(), &filter, paging.rows()?).await?;
    paging.cut(accounts, |account| account.key.clone())
}

/// One service account. Those who may not see it are not told whether there is one.
pub async fn get(
    ctx: &Context,
    caller: &Caller,
    key: &str,
) -> Result<ServiceAccount, ServiceError> {
    let account = find(ctx.db(), key).await?;
    caller
        .require(access::Action::ReadTeamCalls(account.team_id))
        .map_err(|_| ServiceError::NotFound("service account"))?;
    Ok(account)
}

/// Makes a service account of a team.
///
/// # Errors
/// `key_taken`.
pub async fn create(
    ctx: &Context,
    caller: &Caller,
    key: &str,
    name: &str,
    team: &str,
) -> Result<ServiceAccount, ServiceError> {
    manageable_team(ctx.db(), caller, team).await?;
    check_key(key)?;
    let name = checked_name(name)?;
    let (mut tx, caller, now) = caller.begin(ctx).await?;
    let team = manageable_team(&mut tx, &caller, team).await?;
    let new = NewServiceAccount {
        key,
        name: &name,
        team,
        managed_by: ManagedBy::Admin,
    };
    let account = rows::insert(&mut tx, new, now).await?.ok_or_else(|| {
        ServiceError::conflict("key_taken", "There is a service account with this key.")
    })?;
    let after = json!({ "key": account.key, "name": account.name, "team": account.team_key });
    let (action, target) = (Action::ServiceAccountCreated, party(&account));
    record(&mut tx, &caller, action, target, None, Some(after), now).await?;
    tx.commit().await?;
    Ok(account)
}

/// Changes a service account, everything asked for or nothing.
///
/// # Errors
/// `managed_by_config` for a declared one.
pub async fn change(
    ctx: &Context,
    caller: &Caller,
    key: &str,
    change: Change,
) -> Result<ServiceAccount, ServiceError> {
    require_manage(caller, &get(ctx, caller, key).await?)?;
    let name = change.name.as_deref().map(checked_name).transpose()?;
    let (mut tx, caller, now) = caller.begin(ctx).await?;
    let mut account = find(&mut tx, key).await?;
    require_manage(&caller, &account)?;
    let name = name.filter(|name| *name != account.name);
    let status = change.status.filter(|status| *status != account.status);
    if name.is_none() && status.is_none() {
        return Ok(account);
    }
    if account.managed_by == ManagedBy::Config {
        return Err(managed_by_config());
    }
    if let Some(name) = name {
        rename_to(&mut tx, &caller, &account, &name, now).await?;
        account.name = name;
    }
    if let Some(status) = status {
        let by = match status {
            ServiceAccountStatus::Active => None,
            ServiceAccountStatus::Disabled => Some(DisabledBy::Admin),
        };
        set_disabled(&mut tx, &caller, &account, by, now).await?;
        (account.status, account.disabled_by) = (status, by);
    }
    tx.commit().await?;
    Ok(account)
}

/// Gives a service account another name; its key stays.
///
/// # Errors
/// `managed_by_config` for a declared one.
pub async fn rename(
    ctx: &Context,
    caller: &Caller,
    key: &str,
    name: &str,
) -> Result<ServiceAccount, ServiceError> {
    let name = Some(name.to_owned());
    change(ctx, caller, key, Change { name, status: None }).await
}

/// Disables a service account, with which its keys stop working, or enables it again.
///
/// # Errors
/// `managed_by_config` for a declared one.
pub async fn set_status(
    ctx: &Context,
    caller: &Caller,
    key: &str,
    status: ServiceAccountStatus,
) -> Result<ServiceAccount, ServiceError> {
    let status = Some(status);
    change(ctx, caller, key, Change { name: None, status }).await
}

/// Deletes a service account and its keys. What they spent stays in the ledger.
///
/// # Errors
/// `managed_by_config` while the file declares it.
pub async fn delete(ctx: &Context, caller: &Caller, key: &str) -> Result<(), ServiceError> {
    require_manage(caller, &get(ctx, caller, key).await?)?;
    let (mut tx, caller, now) = caller.begin(ctx).await?;
    let account = find(&mut tx, key).await?;
    require_manage(&caller, &account)?;
    let live = ctx.live();
    if live
        .config
        .service_accounts
        .iter()
        .any(|kept| kept.key == key)
    {
        return Err(managed_by_config());
    }
    rows::delete(&mut tx, account.id).await?;
    let before = json!({
        "key": account.key,
        "name": account.name,
        "team": account.team_key,
        "status": account.status,
    });
    let (action, target) = (Action::ServiceAccountDeleted, party(&account));
    record(&mut tx, &caller, action, target, Some(before), None, now).await?;
    tx.commit().await?;
    Ok(())
}

async fn rename_to(
    tx: &mut Tx,
    caller: &Caller,
    account: &ServiceAccount,
    name: &str,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    rows::set_details(&mut *tx, account.id, name, account.team_id).await?;
    let (before, after) = (json!({ "name": account.name }), json!({ "name": name }));
    let (before, after) = (Some(before), Some(after));
    let (action, target) = (Action::ServiceAccountChanged, party(account));
    record(tx, caller, action, target, before, after, now).await
}

/// Disables a service account, or enables it when nobody is named who disabled it.
pub(crate) async fn set_disabled(
    tx: &mut Tx,
    caller: &Caller,
    account: &ServiceAccount,
    by: Option<DisabledBy>,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    rows::set_disabled(&mut *tx, account.id, by).await?;
    let (action, status) = match by {
        Some(_) => (
            Action::ServiceAccountDisabled,
            ServiceAccountStatus::Disabled,
        ),
        None => (Action::ServiceAccountEnabled, ServiceAccountStatus::Active),
    };
    let before = json!({ "status": account.status, "disabled_by": account.disabled_by });
    let after = json!({ "status": status, "disabled_by": by });
    let (before, after) = (Some(before), Some(after));
    record(tx, caller, action, party(account), before, after, now).await
}

/// A service account as an entry's target.
pub(crate) fn party(account: &ServiceAccount) -> Party {
    Party::new("service_account", account.id, account.key.clone())
}

async fn find(db: impl Executor<'_>, key: &str) -> Result<ServiceAccount, ServiceError> {
    let account = rows::find(db, key).await?;
    account.ok_or(ServiceError::NotFound("service account"))
}

fn require_manage(caller: &Caller, account: &ServiceAccount) -> Result<(), access::Forbidden> {
    caller.require(access::Action::ManageServiceAccounts(account.team_id))
}

/// A team whose calls the caller may see. Those who may not see everything learn neither which teams exist.
pub(crate) async fn readable_team(
    ctx: &Context,
    caller: &Caller,
    key: &str,
) -> Result<TeamId, ServiceError> {
    let action = access::Action::ReadTeamCalls;
    team(ctx.db(), caller, key, action).await
}

async fn manageable_team(
    db: impl Executor<'_>,
    caller: &Caller,
    key: &str,
) -> Result<TeamId, ServiceError> {
    team(db, caller, key, access::Action::ManageServiceAccounts).await
}

async fn team(
    db: impl Executor<'_>,
    caller: &Caller,
    key: &str,
    action: impl FnOnce(TeamId) -> access::Action<'static>,
) -> Result<TeamId, ServiceError> {
    let team = team_rows::find(db, key).await?;
    let Some(team) = team.filter(|team| team.archived_at.is_none()) else {
        caller.require(access::Action::ListAllTeams)?;
        let sentence = format!("There is no team with the key \"{key}\".");
        return Err(ServiceError::invalid("team", sentence));
    };
    caller.require(action(team.id))?;
    Ok(team.id)
}

fn managed_by_config() -> ServiceError {
    let sentence =
        "This service account is declared by the configuration file; change it there, then reload.";
    ServiceError::conflict("managed_by_config", sentence)
}

fn checked_name(name: &str) -> Result<String, ServiceError> {
    let name = name.trim();
    let fits = !name.is_empty() && name.chars().count() <= 100;
    if fits && name.chars().all(may_stand_in_name) {
        return Ok(name.to_owned());
    }
    Err(ServiceError::invalid(
        "name",
        "A service account's name has between 1 and 100 characters, all of them visible.",
    ))
}
