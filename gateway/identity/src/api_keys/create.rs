//! Making a key.

use chrono::{DateTime, Utc};
use gateway_domain::{ApiKeyId, ApiKeySecret, audit::Action};
use gateway_store::{Tx, api_keys};
use serde_json::json;

use super::{
    KeyInfo, check,
    owner::{Owner, OwnerRef, resolve},
    party, reread,
};
use crate::{Caller, Context, ServiceError, audit_service::record};

/// How many working keys an owner may have. More is a leak in somebody's program.
const MOST: i64 = 100;

/// A key to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// Whose.
    pub owner: OwnerRef,
    /// What to call it.
    pub name: String,
    /// The models it may call; `None`: all.
    pub models: Option<Vec<String>>,
    /// When it stops working; `None`: when it is revoked.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Makes a key. The secret is returned this once.
///
/// # Errors
/// `owner_disabled`, `too_many_keys`.
pub async fn create(
    ctx: &Context,
    caller: &Caller,
    new: NewKey,
) -> Result<(KeyInfo, ApiKeySecret), ServiceError> {
    let owner = resolve(ctx, caller, &new.owner).await?;
    let name = check::name(&new.name)?;
    let models = check::models(&ctx.live().config, new.models, &[])?;
    let (mut tx, caller, now) = caller.begin(ctx).await?;
    let owner = Owner::load(&mut tx, &caller, owner).await?;
    check::expiry(new.expires_at, now)?;
    owner.refuse_if_disabled()?;
    refuse_too_many(&mut tx, &owner, now).await?;
    let (id, secret) = (ApiKeyId::new(), ApiKeySecret::generate());
    let row = api_keys::NewKey {
        id,
        prefix: secret.prefix(),
        name: &name,
        owner: owner.id,
        models: models.as_deref(),
        expires_at: new.expires_at,
    };
    api_keys::insert(&mut tx, row, now).await?;
    api_keys::add_secret(&mut tx, id, &secret.hash(), now).await?;
    let after = json!({
        "name": name,
        "prefix": secret.prefix(),
        "owner": { "kind": owner.id.kind(), "id": owner.id.uuid(), "label": owner.label },
        "models": models,
        "expires_at": new.expires_at,
    });
    let (action, target) = (Action::KeyCreated, party(id, &name));
    record(&mut tx, &caller, action, target, None, Some(after), now).await?;
    let info = reread(&mut tx, &caller, id, now).await?;
    tx.commit().await?;
    Ok((info, secret))
}

async fn refuse_too_many(
    tx: &mut Tx,
    owner: &Owner,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    if api_keys::count_live(tx, owner.id, now).await? < MOST {
        return Ok(());
    }
    let sentence = format!("There are {MOST} working keys of this owner; revoke some first.");
    Err(ServiceError::conflict("too_many_keys", sentence))
}
