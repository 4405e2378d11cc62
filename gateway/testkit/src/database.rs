//! Databases for tests: fresh, migrated, gone afterwards.

mod faults;
mod local;
mod postgres;
mod server;

use std::{
    fs,
    ops::Deref,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use gateway_store::Db;
use tokio::sync::OnceCell;

pub use postgres::{postgres, postgres_unmigrated};

/// A database of one test. It is there as long as a clone of this is.
#[derive(Clone, Debug)]
pub struct TestDb {
    db: Db,
    url: String,
    // Behind the pool, so that it is dropped after it.
    guard: Arc<Guard>,
}

/// What removes the database.
#[derive(Debug)]
enum Guard {
    Folder(PathBuf),
    Database(String),
}

impl TestDb {
    /// Where it is, as in `database.url`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The same database through connections of its own, as a second process would have it.
    pub async fn reconnect(&self) -> Self {
        Self {
            db: Db::connect(&self.url).await.unwrap(),
            url: self.url.clone(),
            guard: self.guard.clone(),
        }
    }
}

impl Deref for TestDb {
    type Target = Db;

    fn deref(&self) -> &Db {
        &self.db
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        match self {
            Self::Folder(folder) => drop(fs::remove_dir_all(folder)),
            Self::Database(name) => postgres::drop_database(name),
        }
    }
}

/// A migrated SQLite file. Every test's is a copy of one that was migrated once.
pub async fn sqlite() -> TestDb {
    static MIGRATED: OnceCell<Vec<u8>> = OnceCell::const_new();
    let migrated = MIGRATED.get_or_init(migrated_file).await;
    let folder = fresh_folder();
    fs::write(folder.join("gateway.db"), migrated).unwrap();
    let url = sqlite_url(&folder);
    TestDb {
        db: Db::connect(&url).await.unwrap(),
        url,
        guard: Arc::new(Guard::Folder(folder)),
    }
}

/// An SQLite file without any table, for tests of the migrations themselves.
pub async fn sqlite_unmigrated() -> TestDb {
    let folder = fresh_folder();
    let url = sqlite_url(&folder);
    TestDb {
        db: Db::connect(&url).await.unwrap(),
        url,
        guard: Arc::new(Guard::Folder(folder)),
    }
}

async fn migrated_file() -> Vec<u8> {
    let empty = sqlite_unmigrated().await;
    empty.migrate().await.unwrap();
    // Closing the last connection moves everything out of the write-ahead log.
    empty.close().await;
    let Guard::Folder(folder) = &*empty.guard else {
        unreachable!("an SQLite database is a file in a folder")
    };
    fs::read(folder.join("gateway.db")).unwrap()
}

fn sqlite_url(folder: &Path) -> String {
    format!("sqlite://{}", folder.join("gateway.db").display())
}

/// A new folder, in memory where the system has such a place: a test commits often, and each commit is synced.
fn fresh_folder() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = format!(
        "ogw-sqlite-{}-{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    );
    let in_memory = Path::new("/dev/shm").join(&name);
    // A process of the same id that was killed may have left one behind.
    let _ = fs::remove_dir_all(&in_memory);
    if fs::create_dir(&in_memory).is_ok() {
        return in_memory;
    }
    let on_disk = std::env::temp_dir().join(name);
    let _ = fs::remove_dir_all(&on_disk);
    fs::create_dir(&on_disk).unwrap();
    on_disk
}
