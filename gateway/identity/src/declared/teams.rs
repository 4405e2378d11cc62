//! The file's teams.

use gateway_config::TeamDeclaration;
use gateway_domain::{ManagedBy, Payloads, Team, audit::Action};
use gateway_store::teams;
use serde_json::json;

use super::{Run, Teams};
use crate::{ServiceError, teams::party};

/// Makes, takes over, brings back and renames.
pub(super) async fn align(
    run: &mut Run<'_>,
    declared: &[TeamDeclaration],
) -> Result<Teams, ServiceError> {
    let mut known = Teams::new();
    for declaration in declared {
        let team = match teams::find(&mut run.tx, &declaration.key).await? {
            Some(team) => take_over(run, team, &declaration.name).await?,
            None => create(run, declaration).await?,
        };
        let team = align_payloads(run, team, declaration.payloads).await?;
        known.insert(team.key.clone(), team);
    }
    Ok(known)
}

async fn create(run: &mut Run<'_>, new: &TeamDeclaration) -> Result<Team, ServiceError> {
    let owner = ManagedBy::Config;
    let team = teams::insert(&mut run.tx, &new.key, &new.name, owner, run.now).await?;
    let team = team.ok_or_else(|| {
        ServiceError::Internal(format!("the team {} appeared in between", new.key))
    })?;
    let after = json!({ "key": team.key, "name": team.name, "managed_by": team.managed_by });
    run.record(Action::TeamCreated, party(&team), None, Some(after))
        .await?;
    Ok(team)
}

async fn take_over(run: &mut Run<'_>, team: Team, name: &str) -> Result<Team, ServiceError> {
    if team.managed_by != ManagedBy::Config || team.archived_at.is_some() {
        teams::set_ownership(&mut run.tx, team.id, ManagedBy::Config, None).await?;
        let before = json!({ "managed_by": team.managed_by, "archived_at": team.archived_at });
        let after = json!({ "managed_by": ManagedBy::Config, "archived_at": null });
        run.record(Action::TeamCreated, party(&team), Some(before), Some(after))
            .await?;
    }
    if team.name != name {
        teams::rename(&mut run.tx, team.id, name).await?;
        let (before, after) = (json!({ "name": team.name }), json!({ "name": name }));
        run.record(Action::TeamRenamed, party(&team), Some(before), Some(after))
            .await?;
    }
    Ok(Team {
        name: name.to_owned(),
        managed_by: ManagedBy::Config,
        archived_at: None,
        ..team
    })
}

/// What the file does not say of a declared team's log, it says for all teams.
async fn align_payloads(
    run: &mut Run<'_>,
    team: Team,
    payloads: Option<Payloads>,
) -> Result<Team, ServiceError> {
    if team.payloads == payloads {
        return Ok(team);
    }
    teams::set_payloads(&mut run.tx, team.id, payloads).await?;
    let before = json!({ "payloads": team.payloads });
    let after = json!({ "payloads": payloads });
    let action = Action::TeamLoggingChanged;
    run.record(action, party(&team), Some(before), Some(after))
        .await?;
    Ok(Team { payloads, ..team })
}

/// Deletes those that left the file and have nobody in them; archives the others, which keeps who was in them and
/// grants nothing. Runs after the people and the service accounts, whose places in such a team the file may have taken
/// away.
pub(super) async fn retire(
    run: &mut Run<'_>,
    declared: &[TeamDeclaration],
) -> Result<(), ServiceError> {
    for team in teams::of_config(&mut run.tx).await? {
        let is_declared = declared.iter().any(|kept| kept.key == team.key);
        if is_declared || team.archived_at.is_some() {
            continue;
        }
        let is_empty = teams::is_empty(&mut run.tx, team.id).await?;
        if is_empty {
            teams::delete(&mut run.tx, team.id).await?;
        } else {
            teams::set_ownership(&mut run.tx, team.id, ManagedBy::Config, Some(run.now)).await?;
        }
        let before = json!({ "key": team.key, "name": team.name });
        let after = (!is_empty).then(|| json!({ "archived_at": run.now }));
        run.record(Action::TeamDeleted, party(&team), Some(before), after)
            .await?;
    }
    Ok(())
}
