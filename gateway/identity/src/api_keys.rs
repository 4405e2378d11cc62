//! Keys of the data plane: made, listed, changed, rotated, revoked.
//!
//! Everybody makes keys for themselves, an auditor too: that spends, it changes nothing of anybody else's. In another's
//! name only a platform admin does, and for a service account those who run its team. A secret is returned once, by what
//! made it; stored is its hash.

mod change;
mod check;
mod create;
mod owner;
mod rotate;

use chrono::{DateTime, Utc};
use gateway_domain::{
    ApiKey, ApiKeyId, KeyOwner, TeamId,
    access::{self, Principal},
    audit::Party,
};
use gateway_store::{
    Tx,
    api_keys::{self, StoredKey, Visible},
    teams,
};

pub use change::{Change, change, revoke};
pub use create::{NewKey, create};
pub use owner::{OwnerRef, find_owner};
pub use rotate::{DEFAULT_OVERLAP, LONGEST_OVERLAP, rotate};

use crate::{Caller, Context, Page, Paging, ServiceError, service_accounts::readable_team};

/// A key with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// The key.
    pub key: ApiKey,
    /// What people know its owner by: an address, or a service account's name.
    pub owner_label: String,
    /// Key and name of the team that its calls go to.
    pub team: Option<(String, String)>,
    /// Whether it works.
    pub state: KeyState,
    /// Whether the caller may change, rotate and revoke it.
    pub may_change: bool,
}

/// Whether a key works, and why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyState {
    /// It does.
    Active,
    /// Its time is over.
    Expired,
    /// Somebody revoked it.
    Revoked,
    /// Its owner is not active: disabled, invited and not come yet, or of a team that left the file.
    OwnerDisabled,
}

impl KeyState {
    /// Every state.
    pub const ALL: &'static [Self] = &[
        Self::Active,
        Self::Expired,
        Self::Revoked,
        Self::OwnerDisabled,
    ];

    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::OwnerDisabled => "owner_disabled",
        }
    }

    fn stored(self) -> api_keys::State {
        match self {
            Self::Active => api_keys::State::Active,
            Self::Expired => api_keys::State::Expired,
            Self::Revoked => api_keys::State::Revoked,
            Self::OwnerDisabled => api_keys::State::OwnerDisabled,
        }
    }
}

/// Which keys to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyFilter {
    /// Only this owner's.
    pub owner: Option<KeyOwner>,
    /// The key of a team: only those of its service accounts and its people.
    pub team: Option<String>,
    /// Only those in this state.
    pub state: Option<KeyState>,
}

/// Keys that match, newest first. Without a filter, those who may not see all keys get their own, and those of the teams
/// that they manage.
pub async fn list(
    ctx: &Context,
    caller: &Caller,
    filter: &KeyFilter,
    paging: &Paging,
) -> Result<Page<KeyInfo>, ServiceError> {
    if let Some(owner) = filter.owner {
        let teams = teams_of(ctx, owner).await?;
        caller.require(access::Action::ReadKeys {
            owner,
            teams: &teams,
        })?;
    }
    let team = match &filter.team {
        Some(key) => Some(readable_team(ctx, caller, key).await?),
        None => None,
    };
    let is_narrow = filter.owner.is_some() || team.is_some();
    let rows = api_keys::Filter {
        owner: filter.owner,
        team,
        visible: if is_narrow { None } else { visible(caller)? },
        state: filter.state.map(|state| (state.stored(), ctx.now())),
        before: paging.position()?,
    };
    let rows = api_keys::list(ctx.db(), &rows, paging.rows()?).await?;
    let page = paging.cut(rows, |stored| stored.key.id.to_string())?;
    let now = ctx.now();
    Ok(page.map(|stored| info(caller, stored, now)))
}

/// One key.
pub async fn get(ctx: &Context, caller: &Caller, id: ApiKeyId) -> Result<KeyInfo, ServiceError> {
    let stored = readable(ctx, caller, id).await?;
    Ok(info(caller, stored, ctx.now()))
}

