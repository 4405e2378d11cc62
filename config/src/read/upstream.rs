//! `providers`: the model providers.

mod aws;
mod azure;
mod google;

use std::{collections::BTreeSet, time::Duration};

use gateway_domain::{Secret, ledger::Surface};
use url::Url;

use super::{
    address, http,
    key::{self, Declared},
};
use crate::{
    ModelProvider, ProviderKind, Timeouts,
    source::{Field, Section},
};

const OPENAI: &str = "https://api.openai.com/v1";
const ANTHROPIC: &str = "https://api.anthropic.com";
const GEMINI: &str = "https://generativelanguage.googleapis.com";
/// Nobody waits longer for a connection, and few for a first byte: models may think before they speak.
const CONNECT: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_mins(1);
const WAIT: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(1);
/// What the gateway says itself, or must not say.
const RESERVED_HEADERS: [&str; 12] = [
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "proxy-authorization",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// The word under `type`.
#[derive(Clone, Copy)]
enum Type {
    OpenAi,
    Compatible,
    Anthropic,
    Azure,
    Gemini,
    Vertex,
    Bedrock,
}

const TYPES: [(&str, Type); 7] = [
    ("openai", Type::OpenAi),
    ("openai_compatible", Type::Compatible),
    ("anthropic", Type::Anthropic),
    ("azure_openai", Type::Azure),
    ("gemini", Type::Gemini),
    ("vertex", Type::Vertex),
    ("bedrock", Type::Bedrock),
];

pub(super) fn read(field: &Field<'_>, ids: &mut Declared) -> Vec<ModelProvider> {
    let items = field.items();
    items.iter().filter_map(|item| one(item, ids)).collect()
}

fn one(item: &Field<'_>, ids: &mut Declared) -> Option<ModelProvider> {
    let mut section = item.section();
    let id_field = section.field("id").required();
    let id = key::read(&id_field);
    ids.add(&id_field, &id);
    let timeouts = timeouts(&section.field("timeouts"));
    let headers = headers(&section.field("headers"));
    let mut transport = section.field("http").section();
    let allow_insecure = transport.field("allow_insecure").flag().unwrap_or(false);
    let ca_pem = http::certificates(&transport.field("ca_file")).map(|(_, pem)| pem);
    let kind_field = section.field("type").required();
    let found = kind_field.word(&TYPES);
    let Some(found) = found else {
        // What else it has cannot be judged.
        section.give_up();
        return None;
    };
    let kind = kind(found, &mut section, allow_insecure);
    Some(ModelProvider {
        id,
        kind,
        headers,
        timeouts,
        ca_pem,
    })
}

fn kind(found: Type, section: &mut Section<'_>, insecure: bool) -> ProviderKind {
    match found {
        Type::OpenAi => ProviderKind::OpenAi {
            base_url: base(section, insecure).unwrap_or_else(|| address::fixed(OPENAI)),
            api_key: secret(&section.field("api_key").required()),
            organization: word(section, "organization"),
            project: word(section, "project"),
        },
        Type::Compatible => compatible(section, insecure),
        Type::Anthropic => ProviderKind::Anthropic {
            base_url: base(section, insecure).unwrap_or_else(|| address::fixed(ANTHROPIC)),
            api_key: secret(&section.field("api_key").required()),
        },
        Type::Gemini => ProviderKind::Gemini {
            base_url: base(section, insecure).unwrap_or_else(|| address::fixed(GEMINI)),
            api_key: secret(&section.field("api_key").required()),
        },
        Type::Azure => azure::read(section, insecure),
        Type::Vertex => google::read(section, insecure),
        Type::Bedrock => aws::read(section, insecure),
    }
}

fn compatible(section: &mut Section<'_>, insecure: bool) -> ProviderKind {
    let field = section.field("base_url").required();
    let base_url = address::base(&field, insecure);
    ProviderKind::OpenAiCompatible {
        base_url: base_url.unwrap_or_else(|| address::fixed(OPENAI)),
        api_key: section.field("api_key").secret(),
        surfaces: surfaces(&section.field("surfaces")),
    }
}

fn surfaces(field: &Field<'_>) -> BTreeSet<Surface> {
    let words = [
        ("chat", Surface::Chat),
        ("responses", Surface::Responses),
        ("embeddings", Surface::Embeddings),
        ("messages", Surface::Messages),
    ];
    let Some(items) = field.values() else {
        return [Surface::Chat, Surface::Embeddings].into();
    };
    if items.is_empty() {
        field.error("expected at least one of: chat, responses, embeddings, messages");
    }
    items.iter().filter_map(|item| item.word(&words)).collect()
}

/// `base_url`, without a slash at its end.
fn base(section: &mut Section<'_>, insecure: bool) -> Option<Url> {
    address::base(&section.field("base_url"), insecure)
}

/// A secret that is needed; empty where one was reported.
fn secret(field: &Field<'_>) -> Secret {
    field.secret().unwrap_or_else(|| Secret::new(""))
}

/// A text that is one word in a header or a path.
fn word(section: &mut Section<'_>, name: &'static str) -> Option<String> {
    word_of(&section.field(name))
}

fn word_of(field: &Field<'_>) -> Option<String> {
    field.parse(|text| {
        let is_word = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte));
        if is_word && text != "." && text != ".." {
            Ok(text.to_owned())
        } else {
            Err("expected one word of letters, digits, -, _, . and :".to_owned())
        }
    })
}

fn timeouts(field: &Field<'_>) -> Timeouts {
    let mut section = field.section();
    let defaults = Timeouts::default();
    let connect = section.field("connect").duration(CONNECT);
    let first_byte = section.field("first_byte").duration(WAIT);
    let idle = section.field("idle").duration(WAIT);
    Timeouts {
        connect: connect.unwrap_or(defaults.connect),
        first_byte: first_byte.unwrap_or(defaults.first_byte),
        idle: idle.unwrap_or(defaults.idle),
    }
}

fn headers(field: &Field<'_>) -> Vec<(String, Secret)> {
    let header = |(name, value): (&str, Field<'_>)| {
        let name = name.to_ascii_lowercase();
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_token) {
            value.error("expected the name of a header: letters, digits, -, _ and .");
        } else if RESERVED_HEADERS.contains(&name.as_str()) {
            value.error("this header is the gateway's own; credentials belong into api_key");
        }
        let text = value.text()?.value;
        let is_value = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if !is_value {
            value.error("expected printable ASCII");
        }
        Some((name, Secret::new(text)))
    };
    let all = field.section().all();
    all.into_iter().filter_map(header).collect()
}
