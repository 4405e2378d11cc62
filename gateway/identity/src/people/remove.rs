//! Deleting people who never came.

use gateway_domain::{ManagedBy, UserId, access, audit::Action};
use gateway_store::{one_time_links, users};
use serde_json::json;

use super::{change::keep_one_admin, managed_by_config};
use crate::{
    Caller, Context, ServiceError,
    audit_service::{record, user_party},
};

/// Deletes a person who never came. Who did has a history that needs its name: they can only be disabled.
pub async fn delete(ctx: &Context, caller: &Caller, id: UserId) -> Result<(), ServiceError> {
    caller.require(access::Action::ManagePeople)?;
    let (mut tx, caller, now) = caller.begin(ctx).await?;
    caller.require(access::Action::ManagePeople)?;
    let user = users::find(&mut tx, id)
        .await?
        .ok_or(ServiceError::NotFound("person"))?;
    if user.managed_by == ManagedBy::Config {
        return Err(managed_by_config("This person"));
    }
    let disabled = Some(gateway_domain::UserStatus::Disabled);
    keep_one_admin(&mut tx, &user, disabled, None).await?;
    if user.last_sign_in_at.is_some() || users::has_come(&mut tx, id).await? {
        let sentence =
            "This person has signed in before and has a history here; disable them instead.";
        return Err(ServiceError::conflict("has_history", sentence));
    }
    one_time_links::revoke_issued_by(&mut tx, id, now).await?;
    users::delete(&mut tx, id).await?;
    let before = json!({
        "email": user.email,
        "name": user.name,
        "status": user.status,
        "sign_in": user.sign_in.as_str(),
        "global_role": user.global_role,
    });
    let target = user_party(&user);
    record(
        &mut tx,
        &caller,
        Action::UserDeleted,
        target,
        Some(before),
        None,
        now,
    )
    .await?;
    tx.commit().await?;
    Ok(())
}
