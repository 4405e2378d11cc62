//! The words of the gateway and the rules that need nothing else.
//!
//! Everything here is pure: no socket, no database, no environment, no clock of its own. It refuses to know how a
//! thing is stored or shown; it decides who a sign-in is ([`sso`]), who may do what ([`access`]) and what an audit
//! entry's hash covers ([`audit`]).

pub mod access;
pub mod audit;
mod clock;
mod email;
mod id;
mod people;
mod return_to;
mod role;
mod secret;
mod sessions;
pub mod sso;
mod token;

pub use clock::{Clock, FixedClock, SystemClock};
pub use email::{Email, EmailError};
pub use id::{IdentityId, LinkId, RequestId, SessionId, TeamId, UserId};
pub use people::{Identity, Membership, Team, User};
pub use return_to::ReturnTo;
pub use role::{
    DisabledBy, GlobalRole, ManagedBy, MembershipSource, OneTimePurpose, RoleSource, SignIn,
    TeamRole, UserStatus,
};
pub use secret::Secret;
pub use sessions::{Origin, SessionInfo};
pub use token::{Token, TokenHash};
