//! What a one-time link leads to, in the transaction that uses it up.

use gateway_domain::{
    Email, GlobalRole, ManagedBy, OneTimePurpose, Origin, RoleSource, Secret, SignIn, Token,
    TokenHash, User, UserStatus, audit::Action,
};
use gateway_store::{Tx, audit, one_time_links, sessions, users};
use serde_json::json;

use super::{by_themselves, ladder::Rung};
use crate::{
    Context, ServiceError,
    declared::is_waiting,
    password,
    sign_in::{Attempt, OpenedSession, open_without_provider},
    words::may_stand_in_name,
};

/// What the person filled in. Which of it is needed depends on the link: an invitation and a reset need a password, the
/// first set-up an address and a name too, break-glass nothing.
#[derive(Clone, Copy, Default)]
pub struct Redemption<'a> {
    /// The new password.
    pub password: Option<&'a Secret>,
    /// The first admin's address.
    pub email: Option<&'a str>,
    /// The first admin's name; the address when empty.
    pub name: Option<&'a str>,
}

/// Uses a link up and signs its person in. A link that is unknown, used, past its time or whose person may not come in
/// is [`ServiceError::NotFound`]; a field that is wrong leaves the link as it is.
pub async fn redeem_link(
    ctx: &Context,
    token: &str,
    filled_in: Redemption<'_>,
    origin: &Origin,
    previous: Option<TokenHash>,
) -> Result<OpenedSession, ServiceError> {
    const GONE: ServiceError = ServiceError::NotFound("link");
    let token = Token::presented(token).ok_or(GONE)?.hash();
    let now = ctx.now();
    let link = one_time_links::find(ctx.db(), &token, now).await?;
    let link = link.ok_or(GONE)?;
    let known = match link.user_id {
        Some(id) => Some(users::find(ctx.db(), id).await?.ok_or(GONE)?),
        None => None,
    };
    let prepared = prepare(link.purpose, known.as_ref(), filled_in).await?;

    let mut tx = ctx.db().begin().await?;
    let link = one_time_links::consume(&mut tx, &token, now).await?;
    let link = link.ok_or(GONE)?;
    let user = match link.user_id {
        Some(id) => users::find(&mut tx, id).await?,
        None => None,
    };
    let attempt = Attempt {
        origin,
        now,
        limits: ctx.live().config.auth.session,
        previous,
    };
    let user = match (link.purpose, user, prepared) {
        (OneTimePurpose::Invite, Some(user), Prepared::Password(phc)) => {
            accept_invitation(&mut tx, user, &phc, attempt).await?
        }
        (OneTimePurpose::Reset, Some(user), Prepared::Password(phc)) => {
            reset(&mut tx, user, &phc, attempt).await?
        }
        (OneTimePurpose::Setup, None, Prepared::FirstAdmin { email, name, phc }) => {
            set_up(&mut tx, &email, &name, &phc, attempt).await?
        }
        (OneTimePurpose::BreakGlass, Some(user), Prepared::Nothing)
            if user.status == UserStatus::Active
                && user.global_role == GlobalRole::PlatformAdmin =>
        {
            tracing::warn!(user_id = %user.id, "an admin came in by a break-glass link");
            user
        }
        _ => return Err(GONE),
    };
    let detail = Some(json!({ "purpose": link.purpose }));
    let entry = by_themselves(&user, Action::LinkUsed, None, detail, origin);
    audit::append(&mut tx, entry, now).await?;
    let opened = open_without_provider(&mut tx, user.id, link.purpose.as_str(), attempt).await?;
    Rung::of(&user.email, origin).clear(&mut tx).await?;
    tx.commit().await?;
    ctx.counters().signed_in(SignIn::PASSWORD);
    Ok(opened)
}

/// What was filled in, checked and hashed: that takes time, which a transaction must not.
enum Prepared {
    Nothing,
    Password(String),
    FirstAdmin {
        email: Email,
        name: String,
        phc: String,
    },
}

