//! What OIDC and OAuth providers have in common.

use gateway_domain::{SignIn, sso::TrustEmail};

use super::{http, jit, key, key::Names};
use crate::{
    HttpPolicy, Jit,
    source::{Field, Section},
};

/// The settings that both kinds of provider have.
pub(super) struct Common {
    pub key: String,
    pub label: String,
    pub enabled: bool,
    pub client_id: String,
    pub allowed_email_domains: Vec<String>,
    pub trust_email: TrustEmail,
    pub http: HttpPolicy,
    pub jit: Option<Jit>,
}

/// Reads them. From then on the section looks nothing up if the provider is disabled.
pub(super) fn read(section: &mut Section<'_>, names: &mut Names) -> Common {
    let key_field = section.field("key").required();
    let key = key::read(&key_field);
    if key == SignIn::PASSWORD {
        key_field.error("password is reserved for people who sign in with one; choose another key");
    }
    let enabled = section.field("enabled").flag().unwrap_or(true);
    names.add_provider(&key_field, &key, enabled);
    if !enabled {
        section.sleep();
    }
    let label = section.field("label").text();
    refuse_mapping(section);
    Common {
        label: label.map_or_else(|| key.clone(), |text| text.value),
        key,
        enabled,
        client_id: text(&section.field("client_id").required()),
        allowed_email_domains: domains(&section.field("allowed_email_domains")),
        trust_email: trust_email(&section.field("trust_email")),
        http: http::read(&section.field("http")),
        jit: jit::read(&section.field("jit"), names),
    }
}

/// A text that is needed; empty where one that is switched off is not looked up.
pub(super) fn text(field: &Field<'_>) -> String {
    field.text().map(|text| text.value).unwrap_or_default()
}

/// Scopes as far as they are known.
pub(super) struct Scopes {
    pub list: Vec<String>,
    /// Whether one was of no use or not looked up, so that nothing can be said to be missing.
    pub is_partial: bool,
}

impl Scopes {
    /// Whether it is certain that none of these is asked for.
    pub fn lack(&self, scopes: &[&str]) -> bool {
        !self.is_partial
            && !self
                .list
                .iter()
                .any(|scope| scopes.contains(&scope.as_str()))
    }
}

/// A list of scopes: each is one word (RFC 6749 §3.3).
pub(super) fn scopes(field: &Field<'_>) -> Option<Scopes> {
    let is_word = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    let scope = |item: &Field<'_>| {
        item.parse(|text| {
            if text.bytes().all(is_word) {
                Ok(text.to_owned())
            } else {
                Err("expected one scope, without spaces or quotes".to_owned())
            }
        })
    };
    let items = field.values()?;
    let list: Vec<_> = items.iter().filter_map(scope).collect();
    Some(Scopes {
        is_partial: list.len() < items.len(),
        list,
    })
}

fn refuse_mapping(section: &mut Section<'_>) {
    let mapping = section.field("mapping");
    if mapping.is_given() {
        section.reader().error(
            &mapping.key_spot(),
            "group mapping is not available in this version; remove it: \
             ignoring it would let in people whom it denies",
        );
    }
}

fn trust_email(field: &Field<'_>) -> TrustEmail {
    let words = [
        ("verified", TrustEmail::Verified),
        ("always", TrustEmail::Always),
    ];
    let found = field.word(&words).unwrap_or_default();
    if found == TrustEmail::Always && !field.is_dormant() {
        field.warn(
            "every address that this provider gives is believed, verified or not: \
             only for providers where people cannot choose it",
        );
    }
    found
}

fn domains(field: &Field<'_>) -> Vec<String> {
    let items = field.values().unwrap_or_default();
    items.iter().filter_map(|item| item.parse(domain)).collect()
}

/// One host, as it stands behind the @ of an address.
fn domain(text: &str) -> Result<String, String> {
    let is_host =
        format!("x@{text}").parse::<gateway_domain::Email>().is_ok() && !text.contains('@');
    if is_host {
        Ok(text.to_lowercase())
    } else {
        Err("expected a host such as example.com; sub-domains are listed one by one".to_owned())
    }
}
