//! Whom and whose a filter means.

use gateway_domain::{KeyOwner, Team, access::Action};
use gateway_identity::{
    Caller, Context, Paging, ServiceError,
    api_keys::{self, OwnerRef},
    teams as team_service,
};

use crate::{errors::Errors, shell::Shell};

/// Whom a text means: an address, a service account's key, or the id of either. One that means nobody whom the caller
/// may look at is told beside the field `owner`.
pub(crate) async fn named(
    ctx: &Context,
    caller: &Caller,
    text: &str,
    errors: &mut Errors,
) -> Result<Option<KeyOwner>, ServiceError> {
    const NOBODY: &str = "Nobody whom you may look at is known by this address, key or id.";
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let found = if text.contains('\0') {
        Err(ServiceError::invalid("owner", NOBODY))
    } else {
        api_keys::find_owner(ctx, caller, &OwnerRef::Named(text.to_owned())).await
    };
    match found {
        Ok(owner) => Ok(Some(owner)),
        Err(ServiceError::Forbidden(_) | ServiceError::Invalid { .. }) => {
            *errors = Errors::field("owner", NOBODY);
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

/// The teams whose calls and keys one may see: as many as a list of choices is still of use for.
pub(crate) async fn teams(
    ctx: &Context,
    caller: &Caller,
    shell: &Shell,
) -> Result<Vec<Team>, ServiceError> {
    let paging = Paging {
        cursor: None,
        limit: Some(200),
    };
    let page = team_service::list(ctx, caller, &paging).await?;
    let teams = page.items.into_iter().map(|summary| summary.team);
    Ok(teams
        .filter(|team| shell.may(Action::ReadTeamCalls(team.id)))
        .collect())
}
