//! People, teams and the links to their providers, as they are stored.

use chrono::{DateTime, Utc};

use crate::{
    DisabledBy, GlobalRole, IdentityId, ManagedBy, MembershipSource, Payloads, RoleSource, SignIn,
    TeamId, TeamRole, UserId, UserStatus,
};

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// The address as written; [`crate::Email::key`] of it is unique.
    pub email: String,
    /// What to call them.
    pub name: String,
    /// Where they stand.
    pub status: UserStatus,
    /// Who disabled them, when disabled.
    pub disabled_by: Option<DisabledBy>,
    /// How they sign in.
    pub sign_in: SignIn,
    /// What they may do.
    pub global_role: GlobalRole,
    /// Why.
    pub role_source: RoleSource,
    /// Whether their requests are logged.
    pub request_logging_enabled: bool,
    /// Who owns this record.
    pub managed_by: ManagedBy,
    /// Whether the next sign-in by password must choose another.
    pub must_change_password: bool,
    /// When the record was made.
    pub created_at: DateTime<Utc>,
    /// When they last signed in.
    pub last_sign_in_at: Option<DateTime<Utc>>,
}

/// A subject at a provider, linked to a person.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Identity {
    /// Which link.
    pub id: IdentityId,
    /// Whose.
    pub user_id: UserId,
    /// The provider's key in the file.
    pub provider_key: String,
    /// The issuer that it came from. A changed issuer makes strangers of its old subjects.
    pub issuer: String,
    /// The subject, compared byte by byte.
    pub subject: String,
    /// The address that the provider last gave; of no consequence for who this is.
    pub email: Option<String>,
    /// When the link was made.
    pub linked_at: DateTime<Utc>,
    /// When it last signed in.
    pub last_sign_in_at: Option<DateTime<Utc>>,
}

/// A team.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Team {
    /// Which.
    pub id: TeamId,
    /// Its name in the file and in paths; never changes.
    pub key: String,
    /// Its name for people.
    pub name: String,
    /// Who owns this record: the file or an admin.
    pub managed_by: ManagedBy,
    /// What its request log keeps of bodies at most; `None`: what the file says for all.
    pub payloads: Option<Payloads>,
    /// When it left the file, if it did: it keeps its history and grants nothing.
    pub archived_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// A person's place in a team, with the team's names.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Membership {
    /// Who.
    pub user_id: UserId,
    /// Where.
    pub team_id: TeamId,
    /// The team's key.
    pub team_key: String,
    /// The team's name.
    pub team_name: String,
    /// As what.
    pub role: TeamRole,
    /// Why.
    pub source: MembershipSource,
}
