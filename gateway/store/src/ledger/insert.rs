//! Many rows in one statement.

use std::{fmt::Write as _, iter::zip, sync::LazyLock};

use gateway_domain::ledger::{Attempt, RequestRecord};

use super::{PayloadRow, rows};
use crate::{Executor as _, Query, Result, Sql, Tx};

/// How many rows a statement may have. Few lengths: each is prepared once and then used again and again.
const LENGTHS: [usize; 8] = [128, 64, 32, 16, 8, 4, 2, 1];

/// A row that a statement has placeholders for.
pub(super) trait Values {
    /// Binds all of them, in order.
    fn bind<'c>(&self, query: Query<'c>) -> Query<'c>;
}

/// One statement for each of [`LENGTHS`].
pub(super) struct Statements([(String, String); LENGTHS.len()]);

/// Puts attempts where they are not yet.
pub(super) static ATTEMPTS: LazyLock<Statements> =
    LazyLock::new(|| Statements::insert("attempts", rows::ATTEMPT, "id"));
/// Puts requests where they are not yet.
pub(super) static REQUESTS: LazyLock<Statements> =
    LazyLock::new(|| Statements::insert("requests", rows::REQUEST, "id"));
/// Puts payloads where they are not yet.
pub(super) static PAYLOADS: LazyLock<Statements> =
    LazyLock::new(|| Statements::insert("request_payloads", rows::PAYLOAD, "request_id"));

impl Statements {
    fn insert(table: &str, columns: &[&str], key: &str) -> Self {
        let on_conflict = format!(" ON CONFLICT ({key}) DO NOTHING");
        Self::new(table, columns, &on_conflict)
    }

    /// Statements that put rows into a table, with `end` behind the rows.
    pub(super) fn new(table: &str, columns: &[&str], end: &str) -> Self {
        let text = |begin: &str, rows: usize, placeholder: &dyn Fn(usize) -> String| {
            let mut text = format!("{begin} INTO {table} ({}) VALUES ", columns.join(", "));
            for row in 0..rows {
                let first = row * columns.len() + 1;
                let values: Vec<_> = (first..first + columns.len()).map(placeholder).collect();
                let comma = if row == 0 { "" } else { ", " };
                let _ = write!(text, "{comma}({})", values.join(", "));
            }
            text + end
        };
        // SQLite looks each numbered placeholder up among all of them, which takes longest of all; a bare one it need not.
        // And what may fail in the middle, and then leave the transaction as it was before, it writes to yet another
        // journal; here the transaction is given up anyway.
        Self(LENGTHS.map(|rows| {
            (
                text("INSERT OR FAIL", rows, &|_| "?".to_owned()),
                text("INSERT", rows, &|number| format!("${number}")),
            )
        }))
    }

    /// Runs over all rows, as many at once as there are statements for. Returns how many rows it touched.
    pub(super) async fn run<T: Values>(&'static self, tx: &mut Tx, rows: &[T]) -> Result<u64> {
        let (mut rest, mut touched) = (rows, 0);
        for (length, (sqlite, postgres)) in zip(LENGTHS, &self.0) {
            while let Some((chunk, behind)) = rest.split_at_checked(length) {
                let query = tx.query(Sql::split(sqlite, postgres));
                let query = chunk.iter().fold(query, |query, row| row.bind(query));
                touched += query.execute().await?;
                rest = behind;
            }
        }
        Ok(touched)
    }

    /// Runs over one row. Returns whether it touched it.
    pub(super) async fn run_one<T: Values>(&'static self, tx: &mut Tx, row: &T) -> Result<bool> {
        Ok(self.run(tx, std::slice::from_ref(row)).await? == 1)
    }
}

impl Values for Attempt {
    fn bind<'c>(&self, query: Query<'c>) -> Query<'c> {
        rows::bind_attempt(self, query)
    }
}

impl Values for RequestRecord {
    fn bind<'c>(&self, query: Query<'c>) -> Query<'c> {
        rows::bind_request(self, query)
    }
}

impl Values for PayloadRow {
    fn bind<'c>(&self, query: Query<'c>) -> Query<'c> {
        rows::bind_payload(self, query)
    }
}
