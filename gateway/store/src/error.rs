//! What can go wrong between the gateway and its database.

/// The result of a store function.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the database did not do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A unique or foreign key refused the write.
    #[error("conflicts with existing data")]
    Conflict(#[source] sqlx::Error),
    /// A value of the request that no column can hold, as a text with a NUL character or a moment before our calendar.
    /// Whoever sent it is at fault, not the database.
    #[error("a value cannot be stored: {0}")]
    InvalidValue(String),
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
        if let Some(code) = data_exception(&error) {
            return Self::InvalidValue(format!("SQLSTATE {code}"));
        }
        match error
            .as_database_error()
            .map(sqlx::error::DatabaseError::kind)
        {
            Some(UniqueViolation | ForeignKeyViolation) => Self::Conflict(error),
            _ => Self::Database(error),
        }
    }
}

/// The SQLSTATE of class 22, "data exception": PostgreSQL could be asked, but not with such a value.
fn data_exception(error: &sqlx::Error) -> Option<String> {
    let error = error.as_database_error()?;
    let is_postgres = error
        .try_downcast_ref::<sqlx::postgres::PgDatabaseError>()
        .is_some();
    let code = error.code().filter(|_| is_postgres)?;
    code.starts_with("22").then(|| code.into_owned())
}
