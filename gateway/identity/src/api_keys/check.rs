//! What a key may be called, may call and how long it may last.

use chrono::{DateTime, TimeDelta, Utc};
use gateway_config::Config;

use crate::{ServiceError, words::may_stand_in_name};

const LONGEST_NAME: usize = 100;
/// Five years: a key that outlives whoever remembers it helps nobody.
const LONGEST_LIFE: TimeDelta = TimeDelta::days(5 * 366);
/// How alike two model ids must be, from 0 to 1, before one is offered for the other.
const ALIKE: f64 = 0.8;

pub(super) fn name(name: &str) -> Result<String, ServiceError> {
    let name = name.trim();
    let fits = !name.is_empty() && name.chars().count() <= LONGEST_NAME;
    if fits && name.chars().all(may_stand_in_name) {
        return Ok(name.to_owned());
    }
    Err(ServiceError::invalid(
        "name",
        "A key's name has between 1 and 100 characters, all of them visible.",
    ))
}

/// The models once each, in the order given. `held` are those that the key has already, which may have left the file.
pub(super) fn models(
    config: &Config,
    models: Option<Vec<String>>,
    held: &[String],
) -> Result<Option<Vec<String>>, ServiceError> {
    let Some(asked) = models else { return Ok(None) };
    if asked.is_empty() {
        let sentence = "The list of models is empty, and such a key could call nothing; null means every model.";
        return Err(ServiceError::invalid("models", sentence));
    }
    let mut kept: Vec<String> = Vec::new();
    for id in asked {
        let is_known = held.contains(&id) || config.models.iter().any(|model| model.id == id);
        if !is_known {
            return Err(unknown_model(config, &id));
        }
        if !kept.contains(&id) {
            kept.push(id);
        }
    }
    Ok(Some(kept))
}

fn unknown_model(config: &Config, id: &str) -> ServiceError {
    let shown: String = id.chars().take(60).flat_map(char::escape_debug).collect();
    let likeness = |model: &str| strsim::jaro_winkler(&id.to_lowercase(), &model.to_lowercase());
    let ids = config.models.iter().map(|model| model.id.as_str());
    let alike = ids.map(|model| (likeness(model), model));
    let best = alike
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(left, _), (right, _)| left.total_cmp(right));
    let hint = best.map_or_else(String::new, |(_, model)| {
        format!(" Did you mean \"{model}\"?")
    });
    let sentence = format!("There is no model \"{shown}\" in the configuration file.{hint}");
    ServiceError::invalid("models", sentence)
}

pub(super) fn expiry(
    expires_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    let Some(end) = expires_at else { return Ok(()) };
    if end > now && end - now <= LONGEST_LIFE {
        return Ok(());
    }
    Err(ServiceError::invalid(
        "expires_at",
        "A key ends in the future, and within five years.",
    ))
}
