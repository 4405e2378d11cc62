//! One SQL text, two drivers.
//!
//! Every statement is written once, with `$1` placeholders, in the dialect that PostgreSQL and SQLite share. [`Query`]
//! binds and decodes with the driver's native types, so an id is a `uuid` in one and 16 bytes in the other, and no store
//! function can tell.

use futures_util::{StreamExt as _, stream, stream::BoxStream};
use sqlx::{
    AssertSqlSafe, Database, Encode, FromRow, Pool, Postgres, SqlSafeStr, SqlStr, Sqlite, Type,
    postgres::{PgArguments, PgRow},
    sqlite::{SqliteArguments, SqliteRow},
};

use crate::{
    Db, Error, Result, Tx,
    db::{AnyPool, AnyTx},
    storable::unstorable,
};

/// Somewhere a statement can run: `&Db` or `&mut Tx`.
pub trait Executor<'c>: Send {
    /// Begins a statement.
    fn query(self, sql: impl Into<Sql>) -> Query<'c>;
}

impl<'c> Executor<'c> for &'c Db {
    fn query(self, sql: impl Into<Sql>) -> Query<'c> {
        let sql = sql.into();
        match &self.pool {
            AnyPool::Sqlite(pool) => Query::Sqlite(Target::Pool(pool), sqlx::query(sql.sqlite)),
            AnyPool::Postgres(pool) => {
                Query::Postgres(Target::Pool(pool), sqlx::query(sql.postgres))
            }
        }
    }
}

impl<'c> Executor<'c> for &'c mut Tx {
    fn query(self, sql: impl Into<Sql>) -> Query<'c> {
        let sql = sql.into();
        match &mut self.inner {
            AnyTx::Sqlite(tx) => Query::Sqlite(Target::Conn(&mut **tx), sqlx::query(sql.sqlite)),
            AnyTx::Postgres(tx) => {
                Query::Postgres(Target::Conn(&mut **tx), sqlx::query(sql.postgres))
            }
        }
    }
}

/// The text of a statement: one for both databases, or, rarely, one for each.
pub struct Sql {
    sqlite: SqlStr,
    postgres: SqlStr,
}

impl From<&'static str> for Sql {
    fn from(shared: &'static str) -> Self {
        Self::split(shared, shared)
    }
}

impl Sql {
    /// For what the shared dialect cannot say. Each use explains itself.
    pub fn split(sqlite: &'static str, postgres: &'static str) -> Self {
        Self {
            sqlite: sqlite.into_sql_str(),
            postgres: postgres.into_sql_str(),
        }
    }

    /// Only [`crate::Builder`] assembles SQL, from `'static` fragments and placeholders.
    pub(crate) fn assembled(text: String) -> Self {
        let sql = AssertSqlSafe(text).into_sql_str();
        Self {
            sqlite: sql.clone(),
            postgres: sql,
        }
    }
}

/// A value that both drivers can encode.
pub trait Param<'q>:
    Encode<'q, Sqlite> + Type<Sqlite> + Encode<'q, Postgres> + Type<Postgres>
{
}
impl<'q, T> Param<'q> for T where
    T: Encode<'q, Sqlite> + Type<Sqlite> + Encode<'q, Postgres> + Type<Postgres>
{
}

/// A row that both drivers can decode; `#[derive(sqlx::FromRow)]` provides it.
pub trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}
impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{}

