//! The only SQL in the gateway: one text for SQLite and PostgreSQL.
//!
//! Free functions named by what they are for. One that runs one statement takes `impl Executor<'_>` (a [`Db`] or a
//! [`Tx`]); one that runs several takes `&mut Tx`, so that its signature promises that they succeed together. `now` is
//! always an argument. The store keeps; it decides nothing.

pub mod audit;
mod builder;
mod db;
mod error;
pub mod identities;
pub mod installation;
pub mod login_flows;
mod migrate;
pub mod one_time_links;
pub mod password_failures;
mod query;
pub mod sessions;
pub mod teams;
pub mod users;

pub use builder::Builder;
pub use db::{Db, Engine, Tx};
pub use error::{Error, Result};
pub use migrate::MigrationState;
pub use query::{Executor, Param, Query, Row, Sql};

use chrono::{DateTime, Utc};

/// Deletes what time has made worthless: flows, sessions, one-time links and failure counts past their end. Returns how
/// many rows went. Each statement runs on its own and uses an index, so nobody waits for it.
pub async fn prune(db: &Db, now: DateTime<Utc>) -> Result<u64> {
    let kept_for_display = now - chrono::TimeDelta::days(7);
    let mut gone = 0;
    for (sql, until) in [
        (
            "DELETE FROM login_flows WHERE expires_at < $1",
            now - chrono::TimeDelta::hours(1),
        ),
        ("DELETE FROM sessions WHERE expires_at < $1", now),
        (
            "DELETE FROM one_time_links WHERE expires_at < $1",
            kept_for_display,
        ),
        ("DELETE FROM password_failures WHERE expires_at < $1", now),
    ] {
        gone += db.query(sql).bind(until).execute().await?;
    }
    Ok(gone)
}
