//! Whether the browser says that a page of ours made it ask.

use axum::{
    extract::{FromRef, FromRequestParts},
    response::{IntoResponse, Response},
};
use gateway_config::PublicUrl;
use gateway_identity::Context;
use http::{
    HeaderMap, HeaderName, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, ORIGIN, TRANSFER_ENCODING},
    request::Parts,
};

use crate::Problem;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What the headers say about the page that made the browser ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A page of ours: the `Origin` is ours.
    Ours,
    /// There is no `Origin`, but the browser says that the page is of the same origin.
    SaidToBeOurs,
    /// A page of somebody else, or nobody says.
    Foreign,
}

/// Reads `Origin` and, only where it is absent, `Sec-Fetch-Site`. `null`, two Origins or another scheme, host or port are
/// foreign.
pub fn check_origin(headers: &HeaderMap, public: &PublicUrl) -> Source {
    let mut origins = headers.get_all(ORIGIN).into_iter();
    match (origins.next(), origins.next()) {
        (Some(origin), None) if origin.as_bytes() == public.origin().as_bytes() => Source::Ours,
        (Some(_), _) => Source::Foreign,
        (None, _) => {
            let site = headers.get(SEC_FETCH_SITE);
            if site.is_some_and(|site| site.as_bytes() == b"same-origin") {
                Source::SaidToBeOurs
            } else {
                Source::Foreign
            }
        }
    }
}

/// For calls with JSON that change something with the session cookie's authority: the `Origin` must be there and ours,
/// and a body must be `application/json`, which no form of another site can send without asking first.
#[derive(Clone, Copy, Debug)]
pub struct RequireOrigin;

impl RequireOrigin {
    /// The check itself.
    pub fn check(headers: &HeaderMap, public: &PublicUrl) -> Result<(), Problem> {
        if check_origin(headers, public) != Source::Ours {
            return Err(wrong_origin(public));
        }
        if has_body(headers) && !is_media_type(headers, "application/json") {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Send the body as application/json.",
            ));
        }
        Ok(())
    }
}

/// 403, naming the address at which the gateway expects to be opened.
pub(crate) fn wrong_origin(public: &PublicUrl) -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "origin_mismatch",
        format!("This is only accepted from the gateway's own pages at {public}."),
    )
}

/// Whether the content type is this one, whatever its parameters.
pub fn is_media_type(headers: &HeaderMap, wanted: &str) -> bool {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    value
        .and_then(|value| value.split(';').next())
        .is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case(wanted))
}

fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(TRANSFER_ENCODING)
        || headers.contains_key(CONTENT_TYPE)
        || headers
            .get(CONTENT_LENGTH)
            .is_some_and(|length| length.as_bytes() != b"0")
}

impl<S> FromRequestParts<S> for RequireOrigin
where
    S: Send + Sync,
    Context: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let live = Context::from_ref(state).live();
        Self::check(&parts.headers, &live.config.server.public_base_url)
            .map(|()| Self)
            .map_err(IntoResponse::into_response)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn public(url: &str) -> PublicUrl {
        PublicUrl::new(url.parse().unwrap()).unwrap()
    }

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name.clone(), HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn case_209_only_our_own_origin() {
        let public = public("https://gw.example");
        let source = |pairs: &[_]| check_origin(&headers(pairs), &public);
        assert_eq!(source(&[(ORIGIN, "https://gw.example")]), Source::Ours);
        for foreign in [
            "https://evil.example",
            "null",
            "http://gw.example",
            "https://gw.example:8443",
            "https://sub.gw.example",
            "https://gw.example.evil.example",
            "https://GW.example",
            "",
        ] {
            let pairs = [(ORIGIN, foreign), (SEC_FETCH_SITE, "same-origin")];
            assert_eq!(source(&pairs), Source::Foreign, "{foreign}");
        }
        let twice = [
            (ORIGIN, "https://gw.example"),
            (ORIGIN, "https://evil.example"),
        ];
        assert_eq!(source(&twice), Source::Foreign);
        assert_eq!(source(&[]), Source::Foreign);
        for site in ["cross-site", "same-site", "none"] {
            assert_eq!(source(&[(SEC_FETCH_SITE, site)]), Source::Foreign, "{site}");
        }
        assert_eq!(
            source(&[(SEC_FETCH_SITE, "same-origin")]),
            Source::SaidToBeOurs
        );
    }

    #[test]
    fn case_209_json_means_json() {
        let public = public("http://127.0.0.1:8080");
        let ours = (ORIGIN, "http://127.0.0.1:8080");
        let status = |pairs: &[_]| {
            RequireOrigin::check(&headers(pairs), &public)
                .map_err(|problem| problem.status().as_u16())
        };
        assert_eq!(status(std::slice::from_ref(&ours)), Ok(()));
        assert_eq!(
            status(&[
                ours.clone(),
                (CONTENT_TYPE, "application/json; charset=utf-8")
            ]),
            Ok(())
        );
        assert_eq!(
            status(&[ours.clone(), (CONTENT_TYPE, "text/plain")]),
            Err(415)
        );
        assert_eq!(status(&[ours.clone(), (CONTENT_LENGTH, "2")]), Err(415));
        assert_eq!(status(&[ours, (CONTENT_LENGTH, "0")]), Ok(()));
        assert_eq!(status(&[(CONTENT_TYPE, "application/json")]), Err(403));
        assert_eq!(status(&[(SEC_FETCH_SITE, "same-origin")]), Err(403));
    }
}
