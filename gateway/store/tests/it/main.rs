//! What the store promises, on both databases.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on stops and says where"
)]

mod api_keys;
mod audit;
mod failures;
mod flows;
mod identities;
mod ledger;
mod links;
mod migrations;
mod people;
mod prune;
mod samples;
mod schema;
mod service_accounts;
mod sessions;
mod teams;
mod transactions;
