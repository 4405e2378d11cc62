//! `gateway.yaml`: read, checked and typed.
//!
//! [`load()`] reads the file and the environment once and returns either a [`Config`] or every [`Finding`], each with its
//! line, column, path and what was expected. Nothing else in the gateway reads the environment or YAML. The sections
//! are plain structs: only the server calls [`load()`], the other crates take the parts they need.

mod algorithm;
mod auth;
mod binding;
mod duration;
mod finding;
mod load;
mod models;
mod oauth;
mod oidc;
mod people;
mod public_url;
mod read;
mod server;
mod source;
mod upstream;

pub use algorithm::SigningAlgorithm;
pub use auth::{Auth, BootstrapAdmin, CallbackForm, HttpPolicy, Jit, JitMembership, SessionLimits};
pub use duration::parse as parse_duration;
pub use finding::{Finding, Findings, LoadError, Severity};
pub use load::{Config, Environment, ProcessEnvironment, load, parse};
pub use models::{
    LedgerSettings, Model, RequestLogging, Route, ServiceAccountDeclaration, Unpriced,
};
pub use oauth::OauthProvider;
pub use oidc::{Claims, Endpoints, OidcProvider};
pub use people::{TeamDeclaration, UserDeclaration, UserMembership};
pub use public_url::PublicUrl;
pub use server::{Database, Secrets, Server};
pub use upstream::{AwsCredential, AzureCredential, ModelProvider, ProviderKind, Timeouts};
