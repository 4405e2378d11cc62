//! Sign-in by password.

use gateway_domain::{
    Email, Origin, Secret, SignIn, TokenHash, User, UserId, UserStatus,
    audit::{Action, NewEntry, Party},
};
use gateway_store::{audit, users};
use serde_json::json;
use tracing::Instrument as _;

use super::ladder::Rung;
use crate::{
    Context, ServiceError, SignInError, SignInFailure,
    password::{self, PasswordError, Verdict},
    sign_in::{Attempt, OpenedSession, open_without_provider},
};

/// Why a password did not lead to a session.
#[derive(Debug, thiserror::Error)]
pub enum PasswordFailure {
    /// Whatever the cause.
    #[error("The address or the password is wrong.")]
    InvalidCredentials,
    /// Too many attempts.
    #[error("There were too many attempts. Try again in {retry_after} s.")]
    RateLimited {
        /// Seconds until the next attempt may succeed.
        retry_after: u64,
    },
    /// The gateway failed.
    #[error("Something went wrong on our side.")]
    Failed(#[source] ServiceError),
}

impl PasswordFailure {
    /// The stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidCredentials => "invalid_credentials",
            Self::RateLimited { .. } => "rate_limited",
            Self::Failed(_) => "server_error",
        }
    }
}

impl From<ServiceError> for PasswordFailure {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::RateLimited { retry_after } => Self::RateLimited { retry_after },
            error => Self::Failed(error),
        }
    }
}

