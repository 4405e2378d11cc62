//! The journal as the writer sees it: what the database does not have yet.

use std::{io, path::PathBuf, sync::atomic::Ordering};

use super::{
    Journal, Limits, Position,
    codec::Record,
    frame::{self, Found, Kind},
    read_range,
};
use crate::rows::{Row, Rows};

/// A part of the journal whose rows wait there alone.
pub(crate) struct Spilled {
    pub(crate) from: Position,
    pub(crate) to: u64,
    pub(crate) path: PathBuf,
}

impl Journal {
    /// The rows that wait in memory, if there are any.
    pub(crate) fn take(&self) -> Option<Rows> {
        let mut state = self.state();
        (state.waiting.len() > 0).then(|| std::mem::take(&mut state.waiting))
    }

    /// Where the rows stand that wait in the journal alone, if there are any.
    pub(crate) fn spilled(&self) -> Option<Spilled> {
        let mut state = self.state();
        let mut from = state.spilled?;
        let (to, path) = loop {
            match state.segments.extent(from.segment) {
                (bytes, Some(next)) if from.offset >= bytes => {
                    from = Position {
                        segment: next,
                        offset: 0,
                    };
                }
                (bytes, _) => break (bytes, state.segments.path(from.segment)),
            }
        };
        let is_all = from == state.segments.end();
        state.spilled = (!is_all).then_some(from);
        (!is_all).then_some(Spilled { from, to, path })
    }

    /// The database has these rows. `behind`: they were read from the journal up to there.
    pub(crate) fn written(&self, rows: &Rows, behind: Option<Position>) {
        let mut state = self.state();
        for (segment, count) in &rows.held_by {
            state.segments.let_go(*segment, *count);
        }
        state.written += rows.len() as u64;
        if behind.is_some() {
            state.spilled = behind;
        }
    }

    /// How many rows were said, and how many of them the database has.
    pub(crate) fn tally(&self) -> (u64, u64) {
        let state = self.state();
        (state.said, state.written)
    }

    /// How many rows wait in memory, and how many attempts are under way.
    pub(crate) fn waiting(&self) -> (u64, u64) {
        let state = self.state();
        (state.waiting.len() as u64, state.calls.len() as u64)
    }

    /// Deletes files of which nothing is needed any more, after moving what little is in those that hardly anything
    /// is needed of. Blocks.
    pub(crate) fn tidy(&self) -> io::Result<()> {
        let sparse = self.state().segments.sparse();
        for segment in sparse {
            self.evacuate(segment)?;
        }
        let mut state = self.state();
        let done = state.segments.retire();
        self.bytes.store(state.segments.total(), Ordering::Relaxed);
        drop(state);
        done.into_iter().try_for_each(std::fs::remove_file)
    }

    /// Writes the records of calls under way in a file anew, behind the last.
    fn evacuate(&self, segment: u64) -> io::Result<()> {
        let state = self.state();
        let calls = state.calls.of_segment(segment);
        let (path, (bytes, _)) = (state.segments.path(segment), state.segments.extent(segment));
        drop(state);
        let bytes = read_range(&path, 0, bytes)?;
        for id in calls {
            let mut guard = self.state();
            let state = &mut *guard;
            let Some(call) = state
                .calls
                .get_mut(id)
                .filter(|call| call.at.segment == segment)
            else {
                continue;
            };
            let (from, progress) = (call.at, call.progress);
            let record = usize::try_from(from.offset)
                .ok()
                .and_then(|from| bytes.get(from..));
            let record = record.and_then(|rest| rest.get(..usize::try_from(call.length).ok()?));
            let Some(record) = record else { continue };
            let at = self.append(state, record)?;
            if let Some(progress) = progress {
                let mut frame = Vec::new();
                frame::encode(Kind::Progress, &progress, &mut frame)?;
                self.append(state, &frame)?;
            }
            let length = record.len() as u64;
            state.segments.unpin(from.segment, length);
            state.segments.pin(at.segment, length);
            if let Some(call) = state.calls.get_mut(id) {
                call.at = at;
            }
        }
        Ok(())
    }

    /// Tries a journal again that could not be written. Blocks.
    pub(crate) fn mend(&self) {
        if self.is_broken.load(Ordering::Relaxed) && self.state().segments.try_out().is_ok() {
            self.is_broken.store(false, Ordering::Relaxed);
            tracing::info!("the ledger's journal can be written again");
        }
    }

    /// Brings to the disk what was written. Blocks.
    pub(crate) fn sync(&self) -> io::Result<()> {
        let files = self.state().segments.take_unsynced();
        files.iter().try_for_each(|file| file.sync_data())
    }
}

/// Rows of a part of the journal, no more than fit into memory well, and how far they reach.
pub(crate) fn rows_of(bytes: &[u8], from: Position, limits: Limits) -> (Rows, Position) {
    let mut rows = Rows::default();
    let mut frames = frame::read(bytes, from.offset);
    while rows.len() < limits.rows && rows.bytes < limits.bytes {
        let Some(found) = frames.next() else { break };
        match found {
            Found::Record(kind, _, told) => match row_of(kind, told) {
                Ok(Some(row)) => rows.push(row, Some(from.segment), told.len()),
                Ok(None) => {}
                Err(Unreadable) => unreadable(),
            },
            Found::Damaged | Found::Torn => unreadable(),
        }
    }
    let offset = frames.offset();
    (rows, Position { offset, ..from })
}

/// A record that is whole and does not tell what its kind should.
pub(crate) struct Unreadable;

/// The row that a record tells, if it tells one.
pub(crate) fn row_of(kind: Kind, mut told: &[u8]) -> Result<Option<Row>, Unreadable> {
    let told = &mut told;
    let row = match kind {
        Kind::Opened | Kind::Progress => return Ok(None),
        Kind::Settled => Record::read(told).map(Row::Attempt),
        Kind::Closed => Record::read(told).map(Row::Request),
        Kind::Payload => Record::read(told).map(Row::Payload),
    };
    row.map(Some).ok_or(Unreadable)
}

fn unreadable() {
    tracing::error!("a record of the ledger's journal cannot be read");
}
