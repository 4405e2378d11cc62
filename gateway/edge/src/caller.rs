//! Extractors: who asks.
//!
//! A person who must choose another password gets past none of them but to choose it: it is held here, for every route
//! at once.

use std::sync::Arc;

use axum::{
    extract::{FromRef, FromRequestParts, OriginalUri},
    response::{IntoResponse as _, Redirect, Response},
};
use gateway_domain::ReturnTo;
use gateway_identity::{Caller, Context};
use http::{Method, StatusCode, request::Parts};
use url::form_urlencoded::byte_serialize;

use crate::{Problem, Refusal, SessionState, current};

/// The page where a new password is chosen.
const CHANGE_PASSWORD: &str = "/admin/account/password";

/// The signed-in person of an API call. Otherwise 401, or 403 `password_change_required`.
#[derive(Clone)]
pub struct SignedIn(pub Caller);

/// The signed-in person of a page. Otherwise off to the sign-in page, which leads back here, or to the page where a new
/// password is chosen.
#[derive(Clone)]
pub struct PageCaller {
    /// The person as the services' caller.
    pub caller: Caller,
    /// The person and the session.
    pub session: Arc<SessionState>,
}

/// The signed-in person, if there is one.
#[derive(Clone)]
pub struct MaybeSignedIn(pub Option<Arc<SessionState>>);

impl<S> FromRequestParts<S> for SignedIn
where
    S: Send + Sync,
    Context: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let session = current(parts, &Context::from_ref(state)).await?;
        let session = session.ok_or_else(Problem::unauthenticated)?;
        if session.must_change_password() {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "password_change_required",
                "Choose a new password first.",
            ));
        }
        Ok(Self(session.caller.clone()))
    }
}

impl<S> FromRequestParts<S> for PageCaller
where
    S: Send + Sync,
    Context: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let session = current(parts, &Context::from_ref(state))
            .await
            .map_err(|problem| Refusal::from(problem).into_response())?;
        let Some(session) = session else {
            return Err(to_sign_in(parts));
        };
        if session.must_change_password() && full_path(parts) != CHANGE_PASSWORD {
            return Err(Redirect::to(CHANGE_PASSWORD).into_response());
        }
        Ok(Self {
            caller: session.caller.clone(),
            session,
        })
    }
}

impl<S> FromRequestParts<S> for MaybeSignedIn
where
    S: Send + Sync,
    Context: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        current(parts, &Context::from_ref(state)).await.map(Self)
    }
}

fn full_path(parts: &Parts) -> &str {
    let original = parts.extensions.get::<OriginalUri>();
    original.map_or(parts.uri.path(), |uri| uri.0.path())
}

/// The sign-in page, with the way back when there is one to go: a form's target cannot be visited.
fn to_sign_in(parts: &Parts) -> Response {
    let original = parts.extensions.get::<OriginalUri>();
    let uri = original.map_or(&parts.uri, |uri| &uri.0);
    let wanted = uri.path_and_query().map_or("", |wanted| wanted.as_str());
    let back = match parts.method {
        Method::GET | Method::HEAD => ReturnTo::parse(wanted),
        _ => ReturnTo::default(),
    };
    if back.is_default() {
        return Redirect::to("/admin/login").into_response();
    }
    let encoded: String = byte_serialize(back.as_str().as_bytes()).collect();
    Redirect::to(&format!("/admin/login?redirect_to={encoded}")).into_response()
}
