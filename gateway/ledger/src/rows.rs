//! What is written down.

use std::io;

use gateway_domain::{
    Payloads,
    ledger::{Attempt, RequestRecord},
    money::Price,
};
use gateway_store::ledger::{Batch, PayloadRow};

use crate::journal::frame::{self, Kind};

/// The rows of a call as they would be if the process died now: killed, its tokens estimated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The attempt that is about to be made.
    pub attempt: Attempt,
    /// The request that it belongs to.
    pub request: RequestRecord,
    /// What its tokens cost, where that is known.
    pub price: Option<Price>,
}

/// What was said in a request, as far as the policies allow keeping it. No `Debug`: it is not for logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload {
    /// How much of it: `redacted` or `full`.
    pub kept: Payloads,
    /// The caller's body.
    pub request: String,
    /// The answer's.
    pub response: String,
    /// Whether one of them was cut short.
    pub truncated: bool,
}

/// One row for the database.
pub(crate) enum Row {
    Attempt(Attempt),
    Request(RequestRecord),
    Payload(PayloadRow),
}

impl Row {
    /// Appends it as a record of the journal.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Attempt(row) => frame::encode(Kind::Settled, row, out),
            Self::Request(row) => frame::encode(Kind::Closed, row, out),
            Self::Payload(row) => frame::encode(Kind::Payload, row, out),
        }
    }
}

/// Rows on their way to the database, and how many of them each segment of the journal holds.
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) requests: Vec<RequestRecord>,
    pub(crate) payloads: Vec<PayloadRow>,
    /// Ascending; each segment once.
    pub(crate) held_by: Vec<(u64, u64)>,
    /// What they take in the journal, which is about what they take here.
    pub(crate) bytes: usize,
    /// How many more were to be read from the journal and could not; `held_by` has them too.
    pub(crate) lost: u64,
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        self.attempts.len() + self.requests.len() + self.payloads.len()
    }

    /// Adds a row of so many bytes. `segment` holds it; `None`: no segment does.
    pub(crate) fn push(&mut self, row: Row, segment: Option<u64>, bytes: usize) {
        match row {
            Row::Attempt(row) => self.attempts.push(row),
            Row::Request(row) => self.requests.push(row),
            Row::Payload(row) => self.payloads.push(row),
        }
        self.bytes += bytes;
        let Some(segment) = segment else { return };
        match self.held_by.last_mut() {
            Some((last, rows)) if *last == segment => *rows += 1,
            _ => self.held_by.push((segment, 1)),
        }
    }

    /// No more rows of a segment can be read, of which it holds so many that the database does not have: those that are
    /// not here are lost.
    pub(crate) fn end(&mut self, segment: u64, held: u64) {
        self.lost = held.saturating_sub(self.len() as u64);
        if self.lost > 0 {
            self.held_by = vec![(segment, held)];
        }
    }

    /// Some of them: attempts, then requests, then payloads.
    pub(crate) fn batch(&self, from: usize, to: usize) -> Batch<'_> {
        let requests = self.attempts.len();
        let payloads = requests + self.requests.len();
        Batch {
            attempts: part(&self.attempts, 0, from, to),
            requests: part(&self.requests, requests, from, to),
            payloads: part(&self.payloads, payloads, from, to),
        }
    }
}

/// What is between `from` and `to` of rows that begin at `begin`.
fn part<T>(rows: &[T], begin: usize, from: usize, to: usize) -> &[T] {
    let at = |place: usize| place.saturating_sub(begin).min(rows.len());
    &rows[at(from)..at(to)]
}
