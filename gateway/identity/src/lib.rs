//! Who you are: providers, sign-in, sessions, passwords, people and teams.
//!
//! The services here decide: each function checks the caller's right, acts in one transaction and writes the audit
//! entry of what it did. They know nothing of HTTP requests or pages; the edges parse and answer.

mod caller;
mod error;
pub mod sign_in;

pub use caller::{Authority, Caller};
pub use error::{ServiceError, SignInError, SignInFailure};
