//! The words of the gateway and the rules that need nothing else.
//!
//! Everything here is pure: no socket, no database, no environment, no clock of its own. It refuses to know how a
//! thing is stored or shown; it decides who a sign-in is ([`sso`]), who may do what ([`access`]) and what an audit
//! entry's hash covers ([`audit`]).

pub mod access;
mod api_key;
pub mod audit;
mod clock;
mod email;
mod id;
pub mod ledger;
pub mod money;
mod people;
mod return_to;
mod role;
mod secret;
mod sessions;
pub mod sso;
mod token;

pub use api_key::{ApiKey, ApiKeySecret, KeyOwner, KeySecretFault, ServiceAccount};
pub use clock::{Clock, FixedClock, SystemClock};
pub use email::{Email, EmailError};
pub use id::{
    ApiKeyId, AttemptId, IdentityId, LinkId, RequestId, ServiceAccountId, SessionId, TeamId, UserId,
};
pub use people::{Identity, Membership, Team, User};
pub use return_to::ReturnTo;
pub use role::{
    DisabledBy, GlobalRole, ManagedBy, MembershipSource, OneTimePurpose, OwnerKind, Payloads,
    RoleSource, ServiceAccountStatus, SignIn, TeamRole, UserStatus,
};
pub use secret::Secret;
pub use sessions::{Origin, SessionInfo};
pub use token::{Token, TokenHash};
