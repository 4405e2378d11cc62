//! The beginning of a sign-in: `…/start?provider_key=&redirect_to=&login_hint=`, or, where the provider begins it,
//! `?iss=&target_link_uri=&login_hint=` (OpenID Connect Core §4).

use std::borrow::Cow;

use axum::{
    extract::{FromRequestParts, RawQuery},
    http::{HeaderMap, StatusCode, header::ACCEPT},
    response::{IntoResponse as _, Redirect, Response},
};
use gateway_config::PublicUrl;
use gateway_domain::ReturnTo;
use gateway_edge::{Problem, Refusal, RequestInfo};
use gateway_identity::{
    Context, SignInError,
    flow::{self, FlowKind, Start, Started, Target},
};
use url::form_urlencoded;

use super::{cookies, refused, with_headers};

/// How many sign-ins a browser may have under way before the oldest are given up.
const MOST_FLOWS: usize = 10;

/// What the browser sent.
#[derive(FromRequestParts)]
pub(super) struct Visit {
    info: RequestInfo,
    headers: HeaderMap,
    query: RawQuery,
}

pub(super) async fn answer(ctx: &Context, kind: FlowKind, visit: &Visit) -> Response {
    if is_prefetch(&visit.headers) {
        // Only a failure makes the browser ask again when the person really comes.
        return with_headers(StatusCode::SERVICE_UNAVAILABLE.into_response(), []);
    }
    let origin = &visit.info.origin;
    let live = ctx.live();
    let public = &live.config.server.public_base_url;
    let query = Query::read(visit.query.0.as_deref().unwrap_or_default(), public);
    if let Err(seconds) = ctx.limits().sign_in_start(origin.address) {
        ctx.counters().refused(None, SignInError::RateLimited);
        let return_to = ReturnTo::parse(query.return_to.as_deref().unwrap_or_default());
        return with_headers(too_many(visit, seconds, return_to), []);
    }
    let request = Start {
        kind,
        target: query.target(),
        return_to: query.return_to.as_deref(),
        login_hint: query.login_hint.as_deref(),
    };
    match flow::start(ctx, request, origin).await {
        Ok(Started { location, cookie }) => {
            let set = cookies::set(public, &cookie);
            let surplus = cookies::flows(&visit.headers, public.is_https());
            let given_up = surplus.len().saturating_sub(MOST_FLOWS - 1);
            let clear = surplus.into_iter().take(given_up);
            let clear = clear.map(|name| cookies::clear(public, name));
            with_headers(Redirect::to(&location).into_response(), clear.chain([set]))
        }
        Err(failure) => {
            let return_to = query.return_to.as_deref().map(ReturnTo::parse);
            with_headers(refused(failure.error, &visit.info, return_to.as_ref()), [])
        }
    }
}

/// What the query says; of a parameter given twice, the first.
#[derive(Default)]
struct Query<'a> {
    provider_key: Option<Cow<'a, str>>,
    issuer: Option<Cow<'a, str>>,
    return_to: Option<Cow<'a, str>>,
    login_hint: Option<Cow<'a, str>>,
}

impl<'a> Query<'a> {
    fn read(text: &'a str, public: &PublicUrl) -> Self {
        let mut query = Self::default();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let (slot, value) = match &*name {
                "provider_key" => (&mut query.provider_key, value),
                "iss" => (&mut query.issuer, value),
                "redirect_to" => (&mut query.return_to, value),
                "target_link_uri" => (&mut query.return_to, local_part(value, public)),
                "login_hint" => (&mut query.login_hint, value),
                _ => continue,
            };
            slot.get_or_insert(value);
        }
        query
    }

    fn target(&self) -> Target<'_> {
        match (&self.provider_key, &self.issuer) {
            (None, Some(issuer)) => Target::Issuer(issuer),
            (key, _) => Target::Key(key.as_deref().unwrap_or_default()),
        }
    }
}

/// A target of ours loses our own origin; that of others stays what it is and is refused later.
fn local_part<'a>(target: Cow<'a, str>, public: &PublicUrl) -> Cow<'a, str> {
    let path = target.strip_prefix(&public.origin()).map(str::to_owned);
    path.map_or(target, Cow::Owned)
}

/// Browsers that fetch ahead have nobody in front of them who wants to sign in.
fn is_prefetch(headers: &HeaderMap) -> bool {
    ["sec-purpose", "purpose", "x-purpose", "x-moz"]
        .into_iter()
        .filter_map(|name| headers.get(name)?.to_str().ok())
        .any(|purpose| {
            let purpose = purpose.to_ascii_lowercase();
            purpose.contains("prefetch") || purpose.contains("preview")
        })
}

fn too_many(visit: &Visit, seconds: u64, return_to: ReturnTo) -> Response {
    let accept = visit
        .headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok());
    if accept.is_some_and(|accept| accept.contains("text/html")) {
        let refusal = Refusal::rate_limited(seconds);
        refusal.returning_to(return_to).into_response()
    } else {
        Problem::rate_limited(seconds).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public() -> PublicUrl {
        PublicUrl::new("https://gw.example".parse().expect("a URL")).expect("a public URL")
    }

    #[test]
    fn reads_the_first_of_each_parameter() {
        let text =
            "provider_key=a%2Db&provider_key=c&redirect_to=%2Fadmin%2Fusers&login_hint=x%40y&foo=1";
        let public = public();
        let query = Query::read(text, &public);
        assert!(matches!(query.target(), Target::Key("a-b")));
        assert_eq!(query.return_to.as_deref(), Some("/admin/users"));
        assert_eq!(query.login_hint.as_deref(), Some("x@y"));
    }

    #[test]
    fn case_041_a_target_of_ours_is_local_and_others_are_not() {
        for (target, expected) in [
            ("https://gw.example/admin/users", "/admin/users"),
            ("https://gw.example.evil/admin", "/admin"),
            ("https://gw.example@evil/admin", "/admin"),
            ("https://evil/admin/users", "/admin"),
            ("/admin/teams", "/admin/teams"),
        ] {
            let text = form_urlencoded::Serializer::new(String::new())
                .append_pair("iss", "https://idp")
                .append_pair("target_link_uri", target)
                .finish();
            let public = public();
            let query = Query::read(&text, &public);
            assert!(matches!(query.target(), Target::Issuer("https://idp")));
            let return_to = ReturnTo::parse(query.return_to.as_deref().unwrap_or_default());
            assert_eq!(return_to.as_str(), expected, "{target}");
        }
    }

    #[test]
    fn case_069_fetching_ahead_is_told_from_coming() {
        let ahead = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().expect("a header"));
            is_prefetch(&headers)
        };
        assert!(ahead("sec-purpose", "prefetch;prerender"));
        assert!(ahead("purpose", "prefetch"));
        assert!(ahead("x-moz", "Prefetch"));
        assert!(!ahead("sec-fetch-mode", "navigate"));
        assert!(!is_prefetch(&HeaderMap::new()));
    }
}
