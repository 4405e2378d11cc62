//! SQL with optional parts.

use crate::{Executor, Param, Query, Sql};

type Bind<'c> = Box<dyn FnOnce(Query<'c>) -> Query<'c> + Send + 'c>;

/// SQL assembled from static fragments and bound values, for filters.
pub struct Builder<'c, E> {
    executor: E,
    sql: String,
    binds: Vec<Bind<'c>>,
}

impl<'c, E: Executor<'c>> Builder<'c, E> {
    /// Begins with `sql`.
    pub fn new(executor: E, sql: &'static str) -> Self {
        Self {
            executor,
            sql: sql.to_owned(),
            binds: Vec::new(),
        }
    }

    /// Appends `sql` as it is.
    #[must_use]
    pub fn push(mut self, sql: &'static str) -> Self {
        self.sql.push_str(sql);
        self
    }

    /// Appends `sql` with every `?` replaced by the placeholder of `value`.
    #[must_use]
    pub fn push_with<T: Param<'c> + Send + 'c>(mut self, sql: &'static str, value: T) -> Self {
        let placeholder = format!("${}", self.binds.len() + 1);
        self.sql.push_str(&sql.replace('?', &placeholder));
        self.binds.push(Box::new(move |query| query.bind(value)));
        self
    }

    /// The same, when there is a value.
    #[must_use]
    pub fn push_if<T: Param<'c> + Send + 'c>(self, sql: &'static str, value: Option<T>) -> Self {
        match value {
            Some(value) => self.push_with(sql, value),
            None => self,
        }
    }

    /// Appends `(…)` listing `values`; an empty list matches nothing. Not for `NOT IN`.
    #[must_use]
    pub fn push_in<T: Param<'c> + Send + 'c>(
        mut self,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        self.sql.push_str(" (NULL");
        self = values
            .into_iter()
            .fold(self, |builder, value| builder.push_with(", ?", value));
        self.push(")")
    }

    /// The finished statement.
    pub fn build(self) -> Query<'c> {
        let query = self.executor.query(Sql::assembled(self.sql));
        self.binds
            .into_iter()
            .fold(query, |query, bind| bind(query))
    }
}
