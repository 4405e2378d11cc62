//! What was said and is not yet, or not all of it, in the database: on the local disk, and its end in memory too.
//!
//! A record is written with one system call before the caller goes on, so that it survives the process. What is behind
//! the last [sync](Journal::sync), of about a second, may be lost when the machine loses power.

mod backlog;
mod calls;
pub(crate) mod codec;
pub(crate) mod frame;
mod segments;
pub(crate) mod spool;

use std::{
    io,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use gateway_domain::AttemptId;
use tokio::sync::Notify;

use crate::{
    rows::{Opened, Row, Rows},
    stats::Counters,
};
use calls::Calls;
use frame::Kind;
use segments::Segments;

pub(crate) use backlog::{Unreadable, row_of, rows_of};
pub(crate) use segments::{Position, left_in, read_range};
use spool::Folder;

/// So many rows do not wait for others.
const ENOUGH: usize = 2048;

/// How much is kept where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes of a file before the next is begun.
    pub(crate) segment: u64,
    /// How long one is written to, even if it stays short: what the database has long since, and may have deleted again,
    /// must neither stay on the disk nor be written once more at the next start.
    pub(crate) age: Duration,
    /// Bytes of the journal beyond which no further calls are taken: some minutes of hundreds of calls a second.
    pub(crate) journal: u64,
    /// Rows that wait in memory for the database, and their bytes; the rest waits in the journal alone.
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            segment: 4 * 1024 * 1024,
            age: Duration::from_mins(1),
            journal: 512 * 1024 * 1024,
            rows: 16_384,
            bytes: 16 * 1024 * 1024,
        }
    }
}

/// How much an attempt had put out at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) attempt: AttemptId,
    pub(crate) output: u64,
    pub(crate) at: DateTime<Utc>,
}

/// A journal that is being written.
pub(crate) struct Journal {
    state: Mutex<State>,
    bytes: AtomicU64,
    is_broken: AtomicBool,
    /// Rows wait for the writer.
    pub(crate) work: Notify,
    /// So many that it should not wait for more.
    pub(crate) enough: Notify,
    limits: Limits,
    folder: Folder,
}

struct State {
    segments: Segments,
    calls: Calls,
    waiting: Rows,
    /// Rows from here on wait in the journal alone.
    spilled: Option<Position>,
    /// Rows that were ever said, and those of them that the database has.
    said: u64,
    written: u64,
}

impl Journal {
    pub(crate) fn create(folder: Folder, limits: Limits) -> io::Result<Self> {
        let state = State {
            segments: Segments::create(folder.path.clone(), limits.segment)?,
            calls: Calls::default(),
            waiting: Rows::default(),
            spilled: None,
            said: 0,
            written: 0,
        };
        Ok(Self {
            state: Mutex::new(state),
            bytes: AtomicU64::new(0),
            is_broken: AtomicBool::new(false),
            work: Notify::new(),
            enough: Notify::new(),
            limits,
            folder,
        })
    }

    pub(crate) fn has_room(&self) -> bool {
        self.bytes() < self.limits.journal && !self.is_broken.load(Ordering::Relaxed)
    }

    /// Whether it is so full that what is not money must go.
    pub(crate) fn is_tight(&self) -> bool {
        self.bytes() > self.limits.journal / 2
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn begin(&self, opened: &Opened) -> io::Result<()> {
        let mut frame = Vec::with_capacity(512);
        frame::encode(Kind::Opened, opened, &mut frame)?;
        let mut state = self.state();
        let at = self.append(&mut state, &frame)?;
        let (id, length) = (opened.attempt.id, frame.len() as u64);
        state.segments.pin(at.segment, length);
        state.calls.begin(id, opened.request.id, at, length);
        Ok(())
    }

    pub(crate) fn progress(&self, progress: Progress) -> io::Result<()> {
        self.note(&mut self.state(), progress)
    }

    /// Writes rows down, all of them with one call of the system, and lets them wait for the database. Those that cannot
    /// be written down wait in memory however many there are: they must not be lost, and no further calls are taken
    /// meanwhile.
    pub(crate) fn say<const N: usize>(&self, rows: [Row; N], counters: &Counters) {
        let mut frames = Vec::with_capacity(256 * N);
        let mut lengths = [0; N];
        let encoded = rows.iter().zip(&mut lengths).try_for_each(|(row, length)| {
            let before = frames.len();
            row.encode(&mut frames)?;
            *length = frames.len() - before;
            Ok(())
        });
        let mut guard = self.state();
        let state = &mut *guard;
        let mut at = encoded.and_then(|()| self.append(state, &frames)).ok();
        for (row, length) in rows.into_iter().zip(lengths) {
            if at.is_some() {
                // What could not be written down here is kept where it was begun.
                let released = state.calls.end(&row);
                state.unpin(released);
            }
            self.wait(state, row, at, length, counters);
            at = at.map(|at| at.behind(length));
        }
    }

    /// Lets a row wait for the database, that stands in the journal at some place or nowhere.
    fn wait(
        &self,
        state: &mut State,
        row: Row,
        at: Option<Position>,
        length: usize,
        counters: &Counters,
    ) {
        state.said += 1;
        let Limits { rows, bytes, .. } = self.limits;
        let has_room = state.waiting.len() < rows && state.waiting.bytes + length <= bytes;
        if let Some(at) = at {
            state.segments.hold(at.segment);
            if state.spilled.is_some() || !has_room {
                state.spilled.get_or_insert(at);
                counters.rows_spilled.add(1);
                self.work.notify_one();
                return;
            }
        }
        state.waiting.push(row, at.map(|at| at.segment), length);
        match state.waiting.len() {
            1 => self.work.notify_one(),
            ENOUGH => self.enough.notify_one(),
            _ => {}
        }
    }

    fn append(&self, state: &mut State, frame: &[u8]) -> io::Result<Position> {
        let appended = state.segments.append(frame);
        self.bytes.store(state.segments.total(), Ordering::Relaxed);
        if let Err(error) = &appended
            && !self.is_broken.swap(true, Ordering::Relaxed)
        {
            tracing::error!(%error, "the ledger's journal cannot be written; calls are refused until it can");
        }
        appended
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn unpin(&mut self, released: Vec<calls::Call>) {
        for call in released {
            self.segments.unpin(call.at.segment, call.length);
            if let Some(noted) = call.noted {
                self.segments.unpin(noted.segment, noted.length);
            }
        }
    }
}

/// Nothing is left behind that somebody would have to look at again.
impl Drop for Journal {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if state.segments.are_done() && state.waiting.len() == 0 {
            let _ = std::fs::remove_dir_all(&self.folder.path);
        }
    }
}
