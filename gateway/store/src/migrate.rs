//! Bringing a database up to date.

use std::fs::File;

use sqlx::{
    Connection as _,
    migrate::{Migrate as _, MigrateError, Migrator},
};

use crate::{Db, Error, Result, db::AnyPool};

static SQLITE: Migrator = sqlx::migrate!("../../migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("../../migrations/postgres");

/// Where the migrator keeps what it did: its default.
const TABLE: &str = "_sqlx_migrations";

/// One migration and whether the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationState {
    /// Its number.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// Whether it was applied.
    pub applied: bool,
}

impl Db {
    /// Applies what is missing, one process at a time. Refuses a database whose applied migrations differ from ours, or
    /// that a newer version has migrated, or in which one failed half-way; the error says what to do.
    pub async fn migrate(&self) -> Result<()> {
        match &self.pool {
            AnyPool::Sqlite(pool) => {
                let _lock = self.lock_file()?;
                SQLITE.run(pool).await.map_err(explain)
            }
            // The migrator takes an advisory lock of its own, and keeps it when it fails: only the end of the connection
            // ends the lock.
            AnyPool::Postgres(pool) => {
                let mut connection = pool.acquire().await?.detach();
                let done = POSTGRES.run(&mut connection).await;
                let closed = connection.close().await;
                done.map_err(explain)?;
                Ok(closed?)
            }
        }
    }

    /// Lists our migrations and whether the database has them.
    pub async fn migrations(&self) -> Result<Vec<MigrationState>> {
        let (migrator, applied) = match &self.pool {
            AnyPool::Sqlite(pool) => {
                let mut connection = pool.acquire().await?;
                connection
                    .ensure_migrations_table(TABLE)
                    .await
                    .map_err(explain)?;
                (
                    &SQLITE,
                    connection
                        .list_applied_migrations(TABLE)
                        .await
                        .map_err(explain)?,
                )
            }
            AnyPool::Postgres(pool) => {
                let mut connection = pool.acquire().await?;
                connection
                    .ensure_migrations_table(TABLE)
                    .await
                    .map_err(explain)?;
                (
                    &POSTGRES,
                    connection
                        .list_applied_migrations(TABLE)
                        .await
                        .map_err(explain)?,
                )
            }
        };
        let states = migrator.iter().map(|migration| MigrationState {
            version: migration.version,
            name: migration.description.to_string(),
            applied: applied.iter().any(|done| done.version == migration.version),
        });
        Ok(states.collect())
    }

    /// SQLite has no advisory locks: two processes that start together take turns by a file beside the database.
    fn lock_file(&self) -> Result<Option<File>> {
        let Some(path) = &self.file else {
            return Ok(None);
        };
        let mut name = path.as_os_str().to_owned();
        name.push(".migrate.lock");
        let file = File::create(name).and_then(|file| file.lock().map(|()| file));
        file.map(Some)
            .map_err(|error| Error::Database(sqlx::Error::Io(error)))
    }
}

fn explain(error: MigrateError) -> Error {
    let message = match &error {
        MigrateError::VersionMismatch(version) => format!(
            "migration {version} was applied to this database with another text than this program has. Run the program version that \
             made the database, or restore the database from a backup taken before it; do not edit applied migrations"
        ),
        MigrateError::VersionMissing(version) => format!(
            "this database has migration {version}, which this program does not know: a newer version has used it. Run that version or \
             a newer one, or restore a backup"
        ),
        MigrateError::Dirty(version) => format!(
            "migration {version} failed half-way in an earlier run. Restore the database from the backup taken before the update, then \
             start again"
        ),
        MigrateError::ExecuteMigration(_, version) => format!(
            "migration {version} failed and was rolled back; the database is as it was. Mend what the cause below names (rights, disk \
             space, tables of another program) and start again"
        ),
        _ => "the database could not be migrated. Check database.url, the rights of its user, and that it is reachable".to_owned(),
    };
    Error::Migration {
        message,
        source: Some(error),
    }
}
