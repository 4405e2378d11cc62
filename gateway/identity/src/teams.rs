//! Teams and who is in them.
//!
//! Those who may not see every team are told the same of a team that is not theirs and of one that does not exist.

mod members;

use gateway_domain::{ManagedBy, Payloads, Team, TeamId, access, audit};
use gateway_store::{Executor, service_accounts, teams};
use serde_json::json;

pub use members::{Member, members, remove_member, set_member, set_member_by_email};

use crate::{
    Caller, Context, Page, Paging, ServiceError, audit_service::record, words::may_stand_in_name,
};

/// A team and how many people are in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamSummary {
    /// The team.
    pub team: Team,
    /// How many are in it.
    pub members: i64,
}

/// The teams that the caller may see, by key: all, or their own.
pub async fn list(
    ctx: &Context,
    caller: &Caller,
    paging: &Paging,
) -> Result<Page<TeamSummary>, ServiceError> {
    let (after, limit) = (paging.cursor.as_deref(), paging.rows()?);
    let rows = match (
        caller.require(access::Action::ListAllTeams),
        caller.principal(),
    ) {
        (Err(_), Some(principal)) => {
            teams::of_user(ctx.db(), principal.user_id, after, limit).await?
        }
        (right, _) => {
            right?;
            teams::list(ctx.db(), after, limit).await?
        }
    };
    let page = paging.cut(rows, |team| team.key.clone())?;
    let sizes = teams::sizes(ctx.db(), page.items.iter().map(|team| team.id)).await?;
    let size = |id| sizes.iter().find(|(team, _)| *team == id);
    Ok(page.map(|team| TeamSummary {
        members: size(team.id).map_or(0, |(_, members)| *members),
        team,
    }))
}

/// One team.
pub async fn get(ctx: &Context, caller: &Caller, key: &str) -> Result<Team, ServiceError> {
    find_for(ctx.db(), caller, key, access::Action::ReadTeam).await
}

/// Makes a team.
///
/// # Errors
/// `key_taken` when there is, or was, a team with the key.
pub async fn create(
    ctx: &Context,
    caller: &Caller,
    key: &str,
    name: &str,
) -> Result<Team, ServiceError> {
    caller.require(access::Action::ManageTeams)?;
    check_key(key)?;
    let name = checked_name(name)?;
    let (mut tx, caller, now) = caller.begin(ctx).await?;
    caller.require(access::Action::ManageTeams)?;
    let team = teams::insert(&mut tx, key, &name, ManagedBy::Admin, now).await?;
    let team = team.ok_or_else(|| {
        let sentence =
            "There is a team with this key, or there was one that left the configuration file.";
        ServiceError::conflict("key_taken", sentence)
    })?;
    let after = json!({ "key": team.key, "name": team.name });
    let action = audit::Action::TeamCreated;
    record(
        &mut tx,
        &caller,
        action,
        party(&team),
        None,
        Some(after),
        now,
    )
    .await?;
    tx.commit().await?;
    Ok(team)
}

/// What to change; `None` leaves a thing as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// What to call it. The key stays.
    pub name: Option<String>,
    /// What its request log keeps of bodies at most; `Some(None)`: what the file says for all.
    pub payloads: Option<Option<Payloads>>,
}

/// Gives a team another name; its key stays.
pub async fn rename(
    ctx: &Context,
    caller: &Caller,
    key: &str,
    name: &str,
) -> Result<Team, ServiceError> {
    let wanted = Change {
        name: Some(name.to_owned()),
        ..Change::default()
    };
    change(ctx, caller, key, wanted).await
}

/// Changes a team, everything asked for or nothing.
///
/// # Errors
/// `managed_by_config` for a declared team.
pub async fn change(
    ctx: &Context,
    caller: &Caller,
    key: &str,
    change: Change,
) -> Result<Team, ServiceError> {
    caller.require(access::Action::ManageTeams)?;
    let name = change.name.as_deref().map(checked_name).transpose()?;
    let (mut tx, caller, now) = caller.begin(ctx).await?;
    caller.require(access::Action::ManageTeams)?;
    let mut team = find(&mut tx, key).await?;
    let name = name.filter(|name| *name != team.name);
    let payloads = change.payloads.filter(|kept| *kept != team.payloads);
    if name.is_none() && payloads.is_none() {
        return Ok(team);
    }
    refuse_if_declared(&team)?;
    if let Some(name) = name {
        teams::rename(&mut tx, team.id, &name).await?;
        let before = Some(json!({ "name": team.name }));
        let after = Some(json!({ "name": name }));
        let (action, target) = (audit::Action::TeamRenamed, party(&team));
        record(&mut tx, &caller, action, target, before, after, now).await?;
        team.name = name;
    }
    if let Some(payloads) = payloads {
        teams::set_payloads(&mut tx, team.id, payloads).await?;
        let before = Some(json!({ "payloads": team.payloads }));
        let after = Some(json!({ "payloads": payloads }));
        let (action, target) = (audit::Action::TeamLoggingChanged, party(&team));
        record(&mut tx, &caller, action, target, before, after, now).await?;
        team.payloads = payloads;
    }
    tx.commit().await?;
    Ok(team)
}

