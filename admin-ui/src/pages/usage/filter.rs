//! Which usage is asked for: as it was typed, and as it is read.

use chrono::{Days, NaiveDate};
use gateway_identity::{Caller, Context, ServiceError};
use gateway_ledger::usage::Filter;
use serde::Deserialize;

use super::PATH;
use crate::{errors::Errors, pages::owners, shell::Shell, view::address};

/// The longest range that is shown, in days.
const LONGEST: i64 = 366;

/// The ranges that are one link away each: how many days, today included.
pub(crate) const RANGES: [(&str, u64, &str); 3] = [
    ("7", 7, "7 days"),
    ("30", 30, "30 days"),
    ("90", 90, "90 days"),
];

/// The filter, as it was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    pub(crate) days: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) owner: String,
    pub(crate) team: String,
    pub(crate) model: String,
}

/// The filter, and what cannot be read of it.
pub(super) async fn read(
    ctx: &Context,
    caller: &Caller,
    shell: &Shell,
    asked: &Asked,
) -> Result<(Filter, Errors), ServiceError> {
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let (range, mut errors) = match asked.range(ctx.now().date_naive()) {
        Ok(range) => (range, Errors::default()),
        Err((range, errors)) => (range, errors),
    };
    let mut owner = None;
    if shell.oversees() {
        owner = owners::named(ctx, caller, &asked.owner, &mut errors).await?;
    }
    let filter = Filter {
        from: range.0,
        to: range.1,
        owner,
        team: given(&asked.team),
        model: given(&asked.model),
    };
    Ok((filter, errors))
}

impl Asked {
    /// Whether anything but the time is filtered.
    pub(crate) fn is_set(&self) -> bool {
        ![&self.owner, &self.team, &self.model, &self.from, &self.to]
            .into_iter()
            .all(String::is_empty)
    }

    /// Whether this is the range that is shown.
    pub(crate) fn is_over(&self, days: &str) -> bool {
        let is_dated = !self.from.is_empty() || !self.to.is_empty();
        let known = RANGES.iter().any(|(name, ..)| *name == self.days);
        !is_dated && (self.days == days || (!known && days == "30"))
    }

    /// The same over another range.
    pub(crate) fn over(&self, days: &str) -> String {
        let asked = Self {
            days: days.to_owned(),
            from: String::new(),
            to: String::new(),
            ..self.clone()
        };
        asked.address(PATH)
    }

    pub(super) fn address(&self, path: &str) -> String {
        let query = [
            ("days", Some(self.days.as_str())),
            ("from", Some(&self.from)),
            ("to", Some(&self.to)),
            ("owner", Some(&self.owner)),
            ("team", Some(&self.team)),
            ("model", Some(&self.model)),
        ];
        address(path, &query)
    }

    /// The first and the last day. A range that cannot be read comes back as the usual one, with what is wrong.
    fn range(
        &self,
        today: NaiveDate,
    ) -> Result<(NaiveDate, NaiveDate), ((NaiveDate, NaiveDate), Errors)> {
        let before = |day: NaiveDate, days| day.checked_sub_days(Days::new(days)).unwrap_or(day);
        let chosen = RANGES.iter().find(|(name, ..)| *name == self.days);
        let days = chosen.map_or(30, |(_, days, _)| *days);
        let usual = (before(today, days - 1), today);
        let wrong = |field, sentence: &str| (usual, Errors::field(field, sentence));
        let day = |field: &'static str, text: &str| match text.trim() {
            "" => Ok(None),
            text => text
                .parse::<NaiveDate>()
                .map(Some)
                .map_err(|_| wrong(field, "Write the day as 2026-11-22.")),
        };
        let (from, to) = (day("from", &self.from)?, day("to", &self.to)?);
        let (from, to) = match (from, to) {
            (None, None) => return Ok(usual),
            (Some(from), to) => (from, to.unwrap_or(today)),
            (None, Some(to)) => (before(to, days - 1), to),
        };
        match (to - from).num_days() {
            ..0 => Err(wrong("to", "The last day comes before the first.")),
            LONGEST.. => Err(wrong("from", "A range has 366 days at most.")),
            _ => Ok((from, to)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(days: &str, from: &str, to: &str) -> Result<String, Errors> {
        let asked = Asked {
            days: days.to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
            ..Asked::default()
        };
        let range = asked.range("2026-11-22".parse().unwrap());
        range
            .map(|(from, to)| format!("{from} {to}"))
            .map_err(|(_, errors)| errors)
    }

    #[test]
    fn a_range_ends_today_unless_said() {
        assert_eq!(range("", "", "").unwrap(), "2026-10-24 2026-11-22");
        assert_eq!(range("7", "", "").unwrap(), "2026-11-16 2026-11-22");
        let from = range("7", "2026-11-01", "");
        assert_eq!(from.unwrap(), "2026-11-01 2026-11-22");
        let to = range("7", "", "2026-11-07");
        assert_eq!(to.unwrap(), "2026-11-01 2026-11-07");
    }

    #[test]
    fn a_range_that_cannot_be_is_told() {
        assert!(range("", "x", "").unwrap_err().of("from").is_some());
        let turned = range("", "2026-11-02", "2026-11-01");
        assert!(turned.unwrap_err().of("to").is_some());
        let long = range("", "2020-01-01", "2026-11-01");
        assert!(long.unwrap_err().of("from").is_some());
    }
}
