//! Names and attributes of our cookies.

use axum_extra::extract::cookie::{Cookie, SameSite};
use gateway_config::PublicUrl;

/// The cookie of a session. An opaque random value; its hash alone is stored.
pub const SESSION_COOKIE: &str = "ogw_session";

/// A cookie's name with the `__Host-` prefix under https: no other host can then set it for us (RFC 6265bis §4.1.3.2).
pub fn prefixed(public: &PublicUrl, name: &str) -> String {
    if public.is_https() {
        format!("__Host-{name}")
    } else {
        name.to_owned()
    }
}

/// A cookie of ours: out of reach for scripts, for this host only, until the browser closes.
pub(crate) fn own(public: &PublicUrl, name: String, value: String) -> Cookie<'static> {
    Cookie::build((name, value))
        .http_only(true)
        .secure(public.is_https())
        .same_site(SameSite::Lax)
        .path("/")
        .build()
}
