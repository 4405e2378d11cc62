//! Each request's id, origin and log span.

use std::{
    borrow::Cow,
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use axum::{
    extract::{ConnectInfo, FromRequestParts, Request, State},
    middleware::Next,
    response::Response,
};
use gateway_domain::{ApiKeySecret, Origin, RequestId};
use gateway_identity::{Context, one_time};
use http::{HeaderName, HeaderValue, header::USER_AGENT, request::Parts};
use percent_encoding::percent_decode_str;
use tracing::{Instrument as _, field::Empty};

use crate::{Problem, Refusal, client_address};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Where a request comes from, with its id.
#[derive(Clone, Debug)]
pub struct RequestInfo {
    /// The id, the client's address and its program.
    pub origin: Origin,
}

impl RequestInfo {
    /// The id of the request: the answer's `x-request-id`.
    pub fn id(&self) -> RequestId {
        self.origin.correlation_id
    }
}

/// The middleware that mints [`RequestInfo`]; an id that the client sent is not looked at. Every answer carries the id,
/// every line logged meanwhile too. Neither the query nor a one-time link's token is logged.
pub async fn request_info(
    State(ctx): State<Context>,
    mut request: Request,
    next: Next,
) -> Response {
    let trusted = &ctx.live().config.server.trusted_proxies;
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |info| info.ip());
    let address = client_address(peer, request.headers(), trusted);
    let info = RequestInfo {
        origin: Origin::remote(RequestId::new(), address, user_agent(&request)),
    };
    let id = info.id();
    let span = tracing::info_span!(
        "request",
        request_id = %id,
        method = %request.method(),
        path = %loggable_path(request.uri().path()),
        status = Empty,
    );
    request.extensions_mut().insert(info);
    async move {
        let mut response = next.run(request).await;
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            response = problem.render(Some(id), response);
        }
        if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
            response = refusal.render(id, response);
        }
        if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        tracing::Span::current().record("status", response.status().as_u16());
        response
    }
    .instrument(span)
    .await
}

/// A path as it may be logged: without the token of a one-time link, however the path to it is written, and without an API
/// key that somebody put there by mistake.
pub fn loggable_path(path: &str) -> Cow<'_, str> {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let mut parts = decoded
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .skip_while(|part| !part.eq_ignore_ascii_case("admin"))
        .skip(1);
    let is_link = parts
        .next()
        .is_some_and(|part| part.eq_ignore_ascii_case("link"));
    if is_link {
        Cow::Owned(format!("{}…", one_time::PATH))
    } else if decoded.contains(ApiKeySecret::PREFIX) {
        // What is before it, as it was sent; nothing, where the key is written in another way.
        let (before, _) = decoded.split_once(ApiKeySecret::PREFIX).unwrap_or_default();
        let before = if path.starts_with(before) { before } else { "" };
        Cow::Owned(format!("{before}{}…", ApiKeySecret::PREFIX))
    } else {
        Cow::Borrowed(path)
    }
}

fn user_agent(request: &Request) -> &str {
    let header = request.headers().get(USER_AGENT);
    header
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

impl<S: Send + Sync> FromRequestParts<S> for RequestInfo {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // Only a router without the middleware lacks it, as some tests build.
        let missing = || Self {
            origin: Origin::remote(RequestId::new(), IpAddr::V4(Ipv4Addr::LOCALHOST), ""),
        };
        Ok(parts
            .extensions
            .get::<Self>()
            .cloned()
            .unwrap_or_else(missing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_253_a_link_is_not_logged() {
        assert_eq!(loggable_path("/admin/link/s3cret"), "/admin/link/…");
        assert_eq!(loggable_path("/admin/link/s3cret/more"), "/admin/link/…");
        assert_eq!(loggable_path("/admin/link/s3cret/"), "/admin/link/…");
        assert_eq!(loggable_path("/admin//link/s3cret"), "/admin/link/…");
        assert_eq!(loggable_path("//admin/link//s3cret"), "/admin/link/…");
        assert_eq!(loggable_path("/admin/%6Cink/s3cret"), "/admin/link/…");
        assert_eq!(loggable_path("/admin%2Flink%2Fs3cret"), "/admin/link/…");
        assert_eq!(loggable_path("/proxy/admin/./Link/s3cret"), "/admin/link/…");
        assert_eq!(loggable_path("/admin/users"), "/admin/users");
        assert_eq!(loggable_path("/admin/users/link"), "/admin/users/link");
    }

    #[test]
    fn a_key_is_not_logged() {
        assert_eq!(
            loggable_path("/v1/models/sk-ogw-s3cret/x"),
            "/v1/models/sk-ogw-…"
        );
        for hidden in ["/v1/%73k-ogw-s3cret", "/v1/%73k-ogw-s3cret/sk-ogw-x"] {
            assert_eq!(loggable_path(hidden), "/v1/sk-ogw-…");
        }
        assert_eq!(loggable_path("/a%0Ab/sk-ogw-s3cret"), "sk-ogw-…");
    }
}
