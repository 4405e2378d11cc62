//! The pool and the transaction.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use sqlx::{
    Pool, Postgres, Sqlite,
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{Error, Result};

/// A pool of connections to the configured database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    pub(crate) pool: AnyPool,
    /// One connection apart, for batches: their long statements are prepared once, and no reader waits for them.
    batches: AnyPool,
    /// Whoever holds it may open a decision. Those who wait here wait in order and hold no connection meanwhile.
    turn: Arc<Semaphore>,
    /// How many decisions this process has committed.
    decisions: Arc<AtomicU64>,
    /// The file of an SQLite database; `None` in memory and for PostgreSQL.
    pub(crate) file: Option<PathBuf>,
}

#[derive(Clone, Debug)]
pub(crate) enum AnyPool {
    Sqlite(Pool<Sqlite>),
    Postgres(Pool<Postgres>),
}

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Embedded, one process.
    Sqlite,
    /// A server, many processes.
    Postgres,
}

/// An open transaction. Rolls back unless [`Tx::commit`] is called.
#[derive(Debug)]
pub struct Tx {
    pub(crate) inner: AnyTx,
    /// A decision's: where it is counted.
    decisions: Option<Arc<AtomicU64>>,
    /// A decision's; given back when the transaction is over: fields are dropped in this order.
    _turn: Option<OwnedSemaphorePermit>,
}

