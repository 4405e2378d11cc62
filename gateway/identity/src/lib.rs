//! Who you are: providers, sign-in, sessions, passwords, people and teams.
//!
//! The services here decide: each function checks the caller's right, acts in one transaction and writes the audit
//! entry of what it did. They know nothing of HTTP requests or pages; the edges parse and answer.

pub mod account;
pub mod api_keys;
pub mod audit_service;
pub mod audit_text;
mod caller;
pub mod context;
pub mod counters;
pub mod declared;
mod error;
pub mod flow;
pub mod http;
pub mod limits;
pub mod oauth;
pub mod oidc;
pub mod one_time;
mod page;
pub mod password;
pub mod people;
pub mod providers;
pub mod rights;
pub mod service_accounts;
pub mod session_service;
pub mod session_store;
pub mod sign_in;
pub mod teams;
mod words;

pub use caller::{Authority, Caller};
pub use context::{Context, ContextError, Live};
pub use error::{ServiceError, SignInError, SignInFailure};
pub use page::{Page, Paging};