impl From<gateway_store::Error> for PasswordFailure {
    fn from(error: gateway_store::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<PasswordError> for PasswordFailure {
    fn from(error: PasswordError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<tower_sessions::session::Error> for PasswordFailure {
    fn from(error: tower_sessions::session::Error) -> Self {
        Self::Failed(ServiceError::Internal(error.to_string()))
    }
}

impl From<PasswordError> for ServiceError {
    fn from(error: PasswordError) -> Self {
        Self::Internal(error.to_string())
    }
}

/// Opens a session for whoever knows a person's password. `previous` is the session that the browser came with.
pub async fn sign_in_with_password(
    ctx: &Context,
    email: &str,
    password: &Secret,
    origin: &Origin,
    previous: Option<TokenHash>,
) -> Result<OpenedSession, PasswordFailure> {
    let (ctx, origin) = (ctx.clone(), origin.clone());
    let (email, password) = (email.to_owned(), password.clone());
    let task = async move { counted(&ctx, &email, &password, &origin, previous).await };
    // On its own: a client that hangs up must not keep the audit log from hearing of the attempt.
    let task = tokio::spawn(task.in_current_span());
    task.await
        .map_err(|error| ServiceError::Internal(format!("a sign-in did not end: {error}")))?
}

async fn counted(
    ctx: &Context,
    email: &str,
    password: &Secret,
    origin: &Origin,
    previous: Option<TokenHash>,
) -> Result<OpenedSession, PasswordFailure> {
    let outcome = attempt(ctx, email, password, origin, previous).await;
    match &outcome {
        Ok(_) => ctx.counters().signed_in(SignIn::PASSWORD),
        Err(failure) => {
            let error = match failure {
                PasswordFailure::InvalidCredentials => SignInError::AccessDenied,
                PasswordFailure::RateLimited { .. } => SignInError::RateLimited,
                PasswordFailure::Failed(_) => SignInError::ServerError,
            };
            ctx.counters().refused(Some(SignIn::PASSWORD), error);
        }
    }
    outcome
}

async fn attempt(
    ctx: &Context,
    email: &str,
    password: &Secret,
    origin: &Origin,
    previous: Option<TokenHash>,
) -> Result<OpenedSession, PasswordFailure> {
    ctx.limits()
        .password_attempt(origin.address)
        .map_err(|retry_after| PasswordFailure::RateLimited { retry_after })?;
    let rung = Rung::of(email, origin);
    rung.climb(ctx).await?;
    let email = email.parse::<Email>().ok();
    let proof = match prove(ctx, email.as_ref(), password).await? {
        Ok(proof) => proof,
        Err(refused) => return refuse(ctx, email.as_ref(), &refused, origin).await,
    };
    match open(ctx, &proof, &rung, origin, previous).await? {
        Ok(opened) => Ok(opened),
        Err(refused) => refuse(ctx, email.as_ref(), &refused, origin).await,
    }
}

/// A password that fitted, before the decision.
struct Proof {
    user_id: UserId,
    /// The hash that it fitted.
    phc: String,
    /// The same password hashed with today's parameters, when those were others.
    rehashed: Option<String>,
}

/// Why not, for the audit log.
struct Refused {
    user: Option<User>,
    cause: &'static str,
}

/// Checks the password. Does the same work whoever the address belongs to.
async fn prove(
    ctx: &Context,
    email: Option<&Email>,
    password: &Secret,
) -> Result<Result<Proof, Refused>, PasswordFailure> {
    let user = match email {
        Some(email) => users::find_by_email(ctx.db(), email).await?,
        None => None,
    };
    let asked = user.as_ref().map_or_else(UserId::new, |user| user.id);
    let phc = users::password_hash(ctx.db(), asked).await?;
    let (user, phc) = match (user, phc) {
        (Some(user), Some(phc)) if refusal_of(&user).is_none() => (user, phc),
        (user, _) => {
            password::verify_dummy(password).await?;
            let cause = user.as_ref().map_or("unknown address", |user| {
                refusal_of(user).unwrap_or("has no password yet")
            });
            return Ok(Err(Refused { user, cause }));
        }
    };
    let rehashed = match password::verify(password, &phc).await? {
        Verdict::Wrong => {
            return Ok(Err(Refused {
                user: Some(user),
                cause: "wrong password",
            }));
        }
        Verdict::Right => None,
        Verdict::RightButOld => Some(password::hash(password).await?),
    };
    Ok(Ok(Proof {
        user_id: user.id,
        phc,
        rehashed,
    }))
}

/// Why this person cannot come in by password.
fn refusal_of(user: &User) -> Option<&'static str> {
    if !user.sign_in.is_password() {
        return Some("signs in through a provider");
    }
    match user.status {
        UserStatus::Active => None,
        UserStatus::Invited => Some("invited, not yet activated"),
        UserStatus::Disabled => Some("disabled"),
    }
}

/// The decision: the person and the password are still what they were when it was checked.
async fn open(
    ctx: &Context,
    proof: &Proof,
    rung: &Rung,
    origin: &Origin,
    previous: Option<TokenHash>,
) -> Result<Result<OpenedSession, Refused>, PasswordFailure> {
    let limits = ctx.live().config.auth.session;
    let mut tx = ctx.db().begin().await?;
    let user = users::find(&mut tx, proof.user_id).await?;
    let phc = users::password_hash(&mut tx, proof.user_id).await?;
    let cause = match &user {
        None => Some("deleted meanwhile"),
        Some(user) => refusal_of(user),
    };
    let changed = (phc.as_ref() != Some(&proof.phc)).then_some("changed meanwhile");
    let user = match (user, cause.or(changed)) {
        (Some(user), None) => user,
        (user, cause) => {
            let cause = cause.unwrap_or_default();
            return Ok(Err(Refused { user, cause }));
        }
    };
    if let Some(rehashed) = &proof.rehashed {
        users::set_password(&mut tx, user.id, rehashed, user.must_change_password).await?;
    }
    let attempt = Attempt {
        origin,
        now: ctx.now(),
        limits,
        previous,
    };
    let opened = open_without_provider(&mut tx, user.id, "password", attempt)
        .await
        .map_err(ServiceError::from)?;
    rung.clear(&mut tx).await?;
    tx.commit().await?;
    Ok(Ok(opened))
}

/// Here the person was checked before, in the same transaction: only the gateway can still be at fault.
impl From<SignInFailure> for ServiceError {
    fn from(failure: SignInFailure) -> Self {
        Self::Internal(failure.to_string())
    }
}

/// Tells the audit log why; the person hears one answer. An address that is nobody's is kept only when it is an address:
/// people type passwords into the wrong field.
async fn refuse(
    ctx: &Context,
    email: Option<&Email>,
    refused: &Refused,
    origin: &Origin,
) -> Result<OpenedSession, PasswordFailure> {
    let target = match (&refused.user, email) {
        (Some(user), _) => Party::new("user", user.id, user.email.clone()),
        (None, Some(email)) => Party::new("user", "", email.as_str()),
        (None, None) => Party::anonymous(),
    };
    let mut tx = ctx.db().begin().await?;
    let entry = NewEntry {
        actor: Party::anonymous(),
        action: Action::SignInFailed,
        target,
        before: None,
        after: Some(json!({ "reason": "invalid_credentials", "cause": refused.cause })),
        provider_key: Some(SignIn::PASSWORD),
        origin,
    };
    audit::append(&mut tx, entry, ctx.now()).await?;
    tx.commit().await?;
    tracing::info!(cause = refused.cause, "a sign-in by password was refused");
    Err(PasswordFailure::InvalidCredentials)
}
