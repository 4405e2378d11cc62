//! The provider's one page.

use std::fmt::Write as _;

use axum::{
    http::header,
    response::{Html, IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use gateway_domain::TokenHash;

use super::authorize::{Authorization, CANCEL};
use crate::demo::people::PEOPLE;

const STYLE: &str = "
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 30rem; margin: 3rem auto; padding: 0 1rem; }
.notice { border: 2px dashed #b45309; border-radius: .5rem; padding: .75rem 1rem; }
h1 { font-size: 1.4rem; }
button { display: block; width: 100%; margin: .75rem 0; padding: .75rem 1rem; text-align: left; font: inherit; border: 1px solid GrayText; border-radius: .5rem; background: Canvas; color: CanvasText; cursor: pointer; }
button:hover, button:focus-visible { outline: 3px solid #2563eb; outline-offset: 1px; }
button span { display: block; font-size: .875rem; opacity: .8; }
#cancel { width: auto; text-align: center; }
";

/// Who shall it be?
pub(super) fn choice(client_origin: &str, request: &Authorization) -> Response {
    let mut form = String::new();
    for (name, value) in hidden(request) {
        if let Some(value) = value {
            let _ = write!(
                form,
                "<input type=\"hidden\" name=\"{name}\" value=\"{}\">",
                escape(value)
            );
        }
    }
    for person in PEOPLE {
        let _ = write!(
            form,
            "<button type=\"submit\" id=\"person-{key}\" name=\"person\" value=\"{key}\"><strong>{}</strong><span>{}</span><span>{}</span></button>",
            escape(person.name),
            escape(person.email),
            escape(person.fate),
            key = person.key,
        );
    }
    let _ = write!(
        form,
        "<button type=\"submit\" id=\"cancel\" name=\"person\" value=\"{CANCEL}\">Cancel</button>"
    );
    let body = format!(
        "<h1>Who are you today?</h1><form method=\"post\" action=\"/dev/authorize\">{form}</form>"
    );
    // The form's answer leads to the client, and browsers hold form-action against redirects too.
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; form-action 'self' {client_origin}; base-uri 'none'; frame-ancestors 'none'",
        style_hash()
    );
    (
        [(header::CONTENT_SECURITY_POLICY, policy)],
        Html(document(&body)),
    )
        .into_response()
}

/// The request cannot be answered, and nobody is sent anywhere.
pub(super) fn refusal(why: &str) -> Response {
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
        style_hash()
    );
    let body = format!("<h1>This cannot be done</h1><p>{}.</p>", escape(why));
    (
        [(header::CONTENT_SECURITY_POLICY, policy)],
        Html(document(&body)),
    )
        .into_response()
}

fn hidden(request: &Authorization) -> [(&'static str, Option<&str>); 9] {
    [
        ("client_id", Some(&request.client_id)),
        ("redirect_uri", Some(&request.redirect_uri)),
        ("response_type", Some(&request.response_type)),
        ("scope", Some(&request.scope)),
        ("state", request.state.as_deref()),
        ("nonce", request.nonce.as_deref()),
        ("code_challenge", request.code_challenge.as_deref()),
        (
            "code_challenge_method",
            request.code_challenge_method.as_deref(),
        ),
        ("response_mode", request.response_mode.as_deref()),
    ]
}

fn document(body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Development identity provider</title><style>{STYLE}</style></head><body><main>\
         <p class=\"notice\"><strong>Development identity provider</strong>: for trying the gateway only, never for \
         production. It asks for no password.</p>{body}</main></body></html>"
    )
}

fn style_hash() -> String {
    STANDARD.encode(TokenHash::of(STYLE.as_bytes()).as_bytes())
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_client_sends_stays_text() {
        assert_eq!(
            escape("\"><script>'&"),
            "&quot;&gt;&lt;script&gt;&#39;&amp;"
        );
    }
}
