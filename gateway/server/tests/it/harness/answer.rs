//! What a browser was answered, with assertions that read like English.

use http::{HeaderMap, StatusCode};
use serde_json::Value;
use url::Url;

use super::{
    config::PUBLIC,
    jar::{SetCookie, set_cookies},
};

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    /// A header as text; empty when absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Where it redirects to.
    pub fn location(&self) -> &str {
        assert!(
            self.headers.contains_key("location"),
            "not a redirect: {} {}",
            self.status,
            self.body
        );
        self.header("location")
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.body))
    }

    /// The cookies that it sets or deletes.
    pub fn cookies(&self) -> Vec<SetCookie> {
        set_cookies(&self.headers)
    }

    /// The cookie of this name, if it sets or deletes it.
    pub fn cookie(&self, name: &str) -> Option<SetCookie> {
        self.cookies()
            .into_iter()
            .find(|cookie| cookie.name == name)
    }

    /// Whether it gives the browser a session.
    pub fn opens_session(&self) -> bool {
        self.cookie("ogw_session")
            .is_some_and(|cookie| !cookie.is_deleted() && !cookie.value.is_empty())
    }

    #[track_caller]
    pub fn assert_status(&self, status: u16) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self
    }

    /// 303, and to exactly this place.
    #[track_caller]
    pub fn assert_redirect(&self, to: &str) -> &Self {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        assert_eq!(self.location(), to);
        self
    }

    /// Signed in: 303 to the place, a fresh session, nothing kept by caches.
    #[track_caller]
    pub fn assert_signed_in(&self, to: &str) -> &Self {
        self.assert_redirect(to);
        assert!(self.opens_session(), "no session: {:?}", self.headers);
        self.assert_private()
    }

    /// Refused: 303 to the sign-in page with this code, no session, nothing kept by caches or told to others.
    #[track_caller]
    pub fn assert_sso_error(&self, code: &str) -> &Self {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        let location = Url::parse(PUBLIC).unwrap().join(self.location()).unwrap();
        assert_eq!(location.origin().ascii_serialization(), PUBLIC);
        assert_eq!(location.path(), "/admin/login", "{location}");
        let codes: Vec<String> = location
            .query_pairs()
            .filter(|(name, _)| name == "sso_error")
            .map(|(_, value)| value.into_owned())
            .collect();
        assert_eq!(codes, [code]);
        assert!(
            self.cookie("ogw_session").is_none(),
            "a refusal must leave the session's cookie alone"
        );
        self.assert_private()
    }

    /// Not stored, and its address not told to others.
    #[track_caller]
    pub fn assert_private(&self) -> &Self {
        assert!(
            self.header("cache-control").contains("no-store"),
            "{:?}",
            self.headers
        );
        assert_eq!(self.header("referrer-policy"), "no-referrer");
        self
    }

    /// A problem of the API (RFC 9457) with this status and code.
    #[track_caller]
    pub fn assert_problem(&self, status: u16, code: &str) -> &Self {
        self.assert_status(status);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.json()["code"], code, "{}", self.body);
        self
    }

    /// A page that says this.
    #[track_caller]
    pub fn assert_page(&self, says: &str) -> &Self {
        assert!(self.status.is_success(), "{} {}", self.status, self.body);
        assert!(self.body.contains(says), "no {says:?} in:\n{}", self.body);
        self
    }
}
