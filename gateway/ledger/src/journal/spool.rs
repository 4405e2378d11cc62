//! The folder that the journals of all processes on this machine stand in, each in a folder of its own.

use std::{
    fs::{self, DirBuilder, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use uuid::Uuid;

/// A journal's folder, which nobody else may touch as long as this is kept.
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    _lock: File,
}

/// Makes a folder for a new journal, and takes those that nobody has any more. Two processes that do it at once take
/// turns, so each folder is taken once.
pub(crate) fn claim(spool: &Path) -> io::Result<(Folder, Vec<Folder>)> {
    make(spool)?;
    let turn = lock_file(&spool.join("lock"))?;
    turn.lock()?;
    let mut left = Vec::new();
    for entry in fs::read_dir(spool)? {
        let path = entry?.path();
        let is_journal = path
            .file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| Uuid::try_parse(name).is_ok());
        if is_journal && path.is_dir() {
            left.extend(take(path)?);
        }
    }
    let path = spool.join(gateway_domain::RequestId::new().to_string());
    make(&path)?;
    let own = take(path)?.ok_or_else(|| io::Error::other("a new folder is locked"))?;
    Ok((own, left))
}

impl Folder {
    /// Removes it with all that is in it.
    pub(crate) fn remove(self) -> io::Result<()> {
        fs::remove_dir_all(&self.path)
    }
}

fn take(path: PathBuf) -> io::Result<Option<Folder>> {
    let lock = lock_file(&path.join("lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(Folder { path, _lock: lock })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn lock_file(path: &Path) -> io::Result<File> {
    File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

/// Makes a folder for the gateway's user alone: what people wrote may be in it.
fn make(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