#[doc(hidden)]
pub enum Target<'c, DB: Database> {
    Pool(&'c Pool<DB>),
    Conn(&'c mut DB::Connection),
}

/// A statement being bound, ready to run once.
#[must_use = "a query does nothing until it is fetched or executed"]
pub enum Query<'c> {
    #[doc(hidden)]
    Sqlite(
        Target<'c, Sqlite>,
        sqlx::query::Query<'static, Sqlite, SqliteArguments>,
    ),
    #[doc(hidden)]
    Postgres(
        Target<'c, Postgres>,
        sqlx::query::Query<'static, Postgres, PgArguments>,
    ),
    /// One of its values cannot be stored: it will not run.
    #[doc(hidden)]
    Refused(&'static str),
}

/// Runs `$method` on whichever driver and target `$query` holds.
macro_rules! run {
    ($query:expr, $method:ident, |$value:ident| $then:expr) => {
        match $query {
            Query::Sqlite(target, query) => {
                let $value = match target {
                    Target::Pool(pool) => query.$method(pool).await?,
                    Target::Conn(conn) => query.$method(conn).await?,
                };
                $then
            }
            Query::Postgres(target, query) => {
                let $value = match target {
                    Target::Pool(pool) => query.$method(pool).await?,
                    Target::Conn(conn) => query.$method(conn).await?,
                };
                $then
            }
            Query::Refused(why) => Err(Error::InvalidValue(why.to_owned())),
        }
    };
}

impl<'c> Query<'c> {
    /// Binds the next placeholder. A value that only one of the databases could take is refused by both, when the
    /// statement runs: [`Error::InvalidValue`].
    pub fn bind<'q, T: Param<'q>>(self, value: T) -> Self {
        if let Some(why) = unstorable(&value) {
            return Self::Refused(why);
        }
        self.bind_plain(value)
    }

    /// Binds the next placeholder with a value of which both databases can take any, such as an id or a number. Spares the
    /// look at it, which counts where there are thousands.
    pub(crate) fn bind_plain<'q, T: Param<'q>>(self, value: T) -> Self {
        match self {
            Self::Sqlite(target, query) => Self::Sqlite(target, query.bind(value)),
            Self::Postgres(target, query) => Self::Postgres(target, query.bind(value)),
            refused @ Self::Refused(_) => refused,
        }
    }

    /// Binds the next placeholder with a text; checked like [`Query::bind`], at less cost.
    pub(crate) fn bind_text(self, text: Option<&str>) -> Self {
        if text.is_some_and(|text| text.contains('\0')) {
            return Self::Refused("a text with a NUL character");
        }
        self.bind_plain(text)
    }

    /// The only row.
    pub async fn fetch_one<T: Row>(self) -> Result<T> {
        run!(self, fetch_one, |row| Ok(T::from_row(&row)?))
    }

    /// The only row, if there is one.
    pub async fn fetch_optional<T: Row>(self) -> Result<Option<T>> {
        run!(self, fetch_optional, |row| Ok(row
            .map(|row| T::from_row(&row))
            .transpose()?))
    }

    /// All rows.
    pub async fn fetch_all<T: Row>(self) -> Result<Vec<T>> {
        run!(self, fetch_all, |rows| Ok(rows
            .iter()
            .map(T::from_row)
            .collect::<Result<_, _>>()?))
    }

    /// Rows as they arrive, for exports too large to hold.
    pub fn stream<T: Row + 'c>(self) -> BoxStream<'c, Result<T>> {
        match self {
            Self::Sqlite(Target::Pool(pool), query) => decode(query.fetch(pool)),
            Self::Sqlite(Target::Conn(conn), query) => decode(query.fetch(conn)),
            Self::Postgres(Target::Pool(pool), query) => decode(query.fetch(pool)),
            Self::Postgres(Target::Conn(conn), query) => decode(query.fetch(conn)),
            Self::Refused(why) => {
                let error = Error::InvalidValue(why.to_owned());
                stream::once(async { Err(error) }).boxed()
            }
        }
    }

    /// The first column of the only row.
    pub async fn fetch_scalar<T>(self) -> Result<T>
    where
        (T,): Row,
    {
        self.fetch_one::<(T,)>().await.map(|(value,)| value)
    }

    /// Runs the statement and returns how many rows it touched.
    pub async fn execute(self) -> Result<u64> {
        run!(self, execute, |done| Ok(done.rows_affected()))
    }
}

fn decode<'c, R, T>(rows: BoxStream<'c, sqlx::Result<R>>) -> BoxStream<'c, Result<T>>
where
    R: sqlx::Row + 'c,
    T: for<'r> FromRow<'r, R>,
{
    rows.map(|row| Ok(T::from_row(&row?)?)).boxed()
}
