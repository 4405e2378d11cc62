//! The files of a journal.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

/// A place in a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) segment: u64,
    pub(crate) offset: u64,
}

impl Position {
    /// So many bytes further.
    pub(crate) fn behind(self, bytes: usize) -> Self {
        let offset = self.offset + bytes as u64;
        Self { offset, ..self }
    }
}

/// The files that there are, and what must still be in them.
pub(super) struct Segments {
    folder: PathBuf,
    files: BTreeMap<u64, Segment>,
    /// The last one, which is written to.
    number: u64,
    file: Arc<File>,
    /// When its first record was written.
    since: Instant,
    /// It ends in what is no record and could not be cut off: what were written behind that would not be found.
    is_spoiled: bool,
    /// Files that were forgotten and not yet removed.
    retired: Vec<PathBuf>,
    /// Files that may hold what the disk does not have yet.
    unsynced: Vec<Arc<File>>,
    total: u64,
    /// How large a file grows before the next is begun.
    most: u64,
}

#[derive(Clone, Copy, Default)]
struct Segment {
    bytes: u64,
    /// Rows that the database does not have yet.
    rows: u64,
    /// Records of calls under way, and how long they are together.
    pins: u64,
    pinned: u64,
}

impl Segments {
    /// Begins the first file.
    pub(super) fn create(folder: PathBuf, most: u64) -> io::Result<Self> {
        let file = Arc::new(new_file(&folder, 0)?);
        Ok(Self {
            folder,
            files: BTreeMap::from([(0, Segment::default())]),
            number: 0,
            since: Instant::now(),
            is_spoiled: false,
            retired: Vec::new(),
            unsynced: Vec::new(),
            file,
            total: 0,
            most,
        })
    }

    /// Writes a record behind the last. Either all of it is there then, or nothing.
    pub(super) fn append(&mut self, frame: &[u8]) -> io::Result<Position> {
        let length = frame.len() as u64;
        let is_full = self.end().offset > 0 && self.end().offset + length > self.most;
        if is_full || self.is_spoiled {
            self.rotate()?;
        }
        let at = self.end();
        if let Err(error) = (&*self.file).write_all(frame) {
            // Else what was written of it would stand before the next record.
            self.is_spoiled = self.file.set_len(at.offset).is_err();
            return Err(error);
        }
        if at.offset == 0 {
            self.since = Instant::now();
        }
        if self
            .unsynced
            .last()
            .is_none_or(|last| !Arc::ptr_eq(last, &self.file))
        {
            self.unsynced.push(Arc::clone(&self.file));
        }
        self.total += length;
        self.last().bytes += length;
        Ok(at)
    }

    /// Begins the next file.
    pub(super) fn rotate(&mut self) -> io::Result<()> {
        let number = self.number + 1;
        self.file = Arc::new(new_file(&self.folder, number)?);
        self.number = number;
        self.is_spoiled = false;
        self.files.insert(number, Segment::default());
        Ok(())
    }

    /// Whether something can be written; tried out in a new file.
    pub(super) fn try_out(&mut self) -> io::Result<()> {
        self.rotate()?;
        let tried = (&*self.file).write_all(&[0; 4096]);
        let cleared = self.file.set_len(0);
        self.is_spoiled = cleared.is_err();
        tried.and(cleared)
    }

    /// Begins the next file when the last has been written to for long; earlier when nothing in it is needed, but not
    /// for every few rows.
    pub(super) fn rotate_if_due(&mut self, age: Duration) -> io::Result<()> {
        let (since, most) = (self.since.elapsed(), self.most);
        let last = self.last();
        let is_worth_it = since >= age / 12 || last.bytes >= most / 64;
        let is_due = since >= age || (last.rows == 0 && last.pins == 0 && is_worth_it);
        if last.bytes > 0 && is_due {
            self.rotate()?;
        }
        Ok(())
    }

    /// Where the next record will stand, if it fits.
    pub(super) fn end(&self) -> Position {
        let bytes = self.files.get(&self.number).map_or(0, |file| file.bytes);
        Position {
            segment: self.number,
            offset: bytes,
        }
    }

    /// How long a file is, and whether another follows it.
    pub(super) fn extent(&self, segment: u64) -> (u64, Option<u64>) {
        let bytes = self.files.get(&segment).map_or(0, |file| file.bytes);
        let mut behind = self.files.range(segment + 1..);
        (bytes, behind.next().map(|(number, _)| *number))
    }

    /// A row was written into a file that the database does not have yet.
    pub(super) fn hold(&mut self, segment: u64) {
        if let Some(file) = self.files.get_mut(&segment) {
            file.rows += 1;
        }
    }

