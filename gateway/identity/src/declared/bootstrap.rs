//! The first admin of an installation.

use gateway_config::BootstrapAdmin;
use gateway_domain::{
    Email, GlobalRole, ManagedBy, OneTimePurpose, RoleSource, SignIn, Token, User, UserStatus,
    audit::{Action, Party},
};
use gateway_store::{Tx, users};
use serde_json::json;

use crate::{
    Caller, Context, ServiceError,
    audit_service::{record, user_party},
    one_time, password,
};

/// How the first admin comes in.
#[derive(Clone)]
pub enum Bootstrap {
    /// There is an admin already.
    Nothing,
    /// The file named one; they were made just now.
    AdminCreated(Email),
    /// Whoever holds this becomes the first admin. To be shown once, in the terminal.
    SetupLink(Token),
}

/// Makes a way in when no platform admin has one: the file's `auth.bootstrap_admin`, else a one-time set-up link.
///
/// Two processes may ask at once: they decide one after the other, and the second finds the admin that the first made.
/// Of two set-up links the later one works.
pub async fn bootstrap(ctx: &Context) -> Result<Bootstrap, ServiceError> {
    let now = ctx.now();
    if users::any_admin_with_way_in(ctx.db(), now).await? {
        return Ok(Bootstrap::Nothing);
    }
    let live = ctx.live();
    let named = match &live.config.auth.bootstrap_admin {
        Some(admin) => Some((admin, hash(admin).await?)),
        None => None,
    };
    let caller = Caller::system("bootstrap");
    let mut tx = ctx.db().begin().await?;
    if users::any_admin_with_way_in(&mut tx, now).await? {
        return Ok(Bootstrap::Nothing);
    }
    if let Some((admin, hash)) = named
        && make(ctx, &mut tx, &caller, admin, &hash).await?
    {
        tx.commit().await?;
        return Ok(Bootstrap::AdminCreated(admin.email.clone()));
    }
    let purpose = OneTimePurpose::Setup;
    let token = one_time::issue(&mut tx, purpose, None, None, now).await?;
    let after = json!({ "purpose": purpose, "expires_at": now + one_time::lifetime(purpose) });
    let target = Party::system("set-up");
    let action = Action::LinkIssued;
    record(&mut tx, &caller, action, target, None, Some(after), now).await?;
    tx.commit().await?;
    Ok(Bootstrap::SetupLink(token))
}

async fn hash(admin: &BootstrapAdmin) -> Result<String, ServiceError> {
    let hash = password::hash(&admin.password).await;
    hash.map_err(|error| ServiceError::Internal(error.to_string()))
}

/// Makes the named admin; false when the address belongs to somebody who is not the admin that the file means.
async fn make(
    ctx: &Context,
    tx: &mut Tx,
    caller: &Caller,
    admin: &BootstrapAdmin,
    hash: &str,
) -> Result<bool, ServiceError> {
    let now = ctx.now();
    let row = users::NewUser {
        email: &admin.email,
        name: admin.email.as_str(),
        status: UserStatus::Active,
        sign_in: SignIn::password(),
        global_role: GlobalRole::PlatformAdmin,
        role_source: RoleSource::Manual,
        request_logging_enabled: false,
        managed_by: ManagedBy::Admin,
    };
    let (user, action) = match users::insert(&mut *tx, row, now).await? {
        Some(user) => (user, Action::UserProvisioned),
        None => match users::find_by_email(&mut *tx, &admin.email).await? {
            Some(user) if is_waiting(&user) => {
                users::set_status(&mut *tx, user.id, UserStatus::Active, None).await?;
                (user, Action::UserActivated)
            }
            _ => return Ok(false),
        },
    };
    users::set_password(&mut *tx, user.id, hash, admin.require_password_change).await?;
    let after = json!({
        "global_role": user.global_role,
        "must_change_password": admin.require_password_change,
    });
    let target = user_party(&user);
    record(tx, caller, action, target, None, Some(after), now).await?;
    Ok(true)
}

/// Whether the file declares this person as a platform admin with a password, and they have none yet.
pub(crate) fn is_waiting(user: &User) -> bool {
    user.status == UserStatus::Invited
        && user.sign_in.is_password()
        && user.global_role == GlobalRole::PlatformAdmin
}