#[derive(Debug)]
pub(crate) enum AnyTx {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

const CONNECTIONS: u32 = 16;
const ACQUIRE: Duration = Duration::from_secs(5);
const TURN: Duration = Duration::from_secs(30);

impl Db {
    /// Opens `sqlite://path` (made if missing, with its folder) or `postgres://…`. Does not migrate.
    pub async fn connect(url: &str) -> Result<Self> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("postgres" | "postgresql") => {
                let options = PgPoolOptions::new()
                    .max_connections(CONNECTIONS)
                    .acquire_timeout(ACQUIRE);
                let pool = options.connect(url).await?;
                let batches = PgPoolOptions::new()
                    .max_connections(1)
                    .acquire_timeout(ACQUIRE)
                    .connect_lazy_with(pool.connect_options().as_ref().clone());
                let [pool, batches] = [pool, batches].map(AnyPool::Postgres);
                Ok(Self::new(pool, batches, None))
            }
            Some("sqlite") => Self::open_sqlite(url).await,
            _ => Err(Error::Scheme),
        }
    }

    /// Whether `url` names an SQLite file that is not there. [`Db::connect`] would make it.
    pub fn is_missing(url: &str) -> bool {
        url.starts_with("sqlite:")
            && url.parse::<SqliteConnectOptions>().is_ok_and(|options| {
                let path = options.get_filename();
                !is_in_memory(url, path) && !path.exists()
            })
    }

    async fn open_sqlite(url: &str) -> Result<Self> {
        // A commit reaches the disk before it is answered: a revoked session must not come back after a power cut.
        let options = url
            .parse::<SqliteConnectOptions>()?
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10));
        let path = options.get_filename().to_owned();
        let in_memory = is_in_memory(url, &path);
        if let Some(folder) = path
            .parent()
            .filter(|folder| !in_memory && !folder.as_os_str().is_empty())
        {
            std::fs::create_dir_all(folder)
                .map_err(|error| Error::Database(sqlx::Error::Io(error)))?;
        }
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(ACQUIRE)
            .connect_with(options.clone())
            .await?;
        // A database in memory is its connection's own.
        let batches = if in_memory {
            pool.clone()
        } else {
            SqlitePoolOptions::new()
                .max_connections(1)
                .acquire_timeout(ACQUIRE)
                .connect_lazy_with(options)
        };
        let [pool, batches] = [pool, batches].map(AnyPool::Sqlite);
        Ok(Self::new(pool, batches, (!in_memory).then_some(path)))
    }

    fn new(pool: AnyPool, batches: AnyPool, file: Option<PathBuf>) -> Self {
        Self {
            pool,
            batches,
            turn: Arc::new(Semaphore::new(1)),
            decisions: Arc::new(AtomicU64::new(0)),
            file,
        }
    }

    /// Which database this is.
    pub fn engine(&self) -> Engine {
        match self.pool {
            AnyPool::Sqlite(_) => Engine::Sqlite,
            AnyPool::Postgres(_) => Engine::Postgres,
        }
    }

    /// Opens a transaction in which a decision about people is made and audited.
    ///
    /// Such transactions run one after the other: SQLite takes its write lock at once, PostgreSQL the row of the audit
    /// chain's head, which every one of them must write anyway. What one reads, no other changes before it commits, so
    /// two first sign-ins of one person, or two admins demoting each other, cannot interleave, and there is nothing to
    /// retry. They must stay short: no network, no password hashing in between.
    ///
    /// Within a process they queue up in order before they take a connection, so that a burst of them keeps no reader
    /// waiting. Whoever has not had their turn after half a minute gets an error.
    pub async fn begin(&self) -> Result<Tx> {
        let turn = tokio::time::timeout(TURN, Arc::clone(&self.turn).acquire_owned()).await;
        let turn = turn.map_err(|_| Error::Database(sqlx::Error::PoolTimedOut))?;
        let turn = turn.map_err(|_| Error::Database(sqlx::Error::PoolClosed))?;
        let inner = match &self.pool {
            AnyPool::Sqlite(pool) => AnyTx::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await?),
            AnyPool::Postgres(pool) => {
                let mut tx = pool.begin().await?;
                sqlx::query("SELECT seq FROM audit_head WHERE id = 1 FOR UPDATE")
                    .execute(&mut *tx)
                    .await?;
                AnyTx::Postgres(tx)
            }
        };
        Ok(Tx {
            inner,
            decisions: Some(Arc::clone(&self.decisions)),
            _turn: Some(turn),
        })
    }

    /// Opens a transaction that adds rows and decides nothing about people. It does not queue up with the decisions, is
    /// not counted as one, and has a connection of its own, which only one has at a time; on SQLite it still shares the
    /// write lock with them, so it must stay short as well.
    pub async fn begin_batch(&self) -> Result<Tx> {
        let inner = match &self.batches {
            AnyPool::Sqlite(pool) => AnyTx::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await?),
            AnyPool::Postgres(pool) => AnyTx::Postgres(pool.begin().await?),
        };
        Ok(Tx {
            inner,
            decisions: None,
            _turn: None,
        })
    }

    /// Grows with every decision that this process commits, before the one who made it is answered. What was read from
    /// the database while it was lower may be out of date.
    pub fn generation(&self) -> u64 {
        self.decisions.load(Ordering::Acquire)
    }

    /// Asks the database for a sign of life.
    pub async fn ping(&self) -> Result<()> {
        match &self.pool {
            AnyPool::Sqlite(pool) => sqlx::query("SELECT 1").execute(pool).await.map(drop)?,
            AnyPool::Postgres(pool) => sqlx::query("SELECT 1").execute(pool).await.map(drop)?,
        }
        Ok(())
    }

    /// Closes every connection, waiting for those in use.
    pub async fn close(&self) {
        for pool in [&self.batches, &self.pool] {
            match pool {
                AnyPool::Sqlite(pool) => pool.close().await,
                AnyPool::Postgres(pool) => pool.close().await,
            }
        }
    }
}

fn is_in_memory(url: &str, path: &Path) -> bool {
    path.as_os_str().is_empty() || path.as_os_str() == ":memory:" || url.contains("mode=memory")
}

impl Tx {
    /// Makes everything done in it last.
    pub async fn commit(self) -> Result<()> {
        // Counted however it ends: a commit that fails, or that nobody waits for any more, may have come through.
        let _counted = self.decisions.map(Counted);
        match self.inner {
            AnyTx::Sqlite(tx) => tx.commit().await?,
            AnyTx::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

/// Counts a decision when it is dropped.
struct Counted(Arc<AtomicU64>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}
