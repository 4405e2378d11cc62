//! The handle that the data plane writes through.

use std::{
    collections::HashMap,
    io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use gateway_domain::{
    ApiKeyId, AttemptId, Clock,
    ledger::{Attempt, RequestRecord},
};
use gateway_store::{Db, ledger::PayloadRow};
use tokio::sync::watch;

use crate::{
    Opened, Payload, Stats, clean,
    journal::{Journal, Limits, Progress, spool},
    recovery,
    rows::Row,
    sink::Sink,
    stats::Counters,
    writer::Writer,
};

/// Bytes of a payload beyond which it is not kept. Whoever hands it over cuts it much shorter.
const LONGEST_PAYLOAD: usize = 64 * 1024 * 1024;

/// Why the ledger cannot do it.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The journal cannot be written or read.
    #[error("the ledger's journal failed")]
    Journal(#[from] io::Error),
    /// The database does not take the rows. They stay in the journal.
    #[error("the database does not take the ledger's rows")]
    Database(#[from] gateway_store::Error),
    /// The same: it does not answer.
    #[error("the database does not answer the ledger")]
    Late,
}

/// Writes down every call exactly once. Cheap to clone.
///
/// What the first four functions write down survives the process from their return on: [`Ledger::begin`],
/// [`Ledger::progress`], [`Ledger::settle`] and [`Ledger::close`] append to a file and take microseconds. The rows reach
/// the database through [`Ledger::run`].
#[derive(Clone)]
pub struct Ledger(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) journal: Journal,
    pub(crate) sink: Sink,
    pub(crate) counters: Counters,
    /// When keys were last used that the database does not know of.
    pub(crate) keys: Mutex<HashMap<ApiKeyId, DateTime<Utc>>>,
    clock: Arc<dyn Clock>,
    writer: tokio::sync::Mutex<Writer>,
}

impl Ledger {
    /// Opens a journal under `spool`, a folder on the local disk, after settling what dead processes left there.
    pub async fn open(db: Db, clock: Arc<dyn Clock>, spool: &Path) -> Result<Self, LedgerError> {
        Self::open_with(db, clock, spool, Limits::default()).await
    }

    pub(crate) async fn open_with(
        db: Db,
        clock: Arc<dyn Clock>,
        spool: &Path,
        limits: Limits,
    ) -> Result<Self, LedgerError> {
        let path = spool.to_owned();
        let (folder, left) = blocking(move || spool::claim(&path)).await?;
        let journal = Journal::create(folder, limits)?;
        let (sink, counters) = (Sink::new(db, spool.to_owned()), Counters::default());
        for folder in left {
            recovery::recover(folder, &sink, &counters).await?;
        }
        Ok(Self(Arc::new(Shared {
            journal,
            sink,
            counters,
            keys: Mutex::default(),
            clock,
            writer: tokio::sync::Mutex::default(),
        })))
    }

    /// Writes rows to the database until `stopped` says so, and then what is left. What the database does not take even
    /// then stays in the journal for the next start.
    pub async fn run(self, stopped: watch::Receiver<bool>) {
        crate::writer::run(&self, stopped).await;
    }

    /// Whether another call can be written down. If not, callers are refused before anything is spent.
    pub fn has_room(&self) -> bool {
        self.0.journal.has_room()
    }

    /// Writes down that an upstream is about to be called. If the process dies before [`Ledger::settle`], the next start
    /// settles the attempt, and closes its request, as `killed`.
    pub fn begin(&self, opened: &Opened) -> Result<(), LedgerError> {
        Ok(self.0.journal.begin(opened)?)
    }

    /// Notes how many tokens an attempt has put out so far, for the case that the process dies. Now and then is enough.
    pub fn progress(&self, attempt: AttemptId, output: u64) {
        let at = self.0.clock.now();
        // A journal that fails has said so itself.
        let _ = self.0.journal.progress(Progress {
            attempt,
            output,
            at,
        });
    }

    /// Writes down how an attempt ended: the row as it will stand in the ledger.
    pub fn settle(&self, mut attempt: Attempt) {
        clean::attempt(&mut attempt);
        let row = Row::Attempt(attempt);
        self.0.journal.say([row], &self.0.counters);
    }

    /// Writes down how a request ended, with what was said in it if that is to be kept. A request is closed once, whether
    /// its attempts are settled before or after.
    pub fn close(&self, mut request: RequestRecord, payload: Option<Payload>) {
        clean::request(&mut request);
        let payload = self.kept(&request, payload);
        let (journal, counters) = (&self.0.journal, &self.0.counters);
        match payload {
            None => journal.say([Row::Request(request)], counters),
            Some(payload) => journal.say([Row::Request(request), payload], counters),
        }
    }

    /// [`Ledger::settle`] and [`Ledger::close`] at once, at less cost.
    pub fn finish(
        &self,
        mut attempt: Attempt,
        mut request: RequestRecord,
        payload: Option<Payload>,
    ) {
        clean::attempt(&mut attempt);
        clean::request(&mut request);
        let payload = self.kept(&request, payload);
        let (attempt, request) = (Row::Attempt(attempt), Row::Request(request));
        let (journal, counters) = (&self.0.journal, &self.0.counters);
        match payload {
            None => journal.say([attempt, request], counters),
            Some(payload) => journal.say([attempt, request, payload], counters),
        }
    }

    /// The row of what was said, if there is room for it.
    fn kept(&self, request: &RequestRecord, payload: Option<Payload>) -> Option<Row> {
        let payload = payload?;
        let is_long = payload.request.len() + payload.response.len() > LONGEST_PAYLOAD;
        if is_long || self.0.journal.is_tight() {
            self.0.counters.payloads_dropped.add(1);
            return None;
        }
        let mut row = PayloadRow {
            request_id: request.id,
            at: request.at,
            kept: payload.kept,
            request: payload.request,
            response: payload.response,
            truncated: payload.truncated,
        };
        clean::payload(&mut row);
        Some(Row::Payload(row))
    }

    /// Notes that a key was used. The latest reaches the database within some seconds, unless the process dies.
    pub fn key_used(&self, key: ApiKeyId, at: DateTime<Utc>) {
        let mut keys = self.0.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let known = keys.entry(key).or_insert(at);
        *known = at.max(*known);
    }

    /// Waits until everything said before is in the database.
    ///
    /// # Errors
    /// When the database does not take it at once. It is tried again by [`Ledger::run`].
    pub async fn flush(&self) -> Result<(), LedgerError> {
        let mut writer = self.0.writer.lock().await;
        let (said, _) = self.0.journal.tally();
        while self.0.journal.tally().1 < said && writer.step(&self.0).await? {}
        writer.write_keys(&self.0).await
    }

    /// How it fares.
    pub fn stats(&self) -> Stats {
        let (queued, open_attempts) = self.0.journal.waiting();
        Stats {
            open_attempts,
            queued,
            journal_bytes: self.0.journal.bytes(),
            ..self.0.counters.stats()
        }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0
    }

    pub(crate) fn writer(&self) -> &tokio::sync::Mutex<Writer> {
        &self.0.writer
    }
}

/// Does what may wait for the disk, where nobody else has to wait for it.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)))
}
