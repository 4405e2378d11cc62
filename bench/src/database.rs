//! Databases to measure on.

use std::{
    fmt, fs,
    ops::Deref,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use clap::ValueEnum;
use gateway_store::{Db, Engine, Executor as _};
use gateway_testkit::TestDb;

use crate::Error;

/// Which.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    Sqlite,
    Postgres,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// A migrated database, gone with the value.
pub struct Database {
    db: Db,
    _kept: Kept,
}

enum Kept {
    ByTheTestKit { _db: TestDb },
    Folder(PathBuf),
}

impl Deref for Database {
    type Target = Db;

    fn deref(&self) -> &Db {
        &self.db
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Self::Folder(folder) = self {
            drop(fs::remove_dir_all(folder));
        }
    }
}

/// A new one: SQLite's in `folder` if there is one, else in memory; `None` when no PostgreSQL can be had.
pub async fn fresh(kind: Kind, folder: Option<&Path>) -> Result<Option<Database>, Error> {
    let made = match (kind, folder) {
        (Kind::Sqlite, Some(folder)) => return on_disk(folder).await.map(Some),
        (Kind::Sqlite, None) => Some(gateway_testkit::sqlite().await),
        (Kind::Postgres, _) => gateway_testkit::postgres().await,
    };
    Ok(made.map(|made| Database {
        db: (*made).clone(),
        _kept: Kept::ByTheTestKit { _db: made },
    }))
}

async fn on_disk(folder: &Path) -> Result<Database, Error> {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = folder.join(format!("gateway-bench-{}-{number}", std::process::id()));
    let kept = Kept::Folder(folder.clone());
    let db = Db::connect(&format!("sqlite://{}", folder.join("gateway.db").display())).await?;
    db.migrate().await?;
    Ok(Database { db, _kept: kept })
}

/// What a PostgreSQL in production does by itself after many changes; the test kit's does nothing by itself.
pub async fn settle(db: &Db) -> Result<(), Error> {
    if db.engine() == Engine::Postgres {
        db.query("ANALYZE").execute().await?;
    }
    Ok(())
}
