//! Templates as responses, and what becomes of failures.

use askama::Template;
use axum::{
    Extension,
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
};
use gateway_domain::access::Forbidden;
use gateway_identity::ServiceError;

use crate::notice::Notice;

/// A rendered template with its status.
pub(crate) struct Page<T>(pub(crate) StatusCode, pub(crate) T);

impl<T> Page<T> {
    /// The usual answer.
    pub(crate) fn ok(page: T) -> Self {
        Self(StatusCode::OK, page)
    }
}

/// Marks an answer that is a page already.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rendered;

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        match self.1.render() {
            Ok(html) => (self.0, Extension(Rendered), Html(html)).into_response(),
            Err(error) => {
                tracing::error!(%error, "a page could not be rendered");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

/// 303 to a page that says what was done.
pub(crate) fn done(path: &str, notice: Notice) -> Response {
    Redirect::to(&format!("{path}?notice={}", notice.code())).into_response()
}

/// Why there is no page. [`crate::fault`] makes one of it.
#[derive(Debug)]
pub(crate) struct PageError(pub(crate) ServiceError);

impl<E: Into<ServiceError>> From<E> for PageError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl PageError {
    /// The person may not see this page.
    pub(crate) fn forbidden() -> Self {
        Self(Forbidden.into())
    }

    /// There is no such thing.
    pub(crate) fn not_found(kind: &'static str) -> Self {
        Self(ServiceError::NotFound(kind))
    }
}

/// What a failure says to the person.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) sentence: String,
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let (status, sentence) = match &self.0 {
            ServiceError::SignedOut => return Redirect::to("/admin/login").into_response(),
            ServiceError::Forbidden(_) => (
                StatusCode::FORBIDDEN,
                "Your role does not allow this.".to_owned(),
            ),
            ServiceError::NotFound(kind) => (
                StatusCode::NOT_FOUND,
                format!("There is no such {kind}, or you may not see it."),
            ),
            ServiceError::Conflict { sentence, .. } => (StatusCode::CONFLICT, sentence.clone()),
            ServiceError::Invalid { sentence, .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, sentence.clone())
            }
            ServiceError::Store(gateway_store::Error::InvalidValue(_)) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "Something that was typed or followed holds a character that cannot be kept."
                    .to_owned(),
            ),
            ServiceError::RateLimited { retry_after } => (
                StatusCode::TOO_MANY_REQUESTS,
                format!("There were too many attempts. Try again in {retry_after} seconds."),
            ),
            ServiceError::Store(_) | ServiceError::Internal(_) => {
                let cause = cause(&self.0);
                tracing::error!(cause, "a page failed");
                (StatusCode::INTERNAL_SERVER_ERROR, String::new())
            }
        };
        let mut response = status.into_response();
        if !sentence.is_empty() {
            response.extensions_mut().insert(Told { sentence });
        }
        response
    }
}

fn cause(error: &ServiceError) -> String {
    match error {
        ServiceError::Internal(cause) => cause.clone(),
        error => {
            let source = std::error::Error::source(error).map(|source| format!(": {source}"));
            format!("{error}{}", source.unwrap_or_default())
        }
    }
}
