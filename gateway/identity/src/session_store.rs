//! The sessions of `tower_sessions`, kept in the gateway's database.
//!
//! A session is opened by the transaction of a sign-in and by nothing else: [`adopt`] hands the result to the browser's
//! `Session`. The store refuses to create any other, saves only into live rows, so that a late write never revives a
//! dead session, and keeps a hash of what the cookie holds.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use gateway_domain::Clock;
use gateway_store::{Db, sessions};
use time::OffsetDateTime;
use tower_sessions::{
    Session, SessionStore,
    session::{self, Id, Record},
    session_store::{Error, Result},
};

use crate::sign_in::{OpenedSession, session_hash};

/// Under this key [`adopt`] tells [`DbSessionStore::create`] which session was opened. Never stored.
const OPENED: &str = "ogw.opened";

/// The store for `tower_sessions`.
#[derive(Clone)]
pub struct DbSessionStore {
    db: Db,
    clock: Arc<dyn Clock>,
}

impl DbSessionStore {
    /// Keeps sessions in `db`; `clock` says which are still live.
    pub fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }
}

impl fmt::Debug for DbSessionStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DbSessionStore").finish_non_exhaustive()
    }
}

/// Makes the browser's session the one that a sign-in opened. Whatever session the browser came with ends, its data with
/// it: nothing that was there before the sign-in survives it.
pub async fn adopt(
    session: &Session,
    opened: &OpenedSession,
) -> std::result::Result<(), session::Error> {
    if session.id().is_some() {
        session.flush().await?;
    } else {
        session.clear().await;
    }
    // As text: JSON values hold no 128-bit numbers.
    session.insert(OPENED, opened.cookie.to_string()).await
}

#[async_trait]
impl SessionStore for DbSessionStore {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let opened = record
            .data
            .remove(OPENED)
            .and_then(|id| id.as_str()?.parse::<Id>().ok());
        let Some(id) = opened else {
            return Err(Error::Backend(
                "a session is opened by signing in and by nothing else".to_owned(),
            ));
        };
        record.id = id;
        if !record.data.is_empty() {
            self.save(record).await?;
        }
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let data = serde_json::to_string(&record.data)
            .map_err(|error| Error::Encode(error.to_string()))?;
        let hash = session_hash(&record.id);
        sessions::save_data(&self.db, &hash, &data, self.clock.now())
            .await
            .map_err(|error| backend(&error))?;
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let found = sessions::load_data(&self.db, &session_hash(id), self.clock.now())
            .await
            .map_err(|error| backend(&error))?;
        found
            .map(|(data, expires_at)| {
                let data = serde_json::from_str(&data)
                    .map_err(|error| Error::Decode(error.to_string()))?;
                Ok(Record {
                    id: *id,
                    data,
                    expiry_date: offset(expires_at)?,
                })
            })
            .transpose()
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        sessions::revoke_token(&self.db, &session_hash(id), self.clock.now())
            .await
            .map_err(|error| backend(&error))?;
        Ok(())
    }
}

fn offset(at: DateTime<Utc>) -> Result<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(at.timestamp())
        .map_err(|error| Error::Decode(error.to_string()))
}

fn backend(error: &gateway_store::Error) -> Error {
    let source = std::error::Error::source(error).map(|source| format!(": {source}"));
    Error::Backend(format!("{error}{}", source.unwrap_or_default()))
}
