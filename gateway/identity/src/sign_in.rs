//! The end of every sign-in: one transaction that says who it is, opens the session and writes the audit trail.
//!
//! Nothing outside the database is asked in here. Either all of it is there afterwards or none of it.

mod session;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use gateway_config::{Jit, SessionLimits};
use gateway_domain::{
    Email, ManagedBy, MembershipSource, Origin, RoleSource, SessionId, SignIn, TokenHash, User,
    UserId, UserStatus,
    audit::{Action, NewEntry, Party},
    sso::{Assertion, Decision, Facts, Policy, Provisioning, TrustEmail, decide},
};
use gateway_store::{Db, Tx, audit, identities, teams, users};
use serde_json::{Value, json};
use tower_sessions::session::Id;

use session::open_session;

use crate::{SignInError, SignInFailure};

/// What a provider's settings say about who may come in.
#[derive(Clone, Copy, Debug)]
pub struct Admission<'a> {
    /// Which addresses are believed.
    pub trust_email: TrustEmail,
    /// Hosts of addresses that may sign in.
    pub allowed_email_domains: &'a [String],
    /// What becomes of strangers.
    pub jit: Option<&'a Jit>,
}

/// A session that was opened, with what the cookie must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenedSession {
    /// Whose.
    pub user_id: UserId,
    /// Its public id.
    pub session_id: SessionId,
    /// What the cookie holds. Only its hash is stored.
    pub cookie: Id,
    /// Whether a password must be chosen before anything else.
    pub must_change_password: bool,
}

/// Everything about a sign-in that is not about the person.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// From where.
    pub origin: &'a Origin,
    /// When.
    pub now: DateTime<Utc>,
    /// How long sessions last.
    pub limits: SessionLimits,
    /// The session that the browser came with: it ends when this one opens.
    pub previous: Option<TokenHash>,
}

/// The hash under which a session is stored.
pub fn session_hash(id: &Id) -> TokenHash {
    TokenHash::of(&id.0.to_le_bytes())
}

/// Finds or makes the person of a verified assertion, and opens a session. The caller commits.
///
/// # Errors
/// A refusal leaves no trace but is told by the caller to [`record_failure`].
pub async fn with_assertion(
    tx: &mut Tx,
    assertion: &Assertion,
    admission: Admission<'_>,
    attempt: Attempt<'_>,
) -> Result<OpenedSession, SignInFailure> {
    let linked = identities::linked(&mut *tx, assertion).await?;
    let holder = match &assertion.email {
        Some(email) => users::holder(&mut *tx, email).await?,
        None => None,
    };
    let facts = Facts {
        linked: linked.as_ref().map(|(_, _, known)| known.clone()),
        holder,
    };
    // Only a stranger's sign-in needs the policy for strangers: a team missing from it keeps nobody else out.
    let jit = admission.jit.filter(|_| linked.is_none());
    let policy = policy(tx, Admission { jit, ..admission }).await?;
    let user_id = match decide(assertion, &facts, &policy) {
        Decision::SignIn(user_id) => user_id,
        Decision::Activate(user_id) => activate(tx, user_id, attempt).await?,
        Decision::Provision(email, provisioning) => {
            provision(tx, assertion, &email, &provisioning, attempt).await?
        }
        Decision::Refuse(refusal) => {
            return Err(SignInFailure::new(refusal.into(), refusal.to_string()));
        }
    };
    match linked {
        Some((identity, known_email, _)) => {
            note_email_change(tx, user_id, assertion, known_email.as_deref(), attempt).await?;
            let email = assertion.email.as_ref().map(Email::as_str);
            identities::touch(&mut *tx, identity, email, attempt.now).await?;
        }
        None => link(tx, user_id, assertion, attempt).await?,
    }
    let detail = assertion_detail(assertion);
    open_session(tx, user_id, &assertion.provider_key, detail, attempt).await
}

/// Opens a session for a person who proved themselves without a provider: `password` or a one-time link. The caller
/// commits, together with what else the proof changes.
pub async fn open_without_provider(
    tx: &mut Tx,
    user_id: UserId,
    how: &str,
    attempt: Attempt<'_>,
) -> Result<OpenedSession, SignInFailure> {
    open_session(
        tx,
        user_id,
        SignIn::PASSWORD,
        json!({ "how": how }),
        attempt,
    )
    .await
}

/// Writes a failed sign-in to the audit log.
pub async fn record_failure(
    db: &Db,
    provider_key: Option<&str>,
    target: Party,
    failure: &SignInFailure,
    action: Action,
    origin: &Origin,
    now: DateTime<Utc>,
) -> Result<(), gateway_store::Error> {
    let mut tx = db.begin().await?;
    let entry = NewEntry {
        actor: Party::anonymous(),
        action,
        target,
        before: None,
        after: Some(json!({ "reason": failure.error.code(), "cause": failure.cause })),
        provider_key,
        origin,
    };
    audit::append(&mut tx, entry, now).await?;
    tx.commit().await
}

async fn policy(tx: &mut Tx, admission: Admission<'_>) -> Result<Policy, SignInFailure> {
    let provisioning = match admission.jit {
        Some(jit) => Some(provisioning(tx, jit).await?),
        None => None,
    };
    Ok(Policy {
        trust_email: admission.trust_email,
        allowed_email_domains: admission.allowed_email_domains.to_vec(),
        provisioning,
    })
}

