//! `database` and `secrets`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use gateway_domain::Secret;
use url::Url;

use crate::{Database, Secrets, source::Field};

const DEFAULT_URL: &str = "sqlite://var/gateway.db";
const KEY_BYTES: usize = 32;

pub(super) fn database(field: &Field<'_>) -> Database {
    let field = field.section().field("url");
    let text = field.text();
    if let Some(text) = &text {
        check_url(&field, &text.value, text.is_written);
    }
    let url = text.map_or_else(|| DEFAULT_URL.to_owned(), |text| text.value);
    Database {
        url: Secret::new(url),
    }
}

/// The URL may hold a password, so no message shows more of it than its scheme.
fn check_url(field: &Field<'_>, url: &str, is_written: bool) {
    let expected = "expected sqlite://PATH or postgres://USER@HOST/DATABASE";
    match url.split_once(':').map(|(scheme, _)| scheme) {
        Some("sqlite") => return,
        Some("postgres" | "postgresql") => {}
        Some(scheme) if url[scheme.len()..].starts_with("://") && is_scheme(scheme) => {
            field.error(format!("{expected}, found the scheme {scheme}"));
            return;
        }
        _ => {
            field.error(expected);
            return;
        }
    }
    match Url::parse(url) {
        Err(reason) => field.error(format!("{expected}; not a URL: {reason}")),
        Ok(url) if is_written && holds_password(&url) => field.note_literal_secret(),
        Ok(_) => {}
    }
}

fn is_scheme(text: &str) -> bool {
    text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn holds_password(url: &Url) -> bool {
    url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password")
}

pub(super) fn secrets(field: &Field<'_>) -> Secrets {
    let field = field.section().field("master_key");
    let master_key = field.secret();
    if let Some(key) = &master_key
        && STANDARD.decode(key.expose()).map(|bytes| bytes.len()) != Ok(KEY_BYTES)
    {
        field.error("expected 32 random bytes in base64, as `openssl rand -base64 32` makes them");
    }
    Secrets { master_key }
}
