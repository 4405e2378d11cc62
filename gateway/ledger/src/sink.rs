//! Into the database.

use std::{fmt, fs::File, io, io::Write as _, path::PathBuf, time::Duration};

use gateway_domain::ledger::{Attempt, RequestRecord};
use gateway_store::{
    Db,
    ledger::{self, Batch, PayloadRow},
};
use serde::Serialize;

use crate::{LedgerError, rows::Rows, stats::Counters};

/// How long the database may take for a batch. One that was given up may be there all the same; it is written again.
const PATIENCE: Duration = Duration::from_secs(20);
/// Where rows go that the database will never take.
const REFUSED: &str = "refused.jsonl";

/// Writes rows to the database, each once, however often it is given.
pub(crate) struct Sink {
    db: Db,
    spool: PathBuf,
}

impl Sink {
    pub(crate) fn new(db: Db, spool: PathBuf) -> Self {
        Self { db, spool }
    }

    pub(crate) fn db(&self) -> &Db {
        &self.db
    }

    /// Writes all of them, or fails and may have written some; then all may be given again.
    pub(crate) async fn put(&self, rows: &Rows, counters: &Counters) -> Result<(), LedgerError> {
        if rows.len() == 0 {
            return Ok(());
        }
        match self.write(rows.as_batch(), counters).await {
            Err(LedgerError::Database(error)) if ledger::is_fault_of_a_row(&error) => {
                self.one_by_one(rows, counters).await
            }
            done => done,
        }
    }

    async fn write(&self, batch: Batch<'_>, counters: &Counters) -> Result<(), LedgerError> {
        let written = tokio::time::timeout(PATIENCE, ledger::write(&self.db, batch)).await;
        let written = written.map_err(|_| LedgerError::Late)??;
        counters.rows_written.add(written);
        Ok(())
    }

    /// Finds the row that keeps the others from being written.
    async fn one_by_one(&self, rows: &Rows, counters: &Counters) -> Result<(), LedgerError> {
        for row in &rows.attempts {
            let attempts = std::slice::from_ref(row);
            self.one(
                Batch {
                    attempts,
                    ..Batch::default()
                },
                counters,
            )
            .await?;
        }
        for row in &rows.requests {
            let requests = std::slice::from_ref(row);
            self.one(
                Batch {
                    requests,
                    ..Batch::default()
                },
                counters,
            )
            .await?;
        }
        for row in &rows.payloads {
            let payloads = std::slice::from_ref(row);
            self.one(
                Batch {
                    payloads,
                    ..Batch::default()
                },
                counters,
            )
            .await?;
        }
        Ok(())
    }

    async fn one(&self, batch: Batch<'_>, counters: &Counters) -> Result<(), LedgerError> {
        match self.write(batch, counters).await {
            Err(LedgerError::Database(error)) if ledger::is_fault_of_a_row(&error) => {
                counters.refused.add(1);
                // Its text says which rule was broken; what is in the row it leaves to the details.
                let kept = self.put_aside(batch);
                tracing::error!(
                    error = chain(&error),
                    kept = ?kept.map_err(|error| error.kind()),
                    file = REFUSED,
                    "the database refuses a row of the ledger; it was put aside"
                );
                Ok(())
            }
            done => done,
        }
    }

    /// Keeps rows for an operator. What was said in a request is not kept.
    fn put_aside(&self, batch: Batch<'_>) -> io::Result<()> {
        #[derive(Serialize)]
        #[serde(rename_all = "snake_case")]
        enum Refused<'a> {
            Attempt(&'a Attempt),
            Request(&'a RequestRecord),
            Payload(gateway_domain::RequestId),
        }
        let refused = (batch.attempts.iter().map(Refused::Attempt))
            .chain(batch.requests.iter().map(Refused::Request))
            .chain(
                batch
                    .payloads
                    .iter()
                    .map(|row: &PayloadRow| Refused::Payload(row.request_id)),
            );
        let mut file = File::options()
            .append(true)
            .create(true)
            .open(self.spool.join(REFUSED))?;
        for row in refused {
            let mut line = serde_json::to_vec(&row)?;
            line.push(b'\n');
            file.write_all(&line)?;
        }
        file.sync_data()
    }
}

/// An error with its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = fmt::Write::write_fmt(&mut text, format_args!(": {error}"));
        cause = error.source();
    }
    text
}
