//! Long lists, a page at a time.

use std::str::FromStr;

use crate::ServiceError;

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// What [`Paging::cursor`] must be for the next page; `None` on the last.
    pub next: Option<String>,
}

/// Which page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paging {
    /// [`Page::next`] of the page before; `None` for the first.
    pub cursor: Option<String>,
    /// How many items. Default 50; more than 200 are taken for 200.
    pub limit: Option<u32>,
}

const DEFAULT: u32 = 50;
const MOST: u32 = 200;

impl Paging {
    /// The page behind a cursor, of the usual length.
    pub fn after(cursor: Option<String>) -> Self {
        Self {
            cursor,
            limit: None,
        }
    }

    /// How many rows to ask the database for: one more than the page holds, which tells whether there is another page.
    pub fn rows(&self) -> Result<i64, ServiceError> {
        Ok(i64::from(self.length()?) + 1)
    }

    /// What the cursor names.
    pub fn position<T: FromStr>(&self) -> Result<Option<T>, ServiceError> {
        let parsed = self.cursor.as_deref().map(str::parse).transpose();
        parsed.map_err(|_| {
            ServiceError::invalid(
                "cursor",
                "The cursor must be `next` of the page before, unchanged.",
            )
        })
    }

    /// Cuts the rows to the page's length; `cursor` names a row.
    pub fn cut<T>(
        &self,
        mut rows: Vec<T>,
        cursor: impl FnOnce(&T) -> String,
    ) -> Result<Page<T>, ServiceError> {
        let length = usize::try_from(self.length()?).unwrap_or(usize::MAX);
        let has_more = rows.len() > length;
        rows.truncate(length);
        let next = rows.last().filter(|_| has_more).map(cursor);
        Ok(Page { items: rows, next })
    }

    fn length(&self) -> Result<u32, ServiceError> {
        match self.limit.unwrap_or(DEFAULT) {
            0 => Err(ServiceError::invalid(
                "limit",
                "The limit must be at least 1.",
            )),
            limit => Ok(limit.min(MOST)),
        }
    }
}

impl<T> Page<T> {
    /// The same page of something else.
    pub fn map<U>(self, each: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(each).collect(),
            next: self.next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paging(limit: u32) -> Paging {
        Paging {
            cursor: None,
            limit: Some(limit),
        }
    }

    #[test]
    fn one_row_too_many_means_another_page() {
        let page = paging(2).cut(vec![3, 2, 1], ToString::to_string).unwrap();
        assert_eq!(page.items, [3, 2]);
        assert_eq!(page.next.as_deref(), Some("2"));
        let last = paging(2).cut(vec![1], ToString::to_string).unwrap();
        assert_eq!(last.next, None);
    }

    #[test]
    fn limits_are_kept_within_bounds() {
        assert_eq!(Paging::default().rows().unwrap(), 51);
        assert_eq!(paging(100_000).rows().unwrap(), 201);
        assert!(paging(0).rows().is_err());
    }

    #[test]
    fn a_foreign_cursor_is_refused() {
        let paging = Paging::after(Some("x".to_owned()));
        assert!(paging.position::<i64>().is_err());
    }
}