    /// How many rows of a file the database does not have yet.
    pub(super) fn rows(&self, segment: u64) -> u64 {
        self.files.get(&segment).map_or(0, |file| file.rows)
    }

    /// The database has so many rows of a file.
    pub(super) fn let_go(&mut self, segment: u64, rows: u64) {
        if let Some(file) = self.files.get_mut(&segment) {
            file.rows = file.rows.saturating_sub(rows);
        }
    }

    /// A call under way has a record of so many bytes in a file.
    pub(super) fn pin(&mut self, segment: u64, length: u64) {
        if let Some(file) = self.files.get_mut(&segment) {
            file.pins += 1;
            file.pinned += length;
        }
    }

    /// It has not any more.
    pub(super) fn unpin(&mut self, segment: u64, length: u64) {
        if let Some(file) = self.files.get_mut(&segment) {
            file.pins = file.pins.saturating_sub(1);
            file.pinned = file.pinned.saturating_sub(length);
        }
    }

    /// Forgets the files of which nothing is needed any more, and names them and those that still are to be removed.
    pub(super) fn retire(&mut self) -> Vec<PathBuf> {
        let number = self.number;
        let done = |(name, file): (&u64, &Segment)| {
            (*name != number && file.rows == 0 && file.pins == 0).then_some(*name)
        };
        let done: Vec<u64> = self.files.iter().filter_map(done).collect();
        for name in &done {
            let bytes = self.files.remove(name).map_or(0, |file| file.bytes);
            self.total -= bytes;
        }
        let mut paths = std::mem::take(&mut self.retired);
        paths.extend(done.into_iter().map(|name| self.path(name)));
        paths
    }

    /// These could not be removed yet.
    pub(super) fn retired(&mut self, paths: Vec<PathBuf>) {
        self.retired.extend(paths);
    }

    /// Files that are kept for a few records only, which would better stand elsewhere.
    pub(super) fn sparse(&self) -> Vec<u64> {
        let files = self.files.range(..self.number);
        files
            .filter(|(_, file)| file.rows == 0 && file.pins > 0 && file.pinned * 4 < file.bytes)
            .map(|(number, _)| *number)
            .collect()
    }

    /// Whether nothing in them is needed any more.
    pub(super) fn are_done(&self) -> bool {
        self.files
            .values()
            .all(|file| file.rows == 0 && file.pins == 0)
    }

    /// What must reach the disk.
    pub(super) fn take_unsynced(&mut self) -> Vec<Arc<File>> {
        std::mem::take(&mut self.unsynced)
    }

    /// It did not.
    pub(super) fn stay_unsynced(&mut self, files: Vec<Arc<File>>) {
        self.unsynced.splice(..0, files);
    }

    /// Bytes of all files.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// A file's path.
    pub(super) fn path(&self, segment: u64) -> PathBuf {
        self.folder.join(name(segment))
    }

    fn last(&mut self) -> &mut Segment {
        self.files.entry(self.number).or_default()
    }
}

/// Reads a file from `from` to `to`.
pub(crate) fn read_range(path: &Path, from: u64, to: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(to.saturating_sub(from)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The files of a journal that somebody left, in order.
pub(crate) fn left_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == EXTENSION)
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

const EXTENSION: &str = "journal";

fn name(segment: u64) -> String {
    // As many digits as the longest number has: their order is that of the names.
    format!("{segment:020}.{EXTENSION}")
}

fn new_file(folder: &Path, segment: u64) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create_new(true);
    // It may hold what people wrote.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(folder.join(name(segment)))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_behind_what_could_not_be_cut_off() {
        let folder = std::env::temp_dir().join(format!("ogw-{}", gateway_domain::RequestId::new()));
        fs::create_dir(&folder).unwrap();
        let mut segments = Segments::create(folder.clone(), 1_000).unwrap();
        // It takes nothing, and cannot be cut either.
        let full = OpenOptions::new().append(true).open("/dev/full").unwrap();
        segments.file = Arc::new(full);
        assert!(segments.append(b"one").is_err());
        let at = segments.append(b"two").unwrap();
        assert_eq!((at.segment, at.offset), (1, 0));
        assert_eq!(fs::read(segments.path(1)).unwrap(), b"two");
        segments.try_out().unwrap();
        assert_eq!(segments.append(b"three").unwrap().segment, 2);
        assert_eq!(fs::read(segments.path(2)).unwrap(), b"three");
        fs::remove_dir_all(folder).unwrap();
    }
}
