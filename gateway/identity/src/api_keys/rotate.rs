//! Another secret for a key that stays.

use std::time::Duration;

use chrono::TimeDelta;
use gateway_domain::{ApiKeyId, ApiKeySecret, audit::Action};
use gateway_store::api_keys;
use serde_json::json;

use super::{KeyInfo, changeable, owner::Owner, party, readable, require_change, reread, revoked};
use crate::{Caller, Context, ServiceError, audit_service::record};

/// How long the old secret works on unless somebody says otherwise.
pub const DEFAULT_OVERLAP: Duration = Duration::from_hours(24);
/// How long it works on at most.
pub const LONGEST_OVERLAP: Duration = Duration::from_hours(30 * 24);

/// Gives a key another secret, returned this once. The one it had works on for `overlap`; one that was on its way out
/// already ends now, so that never more than two work.
///
/// # Errors
/// `key_revoked`, `key_expired`, `owner_disabled`: the new secret would not work.
pub async fn rotate(
    ctx: &Context,
    caller: &Caller,
    id: ApiKeyId,
    overlap: Duration,
) -> Result<(KeyInfo, ApiKeySecret), ServiceError> {
    require_change(caller, &readable(ctx, caller, id).await?)?;
    let overlap = checked(overlap)?;
    let (mut tx, caller, now) = caller.begin(ctx).await?;
    let stored = changeable(&mut tx, &caller, id).await?;
    let key = &stored.key;
    if key.revoked_at.is_some() {
        return Err(revoked());
    }
    if key.expires_at.is_some_and(|end| end <= now) {
        let sentence = "This key has expired; give it a later end first.";
        return Err(ServiceError::conflict("key_expired", sentence));
    }
    Owner::load(&mut tx, &caller, key.owner)
        .await?
        .refuse_if_disabled()?;
    let secret = ApiKeySecret::generate();
    let old_until = now + overlap;
    api_keys::end_secrets(&mut tx, id, old_until, now).await?;
    api_keys::add_secret(&mut tx, id, &secret.hash(), now).await?;
    api_keys::set_prefix(&mut tx, id, secret.prefix()).await?;
    let before = json!({ "prefix": key.prefix });
    let after = json!({ "prefix": secret.prefix(), "old_secret_valid_until": old_until });
    let (action, target) = (Action::KeyRotated, party(id, &key.name));
    let (before, after) = (Some(before), Some(after));
    record(&mut tx, &caller, action, target, before, after, now).await?;
    let info = reread(&mut tx, &caller, id, now).await?;
    tx.commit().await?;
    Ok((info, secret))
}

fn checked(overlap: Duration) -> Result<TimeDelta, ServiceError> {
    let overlap = Some(overlap).filter(|overlap| *overlap <= LONGEST_OVERLAP);
    let overlap = overlap.and_then(|overlap| TimeDelta::from_std(overlap).ok());
    overlap.ok_or_else(|| {
        ServiceError::invalid("overlap", "The overlap is at most 30 days, as in `24h`.")
    })
}
