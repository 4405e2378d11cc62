//! Into the database.

use std::{fmt, fs::File, io, io::Write as _, path::PathBuf, time::Duration};

use chrono::{DateTime, Utc};
use gateway_domain::{
    ApiKeyId, RequestId,
    ledger::{Attempt, RequestRecord},
    money::{NanoUsd, Tokens},
};
use gateway_store::{
    Db,
    ledger::{self, Batch, PayloadRow},
};
use serde::Serialize;

use crate::{LedgerError, rows::Rows, stats::Counters};

/// How long the database may take for a batch. One that was given up may be there all the same; it is written again.
const PATIENCE: Duration = Duration::from_secs(20);
/// How many rows a transaction has. One that the database committed after it was given up is gone through row by row the
/// next time, and that must come to an end within [`PATIENCE`] too, or it would be tried for ever.
const MOST: usize = 512;
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

    /// Writes those behind the first `done`, which it moves on, or fails and may have written some of the rest; then all
    /// may be given again.
    pub(crate) async fn put(
        &self,
        rows: &Rows,
        done: &mut usize,
        counters: &Counters,
    ) -> Result<(), LedgerError> {
        while *done < rows.len() {
            let end = rows.len().min(*done + MOST);
            let batch = rows.batch(*done, end);
            match self.write(batch, counters).await {
                Err(LedgerError::Database(error)) if ledger::is_fault_of_a_row(&error) => {
                    self.one_by_one(batch, counters).await?;
                }
                written => written?,
            }
            *done = end;
        }
        Ok(())
    }

    /// Notes when keys were last used.
    pub(crate) async fn touch_keys(
        &self,
        used: &[(ApiKeyId, DateTime<Utc>)],
    ) -> Result<(), LedgerError> {
        in_time(ledger::touch_keys(&self.db, used)).await
    }

    /// What a request used and cost so far, as the database knows.
    pub(crate) async fn spent(
        &self,
        request: RequestId,
    ) -> Result<(usize, Tokens, NanoUsd), LedgerError> {
        in_time(ledger::spent(&self.db, request)).await
    }

    async fn write(&self, batch: Batch<'_>, counters: &Counters) -> Result<(), LedgerError> {
        let written = in_time(ledger::write(&self.db, batch)).await?;
        counters.rows_written.add(written);
        Ok(())
    }

    /// Finds the row that keeps the others from being written.
    async fn one_by_one(&self, rows: Batch<'_>, counters: &Counters) -> Result<(), LedgerError> {
        for row in rows.attempts {
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
        for row in rows.requests {
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
        for row in rows.payloads {
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
                // Its text says which rule was broken; what is in the row it leaves to the details.
                let error = chain(&error);
                // It would be nowhere if it went on from here: rather nothing goes on until it can be kept.
                self.put_aside(batch).inspect_err(|kept| {
                    tracing::error!(
                        error,
                        kept = %kept,
                        file = REFUSED,
                        "the database refuses a row of the ledger, and it cannot be put aside"
                    );
                })?;
                counters.refused.add(1);
                tracing::error!(
                    error,
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
        let mut lines = Vec::new();
        for row in refused {
            serde_json::to_writer(&mut lines, &row)?;
            lines.push(b'\n');
        }
        let mut file = File::options()
            .append(true)
            .create(true)
            .open(self.spool.join(REFUSED))?;
        file.write_all(&lines)?;
        file.sync_data()
    }
}

/// What the database answers, if it does so before too long.
async fn in_time<T>(
    answer: impl Future<Output = gateway_store::Result<T>>,
) -> Result<T, LedgerError> {
    let answer = tokio::time::timeout(PATIENCE, answer).await;
    Ok(answer.map_err(|_| LedgerError::Late)??)
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
