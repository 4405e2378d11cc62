//! `gateway.yaml`: read, checked and typed.
//!
//! [`load`] reads the file and the environment once and returns either a [`Config`] or every [`Finding`], each with its
//! line, column, path and what was expected. Nothing else in the gateway reads the environment or YAML. The sections
//! are plain structs: only the server calls [`load`], the other crates take the parts they need.

mod auth;
mod duration;
mod finding;
mod load;
mod people;
mod public_url;
mod server;

pub use auth::{
    Auth, BootstrapAdmin, CallbackForm, Claims, Endpoints, HttpPolicy, Jit, JitMembership, OauthProvider, OidcProvider,
    SessionLimits, SigningAlgorithm,
};
pub use finding::{Finding, Findings, LoadError, Severity};
pub use load::{Config, Environment, ProcessEnvironment, load, parse};
pub use people::{TeamDeclaration, UserDeclaration, UserMembership};
pub use public_url::PublicUrl;
pub use server::{Database, Secrets, Server};
