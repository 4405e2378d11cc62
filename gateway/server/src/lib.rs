//! The `gateway` program: one binary with sign-in, admin pages and admin API.
//!
//! This crate puts the others together: [`app`] the routes, [`cli`] the commands. What it adds itself is what surrounds
//! a request and a process: logging, health, metrics, reload and the orderly end.

mod access_log;
pub mod api;
pub mod app;
mod auth;
pub mod cli;
mod demo;
mod health;
mod jobs;
pub mod logging;
pub mod metrics;
mod reload;
mod serve;
mod start;
mod state;
mod v1;

pub use state::AppState;
