//! The journal as the writer sees it: what the database does not have yet.

use std::{io, path::PathBuf, sync::atomic::Ordering};

use super::{
    Journal, Limits, Position, Progress, State,
    calls::Noted,
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
    /// How many they are.
    pub(crate) rows: u64,
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
        // Its rows before that place were written before these are asked for.
        let rows = state.segments.rows(from.segment);
        (!is_all).then_some(Spilled {
            from,
            to,
            path,
            rows,
        })
    }

    /// The database has these rows. `behind`: they were read from the journal up to there.
    pub(crate) fn written(&self, rows: &Rows, behind: Option<Position>) {
        let mut state = self.state();
        for (segment, count) in &rows.held_by {
            state.segments.let_go(*segment, *count);
        }
        state.written += rows.len() as u64 + rows.lost;
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
        // A disk that is full takes no new file and no record: all the more must files go that nobody needs.
        let moved = self.make_room();
        let mut state = self.state();
        let done = state.segments.retire();
        self.bytes.store(state.segments.total(), Ordering::Relaxed);
        drop(state);
        moved.and(self.remove(done))
    }

    fn make_room(&self) -> io::Result<()> {
        let mut state = self.state();
        let rotated = state.segments.rotate_if_due(self.limits.age);
        let sparse = state.segments.sparse();
        drop(state);
        sparse
            .into_iter()
            .try_for_each(|segment| self.evacuate(segment))
            .and(rotated)
    }

    /// Removes files that were retired. Those that stay for now are removed another time.
    fn remove(&self, mut files: Vec<PathBuf>) -> io::Result<()> {
        if files.is_empty() {
            return Ok(());
        }
        // What was in them and is still needed stands elsewhere since, and must be there when they are gone.
        let mut removed = self.sync();
        if removed.is_ok() {
            files.retain(|file| {
                let gone = std::fs::remove_file(file);
                let stays = gone
                    .as_ref()
                    .is_err_and(|error| error.kind() != io::ErrorKind::NotFound);
                if stays {
                    removed = gone;
                }
                stays
            });
        }
        self.state().segments.retired(files);
        removed
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
            let Some(call) = state.calls.get_mut(id).filter(|call| call.is_in(segment)) else {
                continue;
            };
            let (from, length, noted) = (call.at, call.length, call.noted);
            if let Some(noted) = noted.filter(|noted| noted.segment == segment) {
                self.note(state, noted.progress)?;
            }
            if from.segment != segment {
                continue;
            }
            let record = usize::try_from(from.offset)
                .ok()
                .and_then(|from| bytes.get(from..));
            let record = record.and_then(|rest| rest.get(..usize::try_from(length).ok()?));
            let Some(record) = record else { continue };
            let at = self.append(state, record)?;
            state.segments.unpin(from.segment, length);
            state.segments.pin(at.segment, length);
            if let Some(call) = state.calls.get_mut(id) {
                call.at = at;
            }
        }
        Ok(())
    }

    /// Writes down what an attempt has put out, which counts instead of what was written before.
    pub(super) fn note(&self, state: &mut State, progress: Progress) -> io::Result<()> {
        let mut frame = Vec::with_capacity(64);
        frame::encode(Kind::Progress, &progress, &mut frame)?;
        let Position { segment, .. } = self.append(state, &frame)?;
        let Some(call) = state.calls.get_mut(progress.attempt) else {
            return Ok(());
        };
        let length = frame.len() as u64;
        let noted = Noted {
            progress,
            segment,
            length,
        };
        let before = call.noted.replace(noted);
        state.segments.pin(segment, length);
        if let Some(before) = before {
            state.segments.unpin(before.segment, before.length);
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
        let synced = files.iter().try_for_each(|file| file.sync_data());
        if synced.is_err() {
            self.state().segments.stay_unsynced(files);
        }
        synced
    }
}

/// Rows of a part of the journal, no more than fit into memory well, how far they reach, and how many records in between
/// cannot be read. What cannot be read is left behind: else nothing behind it would ever be written.
pub(crate) fn rows_of(bytes: &[u8], part: &Spilled, limits: Limits) -> (Rows, Position, u64) {
    let from = part.from;
    let mut rows = Rows::default();
    let mut damaged = 0;
    let mut frames = frame::read(bytes, from.offset);
    let mut offset = from.offset;
    while offset < part.to && rows.len() < limits.rows && rows.bytes < limits.bytes {
        let Some(found) = frames.next() else {
            offset = part.to;
            break;
        };
        match found {
            Found::Record(kind, _, told) => match row_of(kind, told) {
                Ok(Some(row)) => rows.push(row, Some(from.segment), told.len()),
                Ok(None) => {}
                Err(Unreadable) => damaged += 1,
            },
            Found::Damaged | Found::Torn => damaged += 1,
        }
        offset = frames.offset();
    }
    if offset == part.to {
        rows.end(from.segment, part.rows);
    }
    (rows, Position { offset, ..from }, damaged)
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
