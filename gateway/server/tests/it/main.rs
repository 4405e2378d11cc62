//! The gateway from outside: its real router over a real database, against providers that misbehave on command.
//!
//! `case_NNN_…` is the test of that case of the sign-in catalogue. Every test of [`cases!`] runs on both databases.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on stops and says where"
)]

#[macro_use]
mod harness;

mod admission;
mod api_document;
mod at_rest;
mod audit;
mod authorisation;
mod bad_input;
mod conformance;
mod declared;
mod faults;
mod flows;
mod github;
mod harness_works;
mod id_tokens;
mod keys;
mod network;
mod operations;
mod pages;
mod pages_calls;
mod pages_keys;
mod pages_models;
mod passwords;
mod people;
mod reauthorisation;
mod redirects;
mod secrets;
mod session_api;
mod sessions;
mod teams;
mod v1;
