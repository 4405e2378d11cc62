//! What a process left that is no more.
//!
//! Every row that its journal holds is written, which changes nothing where it was written before. Attempts that were
//! begun and not settled are settled as killed: what went in as it was estimated before the call, what came out as far as
//! was noted. A request that was not closed is closed with the sums of its attempts in the ledger.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use gateway_domain::{
    AttemptId, RequestId,
    ledger::{Attempt, Outcome, RequestRecord, UsageKind},
};

use crate::{
    LedgerError, Opened, clean,
    journal::{
        Progress, Unreadable,
        codec::Record as _,
        frame::{self, Found, Kind},
        left_in, row_of,
        spool::Folder,
    },
    ledger::blocking,
    rows::{Row, Rows},
    sink::Sink,
    stats::Counters,
};

/// So many rows are written at once.
const BATCH: usize = 512;
/// The error code of what the process's end cut off.
const KILLED: &str = "killed";

/// Settles what a journal holds, and deletes it. One that cannot be read stays where it is.
pub(crate) async fn recover(
    folder: Folder,
    sink: &Sink,
    counters: &Counters,
) -> Result<(), LedgerError> {
    let mut left = Left::default();
    let path = folder.path.clone();
    let files = blocking(move || left_in(&path)).await;
    let Some(files) = readable(&folder.path, files) else {
        return Ok(());
    };
    for (index, file) in files.iter().enumerate() {
        let path = file.clone();
        let bytes = blocking(move || std::fs::read(path)).await;
        let Some(bytes) = readable(file, bytes) else {
            return Ok(());
        };
        let is_last = index + 1 == files.len();
        let damaged = left.replay(&bytes, is_last, sink, counters).await?;
        if damaged > 0 {
            counters.corrupt.add(damaged);
            tracing::error!(file = %file.display(), damaged, "records of the ledger's journal cannot be read");
        }
    }
    left.settle(sink, counters).await?;
    let path = folder.path.clone();
    if let Err(error) = blocking(move || folder.remove()).await {
        tracing::warn!(folder = %path.display(), %error, "a recovered journal cannot be removed");
    }
    Ok(())
}

fn readable<T>(path: &Path, read: std::io::Result<T>) -> Option<T> {
    read.inspect_err(|error| {
        let path = path.display();
        tracing::error!(%path, %error, "a journal of the ledger cannot be read; it stays for the next start");
    })
    .ok()
}

/// What a journal says that was not finished.
#[derive(Default)]
struct Left {
    opened: HashMap<AttemptId, Opened>,
    progress: HashMap<AttemptId, Progress>,
    settled: HashSet<AttemptId>,
    closed: HashSet<RequestId>,
    rows: Rows,
}

impl Left {
    /// Takes in a file, and writes its rows. Returns how many records could not be read.
    async fn replay(
        &mut self,
        bytes: &[u8],
        is_last: bool,
        sink: &Sink,
        counters: &Counters,
    ) -> Result<u64, LedgerError> {
        let mut damaged = 0;
        for found in frame::read(bytes, 0) {
            match found {
                Found::Record(kind, _, told) => {
                    damaged += u64::from(self.take(kind, told).is_err());
                }
                Found::Damaged => damaged += 1,
                Found::Torn => damaged += u64::from(!is_last),
            }
            if self.rows.len() >= BATCH {
                self.write(sink, counters).await?;
            }
        }
        self.write(sink, counters).await?;
        Ok(damaged)
    }

    fn take(&mut self, kind: Kind, mut told: &[u8]) -> Result<(), Unreadable> {
        match kind {
            Kind::Opened => {
                let opened = Opened::read(&mut told).ok_or(Unreadable)?;
                self.opened.insert(opened.attempt.id, opened);
            }
            Kind::Progress => {
                let progress = Progress::read(&mut told).ok_or(Unreadable)?;
                self.progress.insert(progress.attempt, progress);
            }
            Kind::Settled | Kind::Closed | Kind::Payload => {
                if let Some(row) = row_of(kind, told)? {
                    self.row(row, told.len());
                }
            }
        }
        Ok(())
    }

    fn row(&mut self, mut row: Row, bytes: usize) {
        match &mut row {
            Row::Attempt(row) => {
                clean::attempt(row);
                self.settled.insert(row.id);
                self.progress.remove(&row.id);
            }
            Row::Request(row) => {
                clean::request(row);
                self.closed.insert(row.id);
            }
            Row::Payload(row) => clean::payload(row),
        }
        self.rows.push(row, None, bytes);
    }

    async fn write(&mut self, sink: &Sink, counters: &Counters) -> Result<(), LedgerError> {
        sink.put(&self.rows, &mut 0, counters).await?;
        self.rows = Rows::default();
        // Of what is finished the journal may hold much.
        let (settled, closed) = (&self.settled, &self.closed);
        self.opened
            .retain(|id, opened| !(settled.contains(id) && closed.contains(&opened.request.id)));
        Ok(())
    }

    /// Writes what the process did not come to write.
    async fn settle(mut self, sink: &Sink, counters: &Counters) -> Result<(), LedgerError> {
        let mut requests: HashMap<RequestId, (i32, RequestRecord)> = HashMap::new();
        let mut killed = 0;
        for (id, opened) in std::mem::take(&mut self.opened) {
            let (ordinal, request) = (opened.attempt.ordinal, opened.request.clone());
            if !self.closed.contains(&request.id) {
                let latest = requests
                    .entry(request.id)
                    .or_insert_with(|| (ordinal, request.clone()));
                if latest.0 < ordinal {
                    *latest = (ordinal, request);
                }
            }
            if !self.settled.contains(&id) {
                killed += 1;
                let attempt = settled(opened, self.progress.get(&id));
                self.row(Row::Attempt(attempt), 0);
            }
            if self.rows.len() >= BATCH {
                self.write(sink, counters).await?;
            }
        }
        self.write(sink, counters).await?;
        for (_, mut request) in requests.into_values() {
            let (attempts, tokens, cost) = sink.spent(request.id).await?;
            request.attempts = i32::try_from(attempts).unwrap_or(i32::MAX);
            (request.tokens, request.cost) = (tokens, cost);
            request.error_code = Some(KILLED.to_owned());
            self.row(Row::Request(request), 0);
        }
        self.write(sink, counters).await?;
        counters.recovered.add(killed);
        if killed > 0 {
            tracing::warn!(
                attempts = killed,
                "calls that a killed process had not finished were settled by estimate"
            );
        }
        Ok(())
    }
}

/// An attempt that the process's end cut off.
fn settled(opened: Opened, progress: Option<&Progress>) -> Attempt {
    let Opened {
        mut attempt, price, ..
    } = opened;
    attempt.outcome = Outcome::Killed;
    attempt.error_code = Some(KILLED.to_owned());
    if let Some(progress) = progress {
        attempt.tokens.output = attempt.tokens.output.max(progress.output);
        let lasted = (progress.at - attempt.started_at).num_milliseconds();
        attempt.total_ms = attempt
            .total_ms
            .max(i32::try_from(lasted).unwrap_or(i32::MAX));
    }
    attempt.usage = if attempt.tokens == gateway_domain::money::Tokens::default() {
        UsageKind::None
    } else {
        UsageKind::Estimated
    };
    if let Some(price) = price {
        attempt.cost = price.cost(&attempt.tokens);
    }
    attempt
}
