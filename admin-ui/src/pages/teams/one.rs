//! One team.

use askama::Template;
use axum::extract::{Path, Query, State};
use gateway_domain::{
    ManagedBy, MembershipSource, Team, TeamRole, User,
    access::{Action, Principal},
};
use gateway_identity::{
    Context, Paging,
    teams::{self, Member},
};
use serde::Deserialize;

use super::{Asked, path_of};
use crate::{
    errors::Errors,
    page::{Page, PageError},
    shell::Shell,
    view::{Label as _, address},
    visitor::Visitor,
};

#[derive(Template)]
#[template(path = "pages/team.html")]
pub(crate) struct TeamPage {
    pub(crate) shell: Shell,
    pub(crate) team: Team,
    pub(crate) members: Vec<MemberRow>,
    /// The roles that the person may give to newcomers.
    pub(crate) grants: Vec<TeamRole>,
    pub(crate) may_add: bool,
    pub(crate) may_manage: bool,
    pub(crate) form: MemberForm,
    pub(crate) errors: Errors,
    pub(crate) first: Option<String>,
    pub(crate) next: Option<String>,
}

/// A person in the team, and what the one who looks may do about them.
pub(crate) struct MemberRow {
    pub(crate) user: User,
    pub(crate) role: TeamRole,
    pub(crate) source: MembershipSource,
    pub(crate) may_read: bool,
    pub(crate) roles: Vec<TeamRole>,
    pub(crate) may_remove: bool,
}

/// The forms of the page, filled in.
#[derive(Default, Deserialize)]
pub(crate) struct MemberForm {
    #[serde(default)]
    pub(crate) email: String,
    #[serde(default)]
    pub(crate) role: String,
    #[serde(default)]
    pub(crate) name: String,
}

pub(super) async fn show(
    State(ctx): State<Context>,
    visitor: Visitor,
    Path(key): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Page<TeamPage>, PageError> {
    page(&ctx, visitor, &key, asked, None, Errors::default())
        .await
        .map(Page::ok)
}

pub(super) async fn page(
    ctx: &Context,
    visitor: Visitor,
    key: &str,
    asked: Asked,
    form: Option<MemberForm>,
    errors: Errors,
) -> Result<TeamPage, PageError> {
    let Visitor {
        caller,
        session,
        shell,
    } = visitor;
    let team = teams::get(ctx, &caller, key).await?;
    let path = path_of(key);
    let first = asked.cursor.as_ref().map(|_| path.clone());
    let listed = teams::members(ctx, &caller, key, &Paging::after(asked.cursor)).await?;
    let principal = session
        .caller
        .principal()
        .ok_or_else(PageError::forbidden)?;
    let grants = grants(principal, &team, None);
    let members = listed.items.into_iter();
    let members = members.map(|member| row(principal, &team, member));
    Ok(TeamPage {
        members: members.collect(),
        may_add: !grants.is_empty(),
        grants,
        may_manage: shell.may(Action::ManageTeams) && team.managed_by != ManagedBy::Config,
        form: form.unwrap_or_else(|| MemberForm {
            name: team.name.clone(),
            ..MemberForm::default()
        }),
        errors,
        first,
        next: listed
            .next
            .map(|cursor| address(&path, &[("cursor", Some(&cursor))])),
        shell,
        team,
    })
}

fn row(principal: &Principal, team: &Team, member: Member) -> MemberRow {
    let (role, source) = (member.place.role, member.place.source);
    // What the file says is changed there.
    let declared = source == MembershipSource::Config;
    let removal = Action::ChangeMember {
        team: team.id,
        from: Some(role),
        to: None,
    };
    let read = Action::ReadPerson {
        target: member.user.id,
        teams: &[team.id],
    };
    let roles = if declared {
        Vec::new()
    } else {
        grants(principal, team, Some(role))
    };
    MemberRow {
        may_read: principal.may(read),
        may_remove: !declared && principal.may(removal),
        roles,
        role,
        source,
        user: member.user,
    }
}

/// The roles that a person may give to somebody who has `from`.
fn grants(principal: &Principal, team: &Team, from: Option<TeamRole>) -> Vec<TeamRole> {
    let may_give = |to: &TeamRole| {
        principal.may(Action::ChangeMember {
            team: team.id,
            from,
            to: Some(*to),
        })
    };
    TeamRole::ALL.iter().copied().filter(may_give).collect()
}
