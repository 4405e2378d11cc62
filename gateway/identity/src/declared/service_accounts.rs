//! The file's service accounts.

use gateway_config::ServiceAccountDeclaration;
use gateway_domain::{DisabledBy, ManagedBy, ServiceAccount, Team, audit::Action};
use gateway_store::service_accounts::{self as rows, NewServiceAccount};
use serde_json::{Map, Value, json};

use super::{Run, Teams};
use crate::{
    ServiceError,
    service_accounts::{party, set_disabled},
};

/// Makes, takes over, aligns, brings back; then disables those who left the file, or deletes them when they have neither
/// keys nor a history.
pub(super) async fn align(
    run: &mut Run<'_>,
    declared: &[ServiceAccountDeclaration],
    known: &Teams,
) -> Result<(), ServiceError> {
    for declaration in declared {
        let team = known.get(&declaration.team).ok_or_else(|| {
            let unknown = format!("the team {} is not declared", declaration.team);
            ServiceError::Internal(unknown)
        })?;
        match rows::find(&mut run.tx, &declaration.key).await? {
            Some(account) => take_over(run, account, declaration, team).await?,
            None => create(run, declaration, team).await?,
        }
    }
    for account in rows::of_config(&mut run.tx).await? {
        if !declared.iter().any(|kept| kept.key == account.key) {
            retire(run, account).await?;
        }
    }
    Ok(())
}

async fn create(
    run: &mut Run<'_>,
    new: &ServiceAccountDeclaration,
    team: &Team,
) -> Result<(), ServiceError> {
    let row = NewServiceAccount {
        key: &new.key,
        name: &new.name,
        team: team.id,
        managed_by: ManagedBy::Config,
    };
    let account = rows::insert(&mut run.tx, row, run.now).await?;
    let account = account.ok_or_else(|| {
        let cause = format!("the service account {} appeared in between", new.key);
        ServiceError::Internal(cause)
    })?;
    let after = json!({
        "key": account.key,
        "name": account.name,
        "team": account.team_key,
        "managed_by": account.managed_by,
    });
    let action = Action::ServiceAccountCreated;
    run.record(action, party(&account), None, Some(after)).await
}

async fn take_over(
    run: &mut Run<'_>,
    account: ServiceAccount,
    declared: &ServiceAccountDeclaration,
    team: &Team,
) -> Result<(), ServiceError> {
    let (mut before, mut after) = (Map::new(), Map::new());
    let mut note = |field: &str, old: Value, new: Value| {
        if old != new {
            before.insert(field.to_owned(), old);
            after.insert(field.to_owned(), new);
        }
    };
    note(
        "managed_by",
        json!(account.managed_by),
        json!(ManagedBy::Config),
    );
    note("name", json!(account.name), json!(declared.name));
    note("team", json!(account.team_key), json!(team.key));
    if !after.is_empty() {
        rows::set_ownership(&mut run.tx, account.id, ManagedBy::Config).await?;
        rows::set_details(&mut run.tx, account.id, &declared.name, team.id).await?;
        let (before, after) = (Some(before.into()), Some(after.into()));
        let action = Action::ServiceAccountChanged;
        run.record(action, party(&account), before, after).await?;
    }
    if account.disabled_by == Some(DisabledBy::Config) {
        set_disabled(&mut run.tx, run.caller, &account, None, run.now).await?;
        run.note(&party(&account), Action::ServiceAccountEnabled);
    }
    Ok(())
}

async fn retire(run: &mut Run<'_>, account: ServiceAccount) -> Result<(), ServiceError> {
    if !rows::has_history(&mut run.tx, account.id).await? {
        rows::delete(&mut run.tx, account.id).await?;
        let before = json!({
            "key": account.key,
            "name": account.name,
            "team": account.team_key,
        });
        let action = Action::ServiceAccountDeleted;
        return run
            .record(action, party(&account), Some(before), None)
            .await;
    }
    if account.disabled_by.is_none() {
        let by = Some(DisabledBy::Config);
        set_disabled(&mut run.tx, run.caller, &account, by, run.now).await?;
        run.note(&party(&account), Action::ServiceAccountDisabled);
    }
    Ok(())
}
