//! Whose a new key is to be.

use gateway_domain::{
    Email, KeyOwner, ServiceAccountId, ServiceAccountStatus, TeamId, UserId, UserStatus, access,
};
use gateway_store::{Executor, service_accounts, users};

use super::teams_of;
use crate::{Caller, Context, ServiceError};

/// Whose a key is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnerRef {
    /// The caller's own.
    Me,
    /// This owner's.
    Owner(KeyOwner),
    /// An e-mail address, a service account's key, or the id of either.
    Named(String),
}

/// An owner as they are now.
pub(super) struct Owner {
    pub id: KeyOwner,
    /// The address, or the service account's key.
    pub label: String,
    /// The service account's team.
    team: Option<TeamId>,
    is_disabled: bool,
}

impl Owner {
    /// Reads an owner for whom the caller may make keys. Those who may not are not told who exists.
    pub(super) async fn load(
        db: impl Executor<'_>,
        caller: &Caller,
        id: KeyOwner,
    ) -> Result<Self, ServiceError> {
        let owner = match id {
            KeyOwner::User(user) => users::find(db, user).await?.map(|user| Self {
                id,
                label: user.email,
                team: None,
                is_disabled: user.status == UserStatus::Disabled,
            }),
            KeyOwner::ServiceAccount(account) => {
                let account = service_accounts::find_by_id(db, account).await?;
                account.map(|account| Self {
                    id,
                    label: account.key,
                    team: Some(account.team_id),
                    is_disabled: account.status == ServiceAccountStatus::Disabled,
                })
            }
        };
        let teams: Vec<TeamId> = owner.iter().filter_map(|owner| owner.team).collect();
        caller.require(access::Action::ChangeKeys {
            owner: id,
            teams: &teams,
        })?;
        owner.ok_or_else(nobody)
    }

    /// A key that cannot work until somebody decides otherwise is not given out. Who was invited will come.
    pub(super) fn refuse_if_disabled(&self) -> Result<(), ServiceError> {
        if !self.is_disabled {
            return Ok(());
        }
        let sentence = "The owner of this key is disabled; enable them first.";
        Err(ServiceError::conflict("owner_disabled", sentence))
    }
}

/// Who is meant, for a caller who may make keys for them.
pub(super) async fn resolve(
    ctx: &Context,
    caller: &Caller,
    reference: &OwnerRef,
) -> Result<KeyOwner, ServiceError> {
    let owner = meant(ctx, caller, reference).await?;
    Owner::load(ctx.db(), caller, owner).await?;
    Ok(owner)
}

/// Who is meant, for a caller who may see their keys. Others are not told who exists.
pub async fn find_owner(
    ctx: &Context,
    caller: &Caller,
    reference: &OwnerRef,
) -> Result<KeyOwner, ServiceError> {
    let owner = meant(ctx, caller, reference).await?;
    let teams = teams_of(ctx, owner).await?;
    caller.require(access::Action::ReadKeys {
        owner,
        teams: &teams,
    })?;
    Ok(owner)
}

async fn meant(
    ctx: &Context,
    caller: &Caller,
    reference: &OwnerRef,
) -> Result<KeyOwner, ServiceError> {
    let found = match reference {
        OwnerRef::Me => caller.user_id().map(KeyOwner::User),
        OwnerRef::Owner(owner) => Some(*owner),
        OwnerRef::Named(text) => named(ctx, text.trim()).await?,
    };
    let Some(owner) = found else {
        caller.require(access::Action::ReadAllCalls)?;
        return Err(nobody());
    };
    Ok(owner)
}

async fn named(ctx: &Context, text: &str) -> Result<Option<KeyOwner>, ServiceError> {
    if let Ok(email) = text.parse::<Email>() {
        let user = users::find_by_email(ctx.db(), &email).await?;
        return Ok(user.map(|user| KeyOwner::User(user.id)));
    }
    if let Some(account) = service_accounts::find(ctx.db(), text).await? {
        return Ok(Some(KeyOwner::ServiceAccount(account.id)));
    }
    let Ok(id) = text.parse::<UserId>() else {
        return Ok(None);
    };
    if users::find(ctx.db(), id).await?.is_some() {
        return Ok(Some(KeyOwner::User(id)));
    }
    let id = ServiceAccountId::from(id.uuid());
    let account = service_accounts::find_by_id(ctx.db(), id).await?;
    Ok(account.map(|account| KeyOwner::ServiceAccount(account.id)))
}

fn nobody() -> ServiceError {
    let sentence = "The owner must be the e-mail address of a person, the key of a service account, or the id of either.";
    ServiceError::invalid("owner", sentence)
}
