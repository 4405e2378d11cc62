//! One person.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use gateway_domain::{
    Identity, ManagedBy, Membership, MembershipSource, Team, TeamRole, User, UserId, UserStatus,
    access::Action,
};
use gateway_identity::{
    Caller, Context, Paging, ServiceError, audit_service, people,
    session_service::{self, Session},
};

use super::all_teams;
use crate::{
    entry::EntryView,
    errors::Errors,
    page::{Page, PageError},
    shell::Shell,
    view::{Label as _, Moment as _},
    visitor::Visitor,
};

/// How many audit entries the page shows.
const RECENT: u32 = 10;

#[derive(Template)]
#[template(path = "pages/user.html")]
pub(crate) struct PersonPage {
    pub(crate) shell: Shell,
    pub(crate) user: User,
    pub(crate) teams: Vec<Place>,
    /// The teams that the person can be put into.
    pub(crate) joinable: Vec<Team>,
    pub(crate) identities: Vec<Identity>,
    /// `None` for those who may not see them.
    pub(crate) sessions: Option<Vec<Session>>,
    /// `None` for those who may not see them.
    pub(crate) entries: Option<Vec<EntryView>>,
    /// The name in its field.
    pub(crate) name: String,
    pub(crate) errors: Errors,
}

/// A team of the person, and whether the one who looks may take them out.
pub(crate) struct Place {
    pub(crate) membership: Membership,
    pub(crate) may_remove: bool,
}

impl PersonPage {
    /// Whether the one who looks may change people.
    pub(crate) fn manages(&self) -> bool {
        self.shell.manages_people()
    }

    /// Whether the one who looks sees more than their own team of the person.
    pub(crate) fn sees_account(&self) -> bool {
        self.shell.may(Action::ReadPerson {
            target: self.user.id,
            teams: &[],
        })
    }

    /// Whether the one who looks may end the person's sessions.
    pub(crate) fn may_end_sessions(&self) -> bool {
        self.shell.may(Action::RevokeSessions { of: self.user.id })
    }

    /// Whether the person looks at themselves.
    pub(crate) fn is_self(&self) -> bool {
        let looks = self.shell.principal.as_ref();
        looks.is_some_and(|principal| principal.user_id == self.user.id)
    }

    /// Whether the file owns the person.
    pub(crate) fn is_declared(&self) -> bool {
        self.user.managed_by == ManagedBy::Config
    }

    /// Whether they can be deleted: invited and never seen.
    pub(crate) fn is_deletable(&self) -> bool {
        self.manages()
            && !self.is_declared()
            && self.user.status != UserStatus::Active
            && self.user.last_sign_in_at.is_none()
    }

    /// What a one-time link is for, if one can be made.
    pub(crate) fn link(&self) -> Option<&'static str> {
        if !self.manages() || !self.user.sign_in.is_password() {
            return None;
        }
        match self.user.status {
            UserStatus::Invited => Some("Make a new invitation link"),
            UserStatus::Active => Some("Make a link to reset the password"),
            UserStatus::Disabled => None,
        }
    }
}

pub(super) async fn show(
    State(ctx): State<Context>,
    visitor: Visitor,
    Path(id): Path<UserId>,
) -> Result<Page<PersonPage>, PageError> {
    page(&ctx, visitor, id, None, Errors::default())
        .await
        .map(Page::ok)
}

/// The page again, saying what was wrong.
pub(super) async fn refused(
    ctx: &Context,
    visitor: Visitor,
    id: UserId,
    name: Option<String>,
    error: ServiceError,
) -> Result<Response, PageError> {
    let shown: &[&'static str] = if name.is_some() { &["name"] } else { &[] };
    let (status, errors) = Errors::told(error, shown)?;
    let page = page(ctx, visitor, id, name, errors).await?;
    Ok(Page(status, page).into_response())
}

async fn page(
    ctx: &Context,
    visitor: Visitor,
    id: UserId,
    name: Option<String>,
    errors: Errors,
) -> Result<PersonPage, PageError> {
    let Visitor { caller, shell, .. } = visitor;
    let person = people::get(ctx, &caller, id).await?;
    let sessions = if shell.may(Action::ReadSessions { of: id }) {
        let page = session_service::list_of(ctx, &caller, id, &Paging::default()).await?;
        Some(page.items)
    } else {
        None
    };
    let entries = if shell.may(Action::ReadAudit) {
        Some(recent(ctx, &caller, id).await?)
    } else {
        None
    };
    let in_team = |team: &Team| person.teams.iter().any(|place| place.team_id == team.id);
    let may_join =
        |team: &Team| !in_team(team) && shell.may(change(team.id, None, Some(TeamRole::Member)));
    let joinable = all_teams(ctx, &caller).await?.into_iter().filter(may_join);
    let joinable = joinable.collect();
    let teams = person.teams.into_iter().map(|membership| Place {
        may_remove: membership.source != MembershipSource::Config
            && shell.may(change(membership.team_id, Some(membership.role), None)),
        membership,
    });
    Ok(PersonPage {
        teams: teams.collect(),
        joinable,
        identities: person.identities,
        sessions,
        entries,
        name: name.unwrap_or_else(|| person.user.name.clone()),
        errors,
        user: person.user,
        shell,
    })
}

fn change(
    team: gateway_domain::TeamId,
    from: Option<TeamRole>,
    to: Option<TeamRole>,
) -> Action<'static> {
    Action::ChangeMember { team, from, to }
}

/// What the person did and what was done to them, newest first.
async fn recent(
    ctx: &Context,
    caller: &Caller,
    id: UserId,
) -> Result<Vec<EntryView>, ServiceError> {
    let paging = Paging {
        cursor: None,
        limit: Some(RECENT),
    };
    let id = Some(id.to_string());
    let by = audit_service::Filter {
        actor: id.clone(),
        ..audit_service::Filter::default()
    };
    let about = audit_service::Filter {
        target: id,
        ..audit_service::Filter::default()
    };
    let mut entries = audit_service::list(ctx, caller, &by, &paging).await?.items;
    entries.extend(
        audit_service::list(ctx, caller, &about, &paging)
            .await?
            .items,
    );
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.seq));
    entries.dedup_by_key(|entry| entry.seq);
    let entries = entries.into_iter().map(EntryView::from);
    Ok(entries
        .take(usize::try_from(RECENT).unwrap_or(usize::MAX))
        .collect())
}
