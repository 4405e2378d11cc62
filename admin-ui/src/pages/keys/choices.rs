//! What a key's form asks: its name, the models it may call, how long it works, whose it is.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use gateway_identity::{Caller, ServiceError};
use gateway_inference::{Plane, status};
use serde::Deserialize;

/// How many days a key works for, as the form offers.
pub(crate) const DAYS: [(&str, i64, &str); 3] = [
    ("30", 30, "30 days"),
    ("90", 90, "90 days"),
    ("365", 365, "One year"),
];

/// A key's form, as it was filled in. Boxes that are ticked come as one field each, which a derived reader cannot take.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "Vec<(String, String)>")]
pub(crate) struct KeyForm {
    pub(crate) name: String,
    /// Empty: one's own; else a service account's id, or `person`.
    pub(crate) owner: String,
    /// Of the person, for the owner `person`.
    pub(crate) email: String,
    /// Whether it may call only the models that are ticked.
    pub(crate) some: bool,
    pub(crate) models: Vec<String>,
    /// A number of days, `date`, `never`, or `keep` where there is one already.
    pub(crate) expiry: String,
    pub(crate) date: String,
}

/// When a key stops working.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expiry {
    /// As before.
    AsItIs,
    /// When it is revoked.
    Never,
    /// Then.
    At(DateTime<Utc>),
}

/// A model to tick.
#[derive(Clone, Debug)]
pub(crate) struct ModelChoice {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) chosen: bool,
    /// Whether the file has it still.
    pub(crate) is_live: bool,
}

impl From<Vec<(String, String)>> for KeyForm {
    fn from(fields: Vec<(String, String)>) -> Self {
        let mut form = Self::default();
        for (name, value) in fields {
            match name.as_str() {
                "name" => form.name = value,
                "owner" => form.owner = value,
                "email" => form.email = value,
                "scope" => form.some = value == "some",
                "model" => form.models.push(value),
                "expiry" => form.expiry = value,
                "date" => form.date = value,
                _ => {}
            }
        }
        form
    }
}

impl KeyForm {
    /// What a new key's form begins with.
    pub(super) fn fresh(owner: String) -> Self {
        Self {
            owner,
            expiry: "90".to_owned(),
            ..Self::default()
        }
    }

    /// The models that were chosen; `None`: all.
    pub(super) fn models(&self) -> Result<Option<Vec<String>>, ServiceError> {
        if !self.some {
            return Ok(None);
        }
        if self.models.is_empty() {
            let sentence = "Tick at least one model, or let the key call all of them.";
            return Err(ServiceError::invalid("models", sentence));
        }
        Ok(Some(self.models.clone()))
    }

    /// When the key stops working.
    pub(super) fn expiry(&self, now: DateTime<Utc>) -> Result<Expiry, ServiceError> {
        let days = DAYS.iter().find(|(value, ..)| *value == self.expiry);
        match (days, self.expiry.as_str()) {
            (Some((_, days, _)), _) => Ok(Expiry::At(now + TimeDelta::days(*days))),
            (None, "never") => Ok(Expiry::Never),
            (None, "keep") => Ok(Expiry::AsItIs),
            (None, "date") => self.last_day(now).map(Expiry::At),
            _ => Err(ServiceError::invalid("expiry", "Choose one of these.")),
        }
    }

    /// The end of the day that was typed.
    fn last_day(&self, now: DateTime<Utc>) -> Result<DateTime<Utc>, ServiceError> {
        let invalid = |sentence| ServiceError::invalid("date", sentence);
        let day: NaiveDate = self
            .date
            .trim()
            .parse()
            .map_err(|_| invalid("Write the day as 2026-11-22."))?;
        let end = day.checked_add_days(Days::new(1));
        let end = end.map(|day| day.and_time(NaiveTime::MIN).and_utc());
        end.filter(|end| *end > now)
            .ok_or_else(|| invalid("Choose a day that is not over."))
    }
}

/// The models that a key can be bound to: those of the file, and those that the key is bound to already.
pub(super) fn models(
    plane: &Plane,
    caller: &Caller,
    chosen: &[String],
) -> Result<Vec<ModelChoice>, ServiceError> {
    let live = status::models(plane, caller)?;
    let gone = chosen
        .iter()
        .filter(|id| !live.iter().any(|model| model.id == **id));
    let gone: Vec<ModelChoice> = gone
        .map(|id| ModelChoice {
            id: id.clone(),
            name: id.clone(),
            chosen: true,
            is_live: false,
        })
        .collect();
    let live = live.into_iter().map(|model| ModelChoice {
        chosen: chosen.contains(&model.id),
        id: model.id,
        name: model.name,
        is_live: true,
    });
    Ok(live.chain(gone).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-22T14:05:00Z".parse().unwrap()
    }

    fn form(expiry: &str, date: &str) -> KeyForm {
        KeyForm {
            expiry: expiry.to_owned(),
            date: date.to_owned(),
            ..KeyForm::default()
        }
    }

    #[test]
    fn an_expiry_is_a_span_a_day_or_none() {
        let at = |expiry, date| form(expiry, date).expiry(now()).unwrap();
        let moment = |text: &str| Expiry::At(text.parse().unwrap());
        assert_eq!(at("30", ""), moment("2026-12-22T14:05:00Z"));
        assert_eq!(at("date", "2026-11-22"), moment("2026-11-23T00:00:00Z"));
        assert_eq!(at("never", "2026-11-22"), Expiry::Never);
        assert_eq!(at("keep", ""), Expiry::AsItIs);
        for (expiry, date) in [("date", ""), ("date", "2026-11-21"), ("", ""), ("31", "")] {
            assert!(form(expiry, date).expiry(now()).is_err(), "{expiry}");
        }
    }

    #[test]
    fn every_ticked_box_counts_when_some_are_to_be_chosen() {
        let fields = |scope: &str| {
            let fields = [("scope", scope), ("model", "a"), ("model", "b/c")];
            let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
            KeyForm::from(Vec::from(fields))
        };
        let some = Some(vec!["a".to_owned(), "b/c".to_owned()]);
        assert_eq!(fields("some").models().unwrap(), some);
        assert_eq!(fields("all").models().unwrap(), None);
        let none = KeyForm {
            some: true,
            ..KeyForm::default()
        };
        assert!(none.models().is_err());
    }
}
