//! What the ledger counts.

use std::sync::atomic::{AtomicU64, Ordering};

/// How the ledger fares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Attempts that are under way.
    pub open_attempts: u64,
    /// Rows that wait in memory for the database.
    pub queued: u64,
    /// Bytes of the journal on disk.
    pub journal_bytes: u64,
    /// Rows written to the database since the start.
    pub rows_written: u64,
    /// Rows that did not fit in memory and had to be read back from the journal.
    pub rows_spilled: u64,
    /// Payloads that were not kept because they were too long or the journal was more than half full.
    pub payloads_dropped: u64,
    /// Attempts of dead processes that were settled at this start.
    pub recovered: u64,
    /// Records of a journal, a dead process's or the own, that could not be read.
    pub corrupt: u64,
    /// Rows that the database refused for what is in them, put aside in `refused.jsonl`.
    pub refused: u64,
    /// Batches that the database failed to take.
    pub failures: u64,
}

/// A number that only grows.
#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }
}

#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) rows_written: Counter,
    pub(crate) rows_spilled: Counter,
    pub(crate) payloads_dropped: Counter,
    pub(crate) recovered: Counter,
    pub(crate) corrupt: Counter,
    pub(crate) refused: Counter,
    pub(crate) failures: Counter,
}

impl Counters {
    /// What was counted; the rest is zero.
    pub(crate) fn stats(&self) -> Stats {
        let read = |counter: &Counter| counter.0.load(Ordering::Relaxed);
        Stats {
            rows_written: read(&self.rows_written),
            rows_spilled: read(&self.rows_spilled),
            payloads_dropped: read(&self.payloads_dropped),
            recovered: read(&self.recovered),
            corrupt: read(&self.corrupt),
            refused: read(&self.refused),
            failures: read(&self.failures),
            ..Stats::default()
        }
    }
}
