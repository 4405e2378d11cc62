//! Tokens that only our own pages can have put into a form.
//!
//! For a signed-in person the token is derived from the session's secret id: it dies with the session and is of no use
//! to another. Before sign-in there is no session: the page sets a random cookie and puts what is derived from it into
//! the form. The cookie is `SameSite=Lax`, not `Strict`: somebody sent back by an identity provider with an error
//! arrives by a cross-site navigation, which would hide a strict cookie from the page, make it draw a new one and so
//! break the form in the person's other tab.

use std::convert::Infallible;

use axum::{
    extract::{FromRef, FromRequestParts},
    response::{IntoResponseParts, ResponseParts},
};
use axum_extra::extract::cookie::{Cookie, CookieJar};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use gateway_config::PublicUrl;
use gateway_domain::Token;
use gateway_identity::Context;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, request::Parts};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use tower_sessions::session::Id;

use crate::cookies;

/// The form field that holds the token.
pub const FIELD: &str = "_csrf";

const TICKET_COOKIE: &str = "ogw_form";

/// The token of a session's forms.
pub(crate) fn session_token(id: &Id) -> String {
    derive(&id.0.to_le_bytes(), b"ogw csrf")
}

/// Whether a form's token is this one, in constant time.
pub(crate) fn matches(expected: &str, given: &str) -> bool {
    bool::from(expected.as_bytes().ct_eq(given.as_bytes()))
}

fn derive(secret: &[u8], purpose: &[u8]) -> String {
    // A key of any length is taken; the error is of other algorithms.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        return String::new();
    };
    mac.update(purpose);
    URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

/// What a page with a form for people who are not signed in needs: [`FormTicket::token`] for the hidden field
/// [`FIELD`], and itself as a part of the response, to set the cookie:
/// `async fn page(ticket: FormTicket) -> (FormTicket, Html<…>)`.
#[derive(Clone)]
pub struct FormTicket {
    token: String,
    fresh: Option<Cookie<'static>>,
}

impl FormTicket {
    /// The value of the hidden field.
    pub fn token(&self) -> &str {
        &self.token
    }

    fn new(headers: &HeaderMap, public: &PublicUrl) -> Self {
        if let Some(secret) = presented(headers, public) {
            return Self {
                token: ticket_token(&secret),
                fresh: None,
            };
        }
        let secret = Token::generate();
        let name = cookies::prefixed(public, TICKET_COOKIE);
        Self {
            token: ticket_token(&secret),
            fresh: Some(cookies::own(public, name, secret.expose().to_owned())),
        }
    }

    /// Whether the browser's cookie and the form's token belong together; `None` when there is neither.
    pub(crate) fn check(
        headers: &HeaderMap,
        public: &PublicUrl,
        given: Option<&str>,
    ) -> Option<bool> {
        match (presented(headers, public), given) {
            (None, None) => None,
            (Some(secret), Some(given)) => Some(matches(&ticket_token(&secret), given)),
            _ => Some(false),
        }
    }
}

fn ticket_token(secret: &Token) -> String {
    derive(secret.expose().as_bytes(), b"ogw form")
}

fn presented(headers: &HeaderMap, public: &PublicUrl) -> Option<Token> {
    let jar = CookieJar::from_headers(headers);
    let cookie = jar.get(&cookies::prefixed(public, TICKET_COOKIE))?;
    // Shorter ones were not drawn by us.
    Token::presented(cookie.value()).filter(|token| token.expose().len() >= 43)
}

impl<S> FromRequestParts<S> for FormTicket
where
    S: Send + Sync,
    Context: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let live = Context::from_ref(state).live();
        Ok(Self::new(
            &parts.headers,
            &live.config.server.public_base_url,
        ))
    }
}

impl IntoResponseParts for FormTicket {
    type Error = Infallible;

    fn into_response_parts(self, response: ResponseParts) -> Result<ResponseParts, Infallible> {
        match self.fresh {
            Some(cookie) => CookieJar::new().add(cookie).into_response_parts(response),
            None => Ok(response),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, header::COOKIE};

    use super::*;

    #[test]
    fn case_210_a_token_belongs_to_one_session() {
        let (one, other) = (Id(1), Id(2));
        assert!(matches(&session_token(&one), &session_token(&one)));
        assert!(!matches(&session_token(&one), &session_token(&other)));
        let token = session_token(&one);
        assert!(!matches(&token, &token[..42]));
        assert!(!matches(&token, ""));
    }

    #[test]
    fn case_211_cookie_and_field_belong_together() {
        let public = PublicUrl::new("https://gw.example".parse().unwrap()).unwrap();
        let ticket = FormTicket::new(&HeaderMap::new(), &public);
        let cookie = ticket.fresh.clone().unwrap();
        assert_eq!(cookie.name(), "__Host-ogw_form");
        assert_eq!(cookie.http_only(), Some(true));
        assert_eq!(cookie.secure(), Some(true));
        let mut headers = HeaderMap::new();
        let pair = format!("{}={}", cookie.name(), cookie.value());
        headers.insert(COOKIE, HeaderValue::from_str(&pair).unwrap());
        let check = |given| FormTicket::check(&headers, &public, given);
        assert_eq!(check(Some(ticket.token())), Some(true));
        assert_eq!(check(Some("x")), Some(false));
        assert_eq!(check(None), Some(false));
        assert_eq!(FormTicket::check(&HeaderMap::new(), &public, None), None);
        let again = FormTicket::new(&headers, &public);
        assert!(again.fresh.is_none(), "the other tab's form stays good");
        assert_eq!(again.token(), ticket.token());
    }
}
