//! Who is in a team, as what.

use chrono::{DateTime, Utc};
use gateway_domain::{
    Email, Membership, MembershipSource, Team, TeamRole, User, UserId, access, audit::Action,
};
use gateway_store::{Executor, Tx, teams, users};
use serde_json::json;

use super::{find_for, get};
use crate::{
    Caller, Context, Page, Paging, ServiceError,
    audit_service::{record, user_party},
};

/// A person in a team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user: User,
    /// As what, and why.
    pub place: Membership,
}

/// The people of a team, newest first.
pub async fn members(
    ctx: &Context,
    caller: &Caller,
    key: &str,
    paging: &Paging,
) -> Result<Page<Member>, ServiceError> {
    let team = get(ctx, caller, key).await?;
    let rows = teams::members(ctx.db(), team.id, paging.position()?, paging.rows()?).await?;
    let page = paging.cut(rows, |(user, _)| user.id.to_string())?;
    Ok(page.map(|(user, place)| Member { user, place }))
}

/// Puts a person into a team, or gives them another role there.
///
/// # Errors
/// `managed_by_config` when the file put them there.
pub async fn set_member(
    ctx: &Context,
    caller: &Caller,
    key: &str,
    user: UserId,
    role: TeamRole,
) -> Result<Member, ServiceError> {
    team_to_change(ctx.db(), caller, key, Some(role)).await?;
    let (mut tx, caller, now) = caller.begin(ctx).await?;
    let team = team_to_change(&mut tx, &caller, key, Some(role)).await?;
    let user = users::find(&mut tx, user).await?;
    place(tx, &caller, team, user, role, now).await
}

/// The same, of the person with an address.
pub async fn set_member_by_email(
    ctx: &Context,
    caller: &Caller,
    key: &str,
    email: &Email,
    role: TeamRole,
) -> Result<Member, ServiceError> {
    team_to_change(ctx.db(), caller, key, Some(role)).await?;
    let (mut tx, caller, now) = caller.begin(ctx).await?;
    let team = team_to_change(&mut tx, &caller, key, Some(role)).await?;
    let user = users::find_by_email(&mut tx, email).await?;
    place(tx, &caller, team, user, role, now).await
}

/// Takes a person out of a team.
///
/// # Errors
/// `managed_by_config` when the file put them there.
pub async fn remove_member(
    ctx: &Context,
    caller: &Caller,
    key: &str,
    user: UserId,
) -> Result<(), ServiceError> {
    team_to_change(ctx.db(), caller, key, None).await?;
    let (mut tx, caller, now) = caller.begin(ctx).await?;
    let team = team_to_change(&mut tx, &caller, key, None).await?;
    let user = users::find(&mut tx, user)
        .await?
        .ok_or(ServiceError::NotFound("person"))?;
    let (role, source) = teams::membership(&mut tx, user.id, team.id)
        .await?
        .ok_or(ServiceError::NotFound("person"))?;
    check(&caller, &team, Some((role, source)), None)?;
    teams::remove_member(&mut tx, user.id, team.id).await?;
    let before = json!({ "team": team.key, "role": role, "source": source });
    let target = user_party(&user);
    let action = Action::MemberChanged;
    record(&mut tx, &caller, action, target, Some(before), None, now).await?;
    tx.commit().await?;
    Ok(())
}

/// The team, if the caller may do that to anybody at all: who may not, need not be told who exists. Asked before the
/// transaction too: who may not, need not hold up those who may.
async fn team_to_change(
    db: impl Executor<'_>,
    caller: &Caller,
    key: &str,
    to: Option<TeamRole>,
) -> Result<Team, ServiceError> {
    let action = |team| access::Action::ChangeMember {
        team,
        from: None,
        to,
    };
    find_for(db, caller, key, action).await
}

async fn place(
    mut tx: Tx,
    caller: &Caller,
    team: Team,
    user: Option<User>,
    role: TeamRole,
    now: DateTime<Utc>,
) -> Result<Member, ServiceError> {
    let user = user.ok_or(ServiceError::NotFound("person"))?;
    let held = teams::membership(&mut tx, user.id, team.id).await?;
    check(caller, &team, held, Some(role))?;
    let source = match held {
        Some((old, source)) if old == role && is_settled(source) => source,
        _ => {
            let source = MembershipSource::Manual;
            teams::set_member(&mut tx, user.id, team.id, role, source, now).await?;
            let before = held
                .map(|(role, source)| json!({ "team": team.key, "role": role, "source": source }));
            let after = json!({ "team": team.key, "role": role, "source": source });
            let (action, target) = (Action::MemberChanged, user_party(&user));
            record(&mut tx, caller, action, target, before, Some(after), now).await?;
            source
        }
    };
    tx.commit().await?;
    let place = Membership {
        user_id: user.id,
        team_id: team.id,
        team_key: team.key,
        team_name: team.name,
        role,
        source,
    };
    Ok(Member { user, place })
}

/// What the file says stays the file's, what a person said is said. What a provider gave becomes, when somebody gives it
/// by hand, theirs.
fn is_settled(source: MembershipSource) -> bool {
    matches!(source, MembershipSource::Config | MembershipSource::Manual)
}

fn check(
    caller: &Caller,
    team: &Team,
    held: Option<(TeamRole, MembershipSource)>,
    to: Option<TeamRole>,
) -> Result<(), ServiceError> {
    let from = held.map(|(role, _)| role);
    caller.require(access::Action::ChangeMember {
        team: team.id,
        from,
        to,
    })?;
    let declared = held.is_some_and(|(_, source)| source == MembershipSource::Config);
    if declared && from != to {
        let sentence =
            "The configuration file put this person into the team; change it there, then reload.";
        return Err(ServiceError::conflict("managed_by_config", sentence));
    }
    Ok(())
}
