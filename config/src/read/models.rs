//! `models`, `pricing`, `request_logging`, `ledger` and `service_accounts`.

use std::{path::PathBuf, time::Duration};

use gateway_domain::{
    Payloads,
    money::{Price, Rate},
};

use super::{
    key::{self, Declared, Names},
    provider,
};
use crate::{
    LedgerSettings, Model, RequestLogging, Route, ServiceAccountDeclaration, Unpriced,
    source::Field,
};

/// Long enough for `publisher/family/model:version@place`.
const LONGEST_MODEL: usize = 200;
const PRIORITY: u32 = 100;
const MOST: u32 = 1_000_000;
const RETENTION: std::ops::RangeInclusive<Duration> =
    Duration::from_hours(1)..=Duration::from_hours(10 * 366 * 24);

pub(super) fn read(field: &Field<'_>, providers: &Declared) -> Vec<Model> {
    let mut seen = Declared::default();
    let items = field.items();
    items
        .iter()
        .map(|item| model(item, providers, &mut seen))
        .collect()
}

fn model(item: &Field<'_>, providers: &Declared, seen: &mut Declared) -> Model {
    let mut section = item.section();
    let id_field = section.field("id").required();
    let id = id_field.parse(model_name).unwrap_or_default();
    seen.add(&id_field, &id);
    let name = section.field("name").text().map(|text| text.value);
    let list = section.field("routes").required();
    let items = list.items();
    if list.is_given() && items.is_empty() {
        list.error("expected at least one route");
    }
    let routes: Vec<_> = items
        .iter()
        .map(|item| route(item, &id, providers))
        .collect();
    Model {
        name: name.unwrap_or_else(|| id.clone()),
        id,
        routes,
    }
}

/// A model's name as callers and upstreams write it.
fn model_name(text: &str) -> Result<String, String> {
    let is_name = text.len() <= LONGEST_MODEL && text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_name {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "expected a model's name: at most {LONGEST_MODEL} printable ASCII characters without spaces"
        ))
    }
}

fn route(item: &Field<'_>, model: &str, providers: &Declared) -> Route {
    let mut section = item.section();
    let provider = section.field("provider").required();
    let upstream = section.field("upstream_model").parse(model_name);
    Route {
        provider: providers.refer(&provider, "one of providers"),
        upstream_model: upstream.unwrap_or_else(|| model.to_owned()),
        priority: number(&section.field("priority")).unwrap_or(PRIORITY),
        weight: number(&section.field("weight")).unwrap_or(1),
        price: price(&section.field("price")),
    }
}

fn number(field: &Field<'_>) -> Option<u32> {
    field.parse(|text| {
        let value = text.parse().ok().filter(|value| *value <= MOST);
        value.ok_or_else(|| format!("expected a whole number from 0 to {MOST}"))
    })
}

/// A price over the catalogue's. Input and output are needed: half a price would be a wrong one.
fn price(field: &Field<'_>) -> Option<Price> {
    if !field.is_given() {
        return None;
    }
    let mut section = field.section();
    let rate = |field: &Field<'_>| -> Option<Rate> {
        field.parse(|text| {
            text.parse()
                .map_err(|error: gateway_domain::money::RateError| error.to_string())
        })
    };
    let input = rate(&section.field("input_usd_per_million").required());
    let output = rate(&section.field("output_usd_per_million").required());
    let mut optional = |name| rate(&section.field(name));
    Some(Price {
        input: input.unwrap_or_default(),
        output: output.unwrap_or_default(),
        cache_read: optional("cache_read_usd_per_million"),
        cache_write: optional("cache_write_usd_per_million"),
        cache_write_1h: optional("cache_write_1h_usd_per_million"),
        reasoning: optional("reasoning_usd_per_million"),
        audio_input: optional("audio_input_usd_per_million"),
        audio_output: optional("audio_output_usd_per_million"),
        image_input: optional("image_input_usd_per_million"),
    })
}

pub(super) fn unpriced(field: &Field<'_>) -> Unpriced {
    let words = [
        ("allow", Unpriced::Allow),
        ("flag", Unpriced::Flag),
        ("block", Unpriced::Block),
    ];
    let found = field.section().field("unpriced").word(&words);
    found.unwrap_or_default()
}

pub(super) fn request_logging(field: &Field<'_>) -> RequestLogging {
    let mut section = field.section();
    let defaults = RequestLogging::default();
    let retention = section.field("retention").duration(RETENTION);
    RequestLogging {
        payloads: payloads(&section.field("payloads")).unwrap_or(defaults.payloads),
        retention: retention.unwrap_or(defaults.retention),
    }
}

/// `off`, `redacted` or `full`.
pub(super) fn payloads(field: &Field<'_>) -> Option<Payloads> {
    let words: Vec<_> = Payloads::ALL
        .iter()
        .map(|word| (word.as_str(), *word))
        .collect();
    field.word(&words)
}

pub(super) fn ledger(field: &Field<'_>) -> LedgerSettings {
    let spool = field.section().field("spool").text();
    LedgerSettings {
        spool: spool.map(|text| PathBuf::from(text.value)),
    }
}

pub(super) fn service_accounts(field: &Field<'_>, names: &Names) -> Vec<ServiceAccountDeclaration> {
    let mut seen = Declared::default();
    let account = |item: &Field<'_>| {
        let mut section = item.section();
        let key_field = section.field("key").required();
        let key = key::read(&key_field);
        seen.add(&key_field, &key);
        let name = provider::text(&section.field("name"));
        ServiceAccountDeclaration {
            name: if name.is_empty() { key.clone() } else { name },
            key,
            team: names.team(&mut section),
        }
    };
    field.items().iter().map(account).collect()
}
