//! `teams` and `users`: what the file owns.

use gateway_domain::{Email, GlobalRole, Payloads, SignIn, TeamRole};

/// One of `teams`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamDeclaration {
    /// Its key, `[a-z0-9][a-z0-9_-]*`.
    pub key: String,
    /// Its name; default: the key.
    pub name: String,
    /// `request_logging`: what its request log keeps of bodies at most; `None`: what `request_logging.payloads` says.
    pub payloads: Option<Payloads>,
}

/// One of `users`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserDeclaration {
    /// Who.
    pub email: Email,
    /// What to call them; default: the address.
    pub name: String,
    /// `password`, or a provider's key.
    pub sign_in: SignIn,
    /// Their global role. Default `user`.
    pub global_role: GlobalRole,
    /// Their place in a team.
    pub membership: Option<UserMembership>,
    /// Whether requests are logged; `None`: left as it is, off for new people.
    pub request_logging_enabled: Option<bool>,
}

/// `users[].membership`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserMembership {
    /// A declared team's key.
    pub team: String,
    /// The role in it; here the operator may name an owner.
    pub role: TeamRole,
}