/// A team that is missing or archived stops the sign-in: a person must not come out with less than the policy says.
async fn provisioning(tx: &mut Tx, jit: &Jit) -> Result<Provisioning, SignInFailure> {
    let membership = match &jit.membership {
        None => None,
        Some(wanted) => {
            let team = teams::find(&mut *tx, &wanted.team).await?;
            let team = team
                .filter(|team| team.archived_at.is_none())
                .ok_or_else(|| {
                    let cause = format!(
                        "jit.membership names the team {}, which is missing or archived",
                        wanted.team
                    );
                    SignInFailure::new(SignInError::ServerError, cause)
                })?;
            Some((team.id, wanted.role))
        }
    };
    Ok(Provisioning {
        global_role: jit.global_role,
        membership,
        request_logging_enabled: jit.request_logging_enabled,
    })
}

async fn activate(
    tx: &mut Tx,
    user_id: UserId,
    attempt: Attempt<'_>,
) -> Result<UserId, SignInFailure> {
    users::set_status(&mut *tx, user_id, UserStatus::Active, None).await?;
    let user = must_find(tx, user_id).await?;
    let entry = NewEntry {
        actor: party(&user),
        action: Action::UserActivated,
        target: party(&user),
        before: Some(json!({ "status": UserStatus::Invited })),
        after: Some(json!({ "status": UserStatus::Active })),
        provider_key: None,
        origin: attempt.origin,
    };
    audit::append(tx, entry, attempt.now).await?;
    Ok(user_id)
}

async fn provision(
    tx: &mut Tx,
    assertion: &Assertion,
    email: &Email,
    provisioning: &Provisioning,
    attempt: Attempt<'_>,
) -> Result<UserId, SignInFailure> {
    let new = users::NewUser {
        email,
        name: assertion.name.as_deref().unwrap_or(email.as_str()),
        status: UserStatus::Active,
        sign_in: SignIn::provider(&assertion.provider_key),
        global_role: provisioning.global_role,
        role_source: RoleSource::Jit,
        request_logging_enabled: provisioning.request_logging_enabled,
        managed_by: ManagedBy::Provider,
    };
    let user = users::insert(tx, new, attempt.now).await?;
    let user = user.ok_or_else(|| {
        SignInFailure::new(SignInError::IdentityConflict, "the address was taken")
    })?;
    if let Some((team, role)) = provisioning.membership {
        teams::set_member(
            &mut *tx,
            user.id,
            team,
            role,
            MembershipSource::Jit,
            attempt.now,
        )
        .await?;
    }
    let entry = NewEntry {
        actor: party(&user),
        action: Action::UserProvisioned,
        target: party(&user),
        before: None,
        after: Some(json!({
            "global_role": user.global_role,
            "request_logging_enabled": user.request_logging_enabled,
            "membership": provisioning.membership.map(|(team, role)| json!({ "team_id": team, "role": role })),
        })),
        provider_key: Some(&assertion.provider_key),
        origin: attempt.origin,
    };
    audit::append(tx, entry, attempt.now).await?;
    Ok(user.id)
}

async fn link(
    tx: &mut Tx,
    user_id: UserId,
    assertion: &Assertion,
    attempt: Attempt<'_>,
) -> Result<(), SignInFailure> {
    identities::insert(&mut *tx, user_id, assertion, attempt.now).await?;
    let user = must_find(tx, user_id).await?;
    let entry = NewEntry {
        actor: party(&user),
        action: Action::IdentityLinked,
        target: party(&user),
        before: None,
        after: Some(assertion_detail(assertion)),
        provider_key: Some(&assertion.provider_key),
        origin: attempt.origin,
    };
    audit::append(tx, entry, attempt.now).await?;
    Ok(())
}

/// The address of a linked person may change at the provider; it is noted and changes nothing here.
async fn note_email_change(
    tx: &mut Tx,
    user_id: UserId,
    assertion: &Assertion,
    known: Option<&str>,
    attempt: Attempt<'_>,
) -> Result<(), SignInFailure> {
    let Some(email) = assertion
        .email
        .as_ref()
        .filter(|email| Some(email.as_str()) != known)
    else {
        return Ok(());
    };
    let user = must_find(tx, user_id).await?;
    let entry = NewEntry {
        actor: party(&user),
        action: Action::IdentityEmailChanged,
        target: party(&user),
        before: Some(json!({ "email": known })),
        after: Some(json!({ "email": email.as_str() })),
        provider_key: Some(&assertion.provider_key),
        origin: attempt.origin,
    };
    audit::append(tx, entry, attempt.now).await?;
    Ok(())
}

async fn must_find(tx: &mut Tx, user_id: UserId) -> Result<User, SignInFailure> {
    let user = users::find(&mut *tx, user_id).await?;
    user.ok_or_else(|| {
        SignInFailure::new(
            SignInError::ServerError,
            "the person vanished within the transaction",
        )
    })
}

/// What the audit log keeps of an assertion: the subject only as its hash.
fn assertion_detail(assertion: &Assertion) -> Value {
    let subject = TokenHash::of(assertion.subject.as_bytes()).to_hex();
    json!({
        "provider": assertion.provider_key,
        "issuer": assertion.issuer,
        "subject_sha256": subject,
        "email": assertion.email.as_ref().map(Email::as_str),
        "email_verified": assertion.email_verified,
    })
}

fn party(user: &User) -> Party {
    Party::new("user", user.id, user.email.clone())
}

/// A time limit from now on.
pub fn after(now: DateTime<Utc>, limit: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(limit)
        .ok()
        .and_then(|delta| now.checked_add_signed(delta))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}
