//! What can go wrong between the gateway and its database.

/// The result of a store function.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the database did not do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A unique or foreign key refused the write.
    #[error("conflicts with existing data")]
    Conflict(#[source] sqlx::Error),
    /// The migrations and the database do not fit together; the text says what to do.
    #[error("{message}")]
    Migration {
        /// What is wrong and the remedy.
        message: String,
        /// What the migrator said.
        #[source]
        source: Option<sqlx::migrate::MigrateError>,
    },
    /// The URL names no database that the gateway knows.
    #[error("database.url must begin with sqlite:// or postgres://")]
    Scheme,
    /// Stored data that the gateway could not have written.
    #[error("corrupt data: {0}")]
    Corrupt(String),
    /// Anything else: unreachable, out of disk, out of time.
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::error::ErrorKind::{ForeignKeyViolation, UniqueViolation};
        match error
            .as_database_error()
            .map(sqlx::error::DatabaseError::kind)
        {
            Some(UniqueViolation | ForeignKeyViolation) => Self::Conflict(error),
            _ => Self::Database(error),
        }
    }
}