async fn prepare(
    purpose: OneTimePurpose,
    known: Option<&User>,
    filled_in: Redemption<'_>,
) -> Result<Prepared, ServiceError> {
    match purpose {
        OneTimePurpose::BreakGlass => Ok(Prepared::Nothing),
        OneTimePurpose::Invite | OneTimePurpose::Reset => {
            let (email, name) = known.map_or(("", ""), |user| (&user.email, &user.name));
            new_hash(filled_in.password, email, name)
                .await
                .map(Prepared::Password)
        }
        OneTimePurpose::Setup => {
            let email: Email = filled_in
                .email
                .unwrap_or_default()
                .parse()
                .map_err(|_| ServiceError::invalid("email", "Enter an e-mail address."))?;
            let name: String = filled_in
                .name
                .unwrap_or_default()
                .chars()
                .filter(|&c| may_stand_in_name(c))
                .take(200)
                .collect();
            let name = match name.trim() {
                "" => email.to_string(),
                name => name.to_owned(),
            };
            let phc = new_hash(filled_in.password, email.as_str(), &name).await?;
            Ok(Prepared::FirstAdmin { email, name, phc })
        }
    }
}

async fn new_hash(
    password: Option<&Secret>,
    email: &str,
    name: &str,
) -> Result<String, ServiceError> {
    let password =
        password.ok_or_else(|| ServiceError::invalid("password", "Choose a password."))?;
    password::check_new(password, email, name)
        .map_err(|sentence| ServiceError::invalid("password", sentence))?;
    Ok(password::hash(password).await?)
}

async fn accept_invitation(
    tx: &mut Tx,
    user: User,
    phc: &str,
    attempt: Attempt<'_>,
) -> Result<User, ServiceError> {
    if user.status != UserStatus::Invited || !user.sign_in.is_password() {
        return Err(ServiceError::NotFound("link"));
    }
    users::set_password(&mut *tx, user.id, phc, false).await?;
    users::set_status(&mut *tx, user.id, UserStatus::Active, None).await?;
    let (before, after) = (
        json!({ "status": UserStatus::Invited }),
        json!({ "status": UserStatus::Active }),
    );
    let entry = by_themselves(
        &user,
        Action::UserActivated,
        Some(before),
        Some(after),
        attempt.origin,
    );
    audit::append(tx, entry, attempt.now).await?;
    Ok(user)
}

async fn reset(
    tx: &mut Tx,
    user: User,
    phc: &str,
    attempt: Attempt<'_>,
) -> Result<User, ServiceError> {
    if user.status != UserStatus::Active || !user.sign_in.is_password() {
        return Err(ServiceError::NotFound("link"));
    }
    users::set_password(&mut *tx, user.id, phc, false).await?;
    let ended = sessions::revoke_all(&mut *tx, user.id, None, attempt.now).await?;
    let after = Some(json!({ "sessions_ended": ended, "how": OneTimePurpose::Reset }));
    let entry = by_themselves(&user, Action::PasswordChanged, None, after, attempt.origin);
    audit::append(tx, entry, attempt.now).await?;
    Ok(user)
}

/// Makes the first admin, if there is still none who could come in: what was asked when the link was printed.
async fn set_up(
    tx: &mut Tx,
    email: &Email,
    name: &str,
    phc: &str,
    attempt: Attempt<'_>,
) -> Result<User, ServiceError> {
    if users::any_admin_with_way_in(&mut *tx, attempt.now).await? {
        return Err(ServiceError::conflict(
            "already_set_up",
            "This gateway has an administrator already.",
        ));
    }
    let new = users::NewUser {
        email,
        name,
        status: UserStatus::Active,
        sign_in: SignIn::password(),
        global_role: GlobalRole::PlatformAdmin,
        role_source: RoleSource::Manual,
        request_logging_enabled: false,
        managed_by: ManagedBy::Admin,
    };
    let (user, action) = match users::insert(&mut *tx, new, attempt.now).await? {
        Some(user) => (user, Action::UserProvisioned),
        None => match users::find_by_email(&mut *tx, email).await? {
            // The admin whom the file declares, and whom nobody could hand a link.
            Some(user) if is_waiting(&user) => {
                users::set_status(&mut *tx, user.id, UserStatus::Active, None).await?;
                (user, Action::UserActivated)
            }
            _ => {
                let sentence = "Somebody has this address already.";
                return Err(ServiceError::conflict("email_taken", sentence));
            }
        },
    };
    users::set_password(&mut *tx, user.id, phc, false).await?;
    let after = json!({ "global_role": user.global_role, "how": OneTimePurpose::Setup });
    let entry = by_themselves(&user, action, None, Some(after), attempt.origin);
    audit::append(tx, entry, attempt.now).await?;
    Ok(user)
}
