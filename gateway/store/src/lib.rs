//! The only SQL in the gateway: one text for SQLite and PostgreSQL.
//!
//! Free functions named by what they are for. One that runs one statement takes `impl Executor<'_>` (a [`Db`] or a
//! [`Tx`]); one that runs several takes `&mut Tx`, so that its signature promises that they succeed together. `now` is
//! always an argument. The store keeps; it decides nothing.

pub mod api_keys;
pub mod audit;
mod builder;
mod db;
mod error;
pub mod identities;
pub mod installation;
pub mod ledger;
pub mod login_flows;
mod migrate;
pub mod one_time_links;
pub mod password_failures;
mod query;
pub mod requests;
pub mod service_accounts;
pub mod sessions;
mod storable;
pub mod teams;
pub mod usage;
pub mod users;

pub use builder::Builder;
pub use db::{Db, Engine, Tx};
pub use error::{Error, Result};
pub use migrate::MigrationState;
pub use query::{Executor, Param, Query, Row, Sql};

use std::time::Duration;

use chrono::{DateTime, Utc};

/// Rows of one statement of a clean-up, and how long the next one waits.
const BATCH: u64 = 1_000;
const PAUSE: Duration = Duration::from_millis(20);

/// Deletes what time has made worthless: flows, sessions, one-time links, replaced keys and failure counts past their end. Returns how
/// many rows went. A flood leaves many rows behind; they go a batch at a time, with a pause in between in which those get
/// their turn who wait for SQLite's only write lock.
pub async fn prune(db: &Db, now: DateTime<Utc>) -> Result<u64> {
    let kept_for_display = now - chrono::TimeDelta::days(7);
    let mut gone = 0;
    for (sql, until) in [
        (
            "DELETE FROM login_flows WHERE state_hash IN \
             (SELECT state_hash FROM login_flows WHERE expires_at < $1 LIMIT $2)",
            now - chrono::TimeDelta::hours(1),
        ),
        (
            "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < $1 LIMIT $2)",
            now,
        ),
        (
            "DELETE FROM one_time_links WHERE id IN \
             (SELECT id FROM one_time_links WHERE expires_at < $1 LIMIT $2)",
            kept_for_display,
        ),
        (
            "DELETE FROM api_key_secrets WHERE token_hash IN \
             (SELECT token_hash FROM api_key_secrets WHERE valid_until < $1 LIMIT $2)",
            kept_for_display,
        ),
        (
            "DELETE FROM password_failures WHERE key_hash IN \
             (SELECT key_hash FROM password_failures WHERE expires_at < $1 LIMIT $2)",
            now,
        ),
    ] {
        gone += prune_table(db, sql, until).await?;
    }
    Ok(gone)
}

async fn prune_table(db: &Db, sql: &'static str, until: DateTime<Utc>) -> Result<u64> {
    let mut gone = 0;
    loop {
        let batch = db
            .query(sql)
            .bind(until)
            .bind(BATCH.cast_signed())
            .execute()
            .await?;
        gone += batch;
        if batch < BATCH {
            return Ok(gone);
        }
        tokio::time::sleep(PAUSE).await;
    }
}
