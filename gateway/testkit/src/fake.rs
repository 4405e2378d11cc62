//! Providers that listen on loopback and misbehave on command.

pub mod callback;
pub mod endpoint;
pub mod github;
pub mod idp;
pub mod keys;
mod log;
mod server;
pub mod silence;
pub mod tls;
pub mod upstream;

pub use log::{Log, Seen};