/// The key, if the caller may see it. Others are not told whether there is one.
async fn readable(ctx: &Context, caller: &Caller, id: ApiKeyId) -> Result<StoredKey, ServiceError> {
    let stored = api_keys::find(ctx.db(), id).await?;
    let stored = stored.ok_or(ServiceError::NotFound("key"))?;
    let owner = stored.key.owner;
    let teams = teams_of(ctx, owner).await?;
    caller
        .require(access::Action::ReadKeys {
            owner,
            teams: &teams,
        })
        .map_err(|_| ServiceError::NotFound("key"))?;
    Ok(stored)
}

/// The key, if the caller may change it.
async fn changeable(tx: &mut Tx, caller: &Caller, id: ApiKeyId) -> Result<StoredKey, ServiceError> {
    let stored = api_keys::find(tx, id).await?;
    let stored = stored.ok_or(ServiceError::NotFound("key"))?;
    require_change(caller, &stored)?;
    Ok(stored)
}

fn require_change(caller: &Caller, stored: &StoredKey) -> Result<(), access::Forbidden> {
    let teams: Vec<TeamId> = stored.service_team.into_iter().collect();
    caller.require(access::Action::ChangeKeys {
        owner: stored.key.owner,
        teams: &teams,
    })
}

async fn teams_of(ctx: &Context, owner: KeyOwner) -> Result<Vec<TeamId>, ServiceError> {
    Ok(match owner {
        KeyOwner::User(id) => {
            let places = teams::memberships_of(ctx.db(), [id]).await?;
            places.into_iter().map(|place| place.team_id).collect()
        }
        KeyOwner::ServiceAccount(id) => {
            let account = gateway_store::service_accounts::find_by_id(ctx.db(), id).await?;
            account.into_iter().map(|account| account.team_id).collect()
        }
    })
}

/// What the caller may see; `None`: everything.
fn visible(caller: &Caller) -> Result<Option<Visible>, access::Forbidden> {
    match (
        caller.require(access::Action::ReadAllCalls),
        caller.principal(),
    ) {
        (Err(_), Some(principal)) => Ok(Some(Visible {
            user: principal.user_id,
            teams: managed_teams(principal),
        })),
        (right, _) => right.map(|()| None),
    }
}

/// The teams that somebody manages.
pub(crate) fn managed_teams(principal: &Principal) -> Vec<TeamId> {
    let teams = principal.teams.iter().map(|(team, _)| *team);
    teams.filter(|team| principal.manages(*team)).collect()
}

fn info(caller: &Caller, stored: StoredKey, now: DateTime<Utc>) -> KeyInfo {
    KeyInfo {
        state: state(&stored, now),
        may_change: require_change(caller, &stored).is_ok(),
        owner_label: stored.owner_label,
        team: stored.team,
        key: stored.key,
    }
}

fn state(stored: &StoredKey, now: DateTime<Utc>) -> KeyState {
    if stored.key.revoked_at.is_some() {
        KeyState::Revoked
    } else if stored.key.expires_at.is_some_and(|end| end <= now) {
        KeyState::Expired
    } else if !stored.owner_works {
        KeyState::OwnerDisabled
    } else {
        KeyState::Active
    }
}

/// The key as it is now, for who just made or changed it.
async fn reread(
    tx: &mut Tx,
    caller: &Caller,
    id: ApiKeyId,
    now: DateTime<Utc>,
) -> Result<KeyInfo, ServiceError> {
    let stored = api_keys::find(tx, id).await?;
    let stored = stored.ok_or(ServiceError::NotFound("key"))?;
    Ok(info(caller, stored, now))
}

/// A key as an entry's target.
fn party(id: ApiKeyId, name: &str) -> Party {
    Party::new("key", id, name)
}

fn revoked() -> ServiceError {
    let sentence = "This key was revoked, which is final; make another one.";
    ServiceError::conflict("key_revoked", sentence)
}
