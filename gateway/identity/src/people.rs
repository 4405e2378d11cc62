//! People: who is here, who is invited, who may do what.
//!
//! What `gateway.yaml` declares of a person is the file's: it can be read here and not changed. Disabling is the
//! exception, because keeping somebody out must never wait for a change of the file.

mod change;
mod invite;
mod link;
mod remove;

use std::collections::HashMap;

use gateway_config::UserDeclaration;
use gateway_domain::{
    Email, Identity, ManagedBy, Membership, TeamId, User, UserId, UserStatus, access::Action,
};
use gateway_store::{identities, teams as team_rows, users};

pub use change::{Change, change};
pub(crate) use change::{enable, set_role, shut_out, stored_email};
pub use invite::{Invited, NewPerson, invite};
pub use link::{issue_break_glass, issue_reset, reissue_invite};
pub use remove::delete;

use crate::{Caller, Context, Page, Paging, ServiceError, words::may_stand_in_name};

/// A person with what belongs to them, as far as the caller may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub user: User,
    /// Their places in teams that the caller may see.
    pub teams: Vec<Membership>,
    /// Their links to providers; empty for those who only manage one of their teams.
    pub identities: Vec<Identity>,
}

/// Which people to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The beginning of an address, of its host, or of a word of the name.
    pub q: Option<String>,
    /// Where they stand.
    pub status: Option<UserStatus>,
    /// The key of a team that they are in. Needed by those who may not see everybody.
    pub team: Option<String>,
}

/// People that match, newest first.
pub async fn list(
    ctx: &Context,
    caller: &Caller,
    filter: &Filter,
    paging: &Paging,
) -> Result<Page<Person>, ServiceError> {
    let team = team_of_filter(ctx, caller, filter.team.as_deref()).await?;
    let rows = users::Filter {
        search: filter.q.as_deref(),
        status: filter.status,
        team,
        before: paging.position()?,
    };
    let users = users::list(ctx.db(), &rows, paging.rows()?).await?;
    let page = paging.cut(users, |user| user.id.to_string())?;
    Ok(Page {
        items: with_belongings(ctx, caller, page.items).await?,
        next: page.next,
    })
}

/// One person. Those who may not see everybody are not told who exists.
pub async fn get(ctx: &Context, caller: &Caller, id: UserId) -> Result<Person, ServiceError> {
    let places = team_rows::memberships_of(ctx.db(), [id]).await?;
    let teams: Vec<TeamId> = places.iter().map(|place| place.team_id).collect();
    caller.require(Action::ReadPerson {
        target: id,
        teams: &teams,
    })?;
    load(ctx, caller, id).await
}

/// How many people there are of each status, for those who may see everybody.
pub async fn count_by_status(
    ctx: &Context,
    caller: &Caller,
) -> Result<Vec<(UserStatus, i64)>, ServiceError> {
    caller.require(Action::ListPeople { team: None })?;
    Ok(users::count_by_status(ctx.db()).await?)
}

/// Those who may not see everybody learn neither which teams exist.
async fn team_of_filter(
    ctx: &Context,
    caller: &Caller,
    key: Option<&str>,
) -> Result<Option<TeamId>, ServiceError> {
    let team = match key {
        Some(key) => team_rows::find(ctx.db(), key).await?,
        None => None,
    };
    let team = team.filter(|team| team.archived_at.is_none());
    let id = team.map(|team| team.id);
    caller.require(Action::ListPeople { team: id })?;
    match (key, id) {
        (Some(key), None) => Err(ServiceError::invalid(
            "team",
            format!("There is no team with the key \"{key}\"."),
        )),
        _ => Ok(id),
    }
}

/// The person, seen by somebody who was found to have the right.
async fn load(ctx: &Context, caller: &Caller, id: UserId) -> Result<Person, ServiceError> {
    let user = users::find(ctx.db(), id).await?;
    let people = with_belongings(ctx, caller, user.into_iter().collect()).await?;
    people
        .into_iter()
        .next()
        .ok_or(ServiceError::NotFound("person"))
}

/// Two queries for the whole page.
async fn with_belongings(
    ctx: &Context,
    caller: &Caller,
    users: Vec<User>,
) -> Result<Vec<Person>, ServiceError> {
    let ids = || users.iter().map(|user| user.id);
    let mut places: HashMap<UserId, Vec<Membership>> = HashMap::new();
    for place in team_rows::memberships_of(ctx.db(), ids()).await? {
        places.entry(place.user_id).or_default().push(place);
    }
    let mut links: HashMap<UserId, Vec<Identity>> = HashMap::new();
    for link in identities::of_users(ctx.db(), ids()).await? {
        links.entry(link.user_id).or_default().push(link);
    }
    let people = users.into_iter().map(|user| {
        let mut person = Person {
            teams: places.remove(&user.id).unwrap_or_default(),
            identities: links.remove(&user.id).unwrap_or_default(),
            user,
        };
        hide(caller, &mut person);
        person
    });
    Ok(people.collect())
}

/// Somebody who only manages a team sees its people, and neither their other teams nor their accounts elsewhere.
fn hide(caller: &Caller, person: &mut Person) {
    let target = person.user.id;
    let of_its_own = Action::ReadPerson { target, teams: &[] };
    if caller.require(of_its_own).is_err() {
        person.identities.clear();
        person
            .teams
            .retain(|place| caller.require(Action::ReadTeam(place.team_id)).is_ok());
    }
}

/// What the file in force says of a person.
fn declaration(ctx: &Context, user: &User) -> Option<UserDeclaration> {
    if user.managed_by != ManagedBy::Config {
        return None;
    }
    let key = user.email.parse::<Email>().ok()?.key();
    let live = ctx.live();
    let mut declared = live.config.users.iter();
    declared.find(|person| person.email.key() == key).cloned()
}

/// The refusal to change what the file says.
fn managed_by_config(what: &str) -> ServiceError {
    let sentence =
        format!("{what} is set by the configuration file; change it there, then reload.");
    ServiceError::conflict("managed_by_config", sentence)
}

/// A name as kept: trimmed, not empty, one line, nothing in it that cannot be seen or turns the writing around.
fn checked_name(name: &str) -> Result<String, ServiceError> {
    let name = name.trim();
    let fits = !name.is_empty() && name.chars().count() <= 200;
    if fits && name.chars().all(may_stand_in_name) {
        return Ok(name.to_owned());
    }
    Err(ServiceError::invalid(
        "name",
        "A name has between 1 and 200 characters, all of them visible.",
    ))
}
