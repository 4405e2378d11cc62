//! Changing and revoking a key.

use chrono::{DateTime, Utc};
use gateway_domain::{ApiKey, ApiKeyId, audit::Action};
use gateway_store::api_keys;
use serde_json::{Map, Value, json};

use super::{KeyInfo, changeable, check, info, party, readable, require_change, reread, revoked};
use crate::{Caller, Context, ServiceError, audit_service::record};

/// What to change; `None` leaves a thing as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// What to call it.
    pub name: Option<String>,
    /// The models it may call; `Some(None)`: all.
    pub models: Option<Option<Vec<String>>>,
    /// When it stops working; `Some(None)`: when it is revoked.
    pub expires_at: Option<Option<DateTime<Utc>>>,
}

/// Changes a key, everything asked for or nothing. In force with the next call.
///
/// # Errors
/// `key_revoked` when there is nothing left to change.
pub async fn change(
    ctx: &Context,
    caller: &Caller,
    id: ApiKeyId,
    change: Change,
) -> Result<KeyInfo, ServiceError> {
    require_change(caller, &readable(ctx, caller, id).await?)?;
    let name = change.name.as_deref().map(check::name).transpose()?;
    let (mut tx, caller, now) = caller.begin(ctx).await?;
    let stored = changeable(&mut tx, &caller, id).await?;
    let key = &stored.key;
    if key.revoked_at.is_some() {
        return Err(revoked());
    }
    let held = key.models.as_deref().unwrap_or_default();
    let models = match change.models {
        Some(models) => check::models(&ctx.live().config, models, held)?,
        None => key.models.clone(),
    };
    let changed = ApiKey {
        name: name.unwrap_or_else(|| key.name.clone()),
        models,
        expires_at: change.expires_at.unwrap_or(key.expires_at),
        ..key.clone()
    };
    if changed.expires_at != key.expires_at {
        check::expiry(changed.expires_at, now)?;
    }
    let Some((before, after)) = difference(key, &changed) else {
        return Ok(info(&caller, stored, now));
    };
    let models = changed.models.as_deref();
    api_keys::set_details(&mut tx, id, &changed.name, models, changed.expires_at).await?;
    let (action, target) = (Action::KeyChanged, party(id, &changed.name));
    let (before, after) = (Some(before), Some(after));
    record(&mut tx, &caller, action, target, before, after, now).await?;
    let info = reread(&mut tx, &caller, id, now).await?;
    tx.commit().await?;
    Ok(info)
}

/// What differs, before and after.
fn difference(old: &ApiKey, new: &ApiKey) -> Option<(Value, Value)> {
    let (mut before, mut after) = (Map::new(), Map::new());
    let mut note = |field: &str, old: Value, new: Value| {
        if old != new {
            before.insert(field.to_owned(), old);
            after.insert(field.to_owned(), new);
        }
    };
    note("name", json!(old.name), json!(new.name));
    note("models", json!(old.models), json!(new.models));
    note("expires_at", json!(old.expires_at), json!(new.expires_at));
    (!after.is_empty()).then_some((before.into(), after.into()))
}

/// Revokes a key, at once and for good. Once more changes nothing.
pub async fn revoke(ctx: &Context, caller: &Caller, id: ApiKeyId) -> Result<(), ServiceError> {
    require_change(caller, &readable(ctx, caller, id).await?)?;
    let (mut tx, caller, now) = caller.begin(ctx).await?;
    let stored = changeable(&mut tx, &caller, id).await?;
    if !api_keys::revoke(&mut tx, id, now).await? {
        return Ok(());
    }
    let before = json!({
        "name": stored.key.name,
        "prefix": stored.key.prefix,
        "owner": stored.key.owner,
    });
    let after = json!({ "revoked_at": now });
    let (action, target) = (Action::KeyRevoked, party(id, &stored.key.name));
    let (before, after) = (Some(before), Some(after));
    record(&mut tx, &caller, action, target, before, after, now).await?;
    tx.commit().await?;
    Ok(())
}
