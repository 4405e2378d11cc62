//! Headers that protect whoever looks at an answer.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use gateway_identity::Context;
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
        X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
};

/// Nothing but our own files, no inline script or style, no frame around us.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
                   connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Adds the security headers; one that the handler set stays.
///
/// Pages send `Referrer-Policy: same-origin` and not `no-referrer`, because under the latter browsers send
/// `Origin: null` with our own forms (Fetch standard, "append a request Origin header"), which the Origin check must
/// refuse. The sign-in routes have codes in their URLs and no forms: they send `no-referrer`.
pub async fn security_headers(
    State(ctx): State<Context>,
    request: Request,
    next: Next,
) -> Response {
    let is_https = ctx.live().config.server.public_base_url.is_https();
    let is_sign_in = request.uri().path().starts_with("/api/v1/auth/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut default = |name: HeaderName, value: &'static str| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    default(CONTENT_SECURITY_POLICY, CSP);
    default(X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(X_FRAME_OPTIONS, "DENY");
    default(
        REFERRER_POLICY,
        if is_sign_in {
            "no-referrer"
        } else {
            "same-origin"
        },
    );
    default(CACHE_CONTROL, "no-store");
    default(
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    default(
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    default(
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    );
    if is_https {
        default(STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    response
}

/// Forbids every cache to keep the answer.
pub fn no_store(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}
