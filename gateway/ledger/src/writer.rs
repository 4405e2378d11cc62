//! From the journal to the database.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};

use crate::{
    Ledger, LedgerError,
    journal::{Position, read_range, rows_of},
    ledger::{Shared, blocking},
    rows::Rows,
    sink::chain,
};

/// How long a row waits for others.
const GATHER: Duration = Duration::from_millis(200);
/// How often the journal is looked after.
const UPKEEP: Duration = Duration::from_secs(1);
/// How long the use of a key is kept back.
const KEYS: Duration = Duration::from_secs(5);
/// How many keys are written at once.
const SOME_KEYS: usize = 512;
/// How long a database that failed is left alone: doubled each time, up to the second.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));
/// How long the last rows may take.
const FAREWELL: Duration = Duration::from_secs(10);

/// Who writes holds it: one at a time.
#[derive(Default)]
pub(crate) struct Writer {
    /// Rows that were taken and are not known to be in the database.
    taken: Option<Taken>,
    keys_written: Option<Instant>,
}

struct Taken {
    rows: Rows,
    /// They were read from the journal, up to there.
    behind: Option<Position>,
    /// So many of them are in the database.
    done: usize,
}

impl Writer {
    /// Writes one batch. Returns whether there was any.
    pub(crate) async fn step(&mut self, shared: &Arc<Shared>) -> Result<bool, LedgerError> {
        if self.taken.is_none() {
            self.taken = next(shared).await?;
        }
        let Some(taken) = &mut self.taken else {
            return Ok(false);
        };
        let (sink, counters) = (&shared.sink, &shared.counters);
        let written = sink.put(&taken.rows, &mut taken.done, counters).await;
        if written.is_err() {
            shared.counters.failures.add(1);
        }
        written?;
        shared.journal.written(&taken.rows, taken.behind);
        self.taken = None;
        Ok(true)
    }

    /// Writes which keys were used.
    pub(crate) async fn write_keys(&mut self, shared: &Shared) -> Result<(), LedgerError> {
        let keys = || shared.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let mut used: Vec<_> = std::mem::take(&mut *keys()).into_iter().collect();
        self.keys_written = Some(Instant::now());
        if used.is_empty() {
            return Ok(());
        }
        used.sort_unstable();
        for (index, some) in used.chunks(SOME_KEYS).enumerate() {
            let written = shared.sink.touch_keys(some).await;
            if written.is_err() {
                let mut keys = keys();
                for (key, at) in &used[index * SOME_KEYS..] {
                    let known = keys.entry(*key).or_insert(*at);
                    *known = (*at).max(*known);
                }
                return written;
            }
        }
        Ok(())
    }

    async fn write_keys_if_due(&mut self, shared: &Shared) -> Result<(), LedgerError> {
        if self.keys_written.is_none_or(|last| last.elapsed() >= KEYS) {
            self.write_keys(shared).await?;
        }
        Ok(())
    }
}

/// The rows that are to be written next: those in memory, and when there are none, those that are in the journal alone.
async fn next(shared: &Arc<Shared>) -> Result<Option<Taken>, LedgerError> {
    if let Some(rows) = shared.journal.take() {
        return Ok(Some(Taken {
            rows,
            behind: None,
            done: 0,
        }));
    }
    let Some(spilled) = shared.journal.spilled() else {
        return Ok(None);
    };
    let limits = shared.journal.limits();
    let read = move || {
        let bytes = read_range(&spilled.path, spilled.from.offset, spilled.to)?;
        Ok(rows_of(&bytes, &spilled, limits))
    };
    let (rows, behind, damaged) = blocking(read).await?;
    let corrupt = damaged.max(rows.lost);
    if corrupt > 0 {
        shared.counters.corrupt.add(corrupt);
        tracing::error!(
            damaged,
            rows = rows.lost,
            "records of the ledger's journal cannot be read; their rows are lost"
        );
    }
    Ok(Some(Taken {
        rows,
        behind: Some(behind),
        done: 0,
    }))
}

/// Writes until `stopped` says so, and then what is left.
pub(crate) async fn run(ledger: &Ledger, mut stopped: watch::Receiver<bool>) {
    let shared = ledger.shared();
    let mut pause = None;
    let mut upkeep = Instant::now();
    loop {
        let stop = async {
            // Nobody left to say so is the end as well.
            let _ = stopped.wait_for(|stopped| *stopped).await;
        };
        tokio::select! {
            biased;
            () = stop => break,
            () = rest(shared, pause) => {}
        }
        pause = after(write_all(ledger).await, pause);
        if upkeep.elapsed() >= UPKEEP {
            look_after(shared).await;
            upkeep = Instant::now();
        }
    }
    match timeout(FAREWELL, ledger.flush()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => stays(&chain(&error)),
        Err(_) => stays("the database takes too long"),
    }
    look_after(shared).await;
}

fn stays(error: &str) {
    tracing::warn!(
        error,
        "rows of the ledger stay in the journal for the next start"
    );
}

/// Waits for work, and then a moment for more of it.
async fn rest(shared: &Shared, pause: Option<Duration>) {
    if let Some(pause) = pause {
        return sleep(pause).await;
    }
    if timeout(UPKEEP, shared.journal.work.notified())
        .await
        .is_ok()
    {
        let _ = timeout(GATHER, shared.journal.enough.notified()).await;
    }
}

async fn write_all(ledger: &Ledger) -> Result<(), LedgerError> {
    let mut writer = ledger.writer().lock().await;
    while writer.step(ledger.shared()).await? {}
    writer.write_keys_if_due(ledger.shared()).await
}

/// How long to leave the database alone; says when it begins to fail, and when it is well again.
fn after(written: Result<(), LedgerError>, pause: Option<Duration>) -> Option<Duration> {
    let (shortest, longest) = BACKOFF;
    match (written, pause) {
        (Ok(()), None) => None,
        (Ok(()), Some(_)) => {
            tracing::info!("the database takes the ledger's rows again");
            None
        }
        (Err(_), Some(pause)) => Some((pause * 2).min(longest)),
        (Err(error), None) => {
            let error = chain(&error);
            tracing::error!(
                error,
                "the database does not take the ledger's rows; they wait in the journal"
            );
            Some(shortest)
        }
    }
}

/// Brings the journal to the disk, mends it and clears it up.
async fn look_after(shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    let done = blocking(move || {
        shared.journal.mend();
        shared.journal.sync()?;
        shared.journal.tidy()
    });
    if let Err(error) = done.await {
        tracing::warn!(%error, "the ledger's journal cannot be looked after");
    }
}