/// Deletes a team; its people stay, without it.
///
/// # Errors
/// `managed_by_config` for a declared team, `in_use` when a provider puts newcomers into it, `team_in_use` when service
/// accounts belong to it.
pub async fn delete(ctx: &Context, caller: &Caller, key: &str) -> Result<(), ServiceError> {
    caller.require(access::Action::ManageTeams)?;
    let (mut tx, caller, now) = caller.begin(ctx).await?;
    caller.require(access::Action::ManageTeams)?;
    let team = find(&mut tx, key).await?;
    refuse_if_declared(&team)?;
    refuse_if_in_use(ctx, key)?;
    if service_accounts::any_of_team(&mut tx, team.id).await? {
        let sentence = "Service accounts belong to this team; delete them first.";
        return Err(ServiceError::conflict("team_in_use", sentence));
    }
    teams::delete(&mut tx, team.id).await?;
    let before = json!({ "key": team.key, "name": team.name });
    let (action, target) = (audit::Action::TeamDeleted, party(&team));
    record(&mut tx, &caller, action, target, Some(before), None, now).await?;
    tx.commit().await?;
    Ok(())
}

/// A team as an entry's target.
pub(crate) fn party(team: &Team) -> audit::Party {
    audit::Party::new("team", team.id, team.key.clone())
}

/// The team, if the caller may do with it what they ask for.
async fn find_for(
    db: impl Executor<'_>,
    caller: &Caller,
    key: &str,
    action: impl FnOnce(TeamId) -> access::Action<'static>,
) -> Result<Team, ServiceError> {
    match find(db, key).await {
        Ok(team) => {
            caller.require(action(team.id))?;
            Ok(team)
        }
        Err(ServiceError::NotFound(what)) => {
            caller.require(access::Action::ListAllTeams)?;
            Err(ServiceError::NotFound(what))
        }
        Err(error) => Err(error),
    }
}

async fn find(db: impl Executor<'_>, key: &str) -> Result<Team, ServiceError> {
    let team = teams::find(db, key).await?;
    team.filter(|team| team.archived_at.is_none())
        .ok_or(ServiceError::NotFound("team"))
}

fn refuse_if_declared(team: &Team) -> Result<(), ServiceError> {
    if team.managed_by != ManagedBy::Config {
        return Ok(());
    }
    let sentence = "This team is declared by the configuration file; change it there, then reload.";
    Err(ServiceError::conflict("managed_by_config", sentence))
}

fn refuse_if_in_use(ctx: &Context, key: &str) -> Result<(), ServiceError> {
    let live = ctx.live();
    let auth = &live.config.auth;
    let oidc = auth
        .oidc
        .iter()
        .map(|provider| (&provider.key, &provider.jit));
    let oauth = auth
        .oauth
        .iter()
        .map(|provider| (&provider.key, &provider.jit));
    let joins = |jit: &gateway_config::Jit| {
        jit.membership
            .as_ref()
            .is_some_and(|membership| membership.team == key)
    };
    let user = oidc
        .chain(oauth)
        .find(|(_, jit)| jit.as_ref().is_some_and(joins));
    match user {
        None => Ok(()),
        Some((provider, _)) => {
            let sentence = format!(
                "The identity provider \"{provider}\" puts newcomers into this team; change that in the configuration file first."
            );
            Err(ServiceError::conflict("in_use", sentence))
        }
    }
}

pub(crate) fn check_key(key: &str) -> Result<(), ServiceError> {
    let begins = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = key.as_bytes();
    let well_formed = bytes.first().is_some_and(|b| begins(*b))
        && bytes.len() <= 63
        && bytes.iter().all(|b| begins(*b) || matches!(b, b'_' | b'-'));
    if well_formed {
        return Ok(());
    }
    Err(ServiceError::invalid(
        "key",
        "A key has up to 63 characters: a-z, 0-9, _ and -, the first a letter or a digit.",
    ))
}

fn checked_name(name: &str) -> Result<String, ServiceError> {
    let name = name.trim();
    let fits = !name.is_empty() && name.chars().count() <= 100;
    if fits && name.chars().all(may_stand_in_name) {
        return Ok(name.to_owned());
    }
    Err(ServiceError::invalid(
        "name",
        "A team's name has between 1 and 100 characters, all of them visible.",
    ))
}
