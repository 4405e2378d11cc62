//! `/api/v1/auth/…`: signing in and out.
//!
//! The handlers read the request and write the answer; [`gateway_identity::flow`] decides. Nothing that the query holds
//! is ever written into an answer, but a checked path of our own.

mod callback;
mod cookies;
mod logout;
mod oauth;
mod oidc;
mod password;
mod providers;
mod session;
mod start;

use axum::{
    Router,
    extract::FromRef,
    http::{
        HeaderValue, StatusCode,
        header::{ALLOW, REFERRER_POLICY, SET_COOKIE},
    },
    response::{IntoResponse as _, Redirect, Response},
};
use gateway_domain::ReturnTo;
use gateway_edge::{RequestInfo, no_store};
use gateway_identity::{Context, SignInError};
use url::form_urlencoded;

/// Every route of signing in and out.
pub fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Context: FromRef<S>,
{
    Router::new()
        .merge(providers::router())
        .merge(oidc::router())
        .merge(oauth::router())
        .merge(password::router())
        .merge(session::router())
        .merge(logout::router())
}

/// Off to the sign-in page, which tells the person what went wrong and, if it is known, leads on to where they wanted.
fn refused(error: SignInError, info: &RequestInfo, return_to: Option<&ReturnTo>) -> Response {
    let reference = info.id().to_string();
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("sso_error", error.code());
    query.append_pair("ref", &reference);
    if let Some(path) = return_to.filter(|path| !path.is_default()) {
        query.append_pair("redirect_to", path.as_str());
    }
    Redirect::to(&format!("/admin/login?{}", query.finish())).into_response()
}

/// HEAD begins and ends nothing: it would use up a flow, or make one for nobody.
async fn not_by_head() -> Response {
    with_headers(
        (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET")]).into_response(),
        [],
    )
}

/// Adds what every answer of a sign-in carries. The address of a callback holds a code: it is told to nobody.
fn with_headers(mut response: Response, cookies: impl IntoIterator<Item = String>) -> Response {
    let headers = response.headers_mut();
    no_store(headers);
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    for cookie in cookies {
        match HeaderValue::from_str(&cookie) {
            Ok(cookie) => _ = headers.append(SET_COOKIE, cookie),
            Err(error) => tracing::error!(%error, "a flow cookie does not fit into a header"),
        }
    }
    response
}
