//! Whose calls a caller may see.

use gateway_domain::{
    KeyOwner, TeamId,
    access::{Action, Forbidden},
    ledger::Account,
};
use gateway_identity::{Caller, Context};
use gateway_store::{Result, requests::Scope, teams};

/// Everybody's; or the caller's own and those of the teams that they manage.
pub(crate) fn of(caller: &Caller) -> Result<Scope, Forbidden> {
    if caller.require(Action::ReadAllCalls).is_ok() {
        return Ok(Scope::All);
    }
    let principal = caller.principal().ok_or(Forbidden)?;
    let teams = principal.teams.iter().map(|(team, _)| *team);
    let managed = teams.filter(|team| principal.may(Action::ReadTeamCalls(*team)));
    Ok(Scope::Of(principal.user_id, managed.collect()))
}

/// Whether the caller may see a call.
pub(crate) fn covers(caller: &Caller, account: &Account) -> bool {
    let is_own = |owner: KeyOwner| {
        let action = owner.user().map(Action::ReadPersonCalls);
        action.is_some_and(|action| caller.require(action).is_ok())
    };
    caller.require(Action::ReadAllCalls).is_ok()
        || is_own(account.owner)
        || manages(caller, account.team_id)
}

/// Whether the caller may see what was said in a call: those who read everything, the person themself, and, where the
/// caller is a program, those who manage its team. A team's managers see of its members' calls that there were any and
/// what they cost, not what was said.
pub(crate) fn covers_payload(caller: &Caller, account: &Account) -> bool {
    match account.owner {
        KeyOwner::User(person) => caller.require(Action::ReadPersonCalls(person)).is_ok(),
        KeyOwner::ServiceAccount(_) => {
            caller.require(Action::ReadAllCalls).is_ok() || manages(caller, account.team_id)
        }
    }
}

fn manages(caller: &Caller, team: Option<TeamId>) -> bool {
    team.is_some_and(|team| caller.require(Action::ReadTeamCalls(team)).is_ok())
}

/// The team of a filter. One that does not exist has no calls, which is what somebody who may not know of it sees too.
pub(crate) async fn team(ctx: &Context, key: Option<&str>) -> Result<Option<TeamId>> {
    let Some(key) = key else { return Ok(None) };
    let team = teams::find(ctx.db(), key).await?;
    Ok(Some(team.map_or(uuid::Uuid::max().into(), |team| team.id)))
}

/// What to call an owner.
pub(crate) fn label(owner: KeyOwner, name: Option<String>) -> String {
    let deleted = match owner {
        KeyOwner::User(_) => "deleted person",
        KeyOwner::ServiceAccount(_) => "deleted service account",
    };
    name.unwrap_or_else(|| deleted.to_owned())
}
