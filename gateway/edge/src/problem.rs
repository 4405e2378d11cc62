//! Errors of the API: RFC 9457 problem details.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use gateway_domain::RequestId;
use gateway_identity::ServiceError;
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER},
};
use serde_json::{Value, json};

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// What went wrong, for a program: `application/problem+json`. The [`crate::request_info`] middleware adds the request's
/// id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    field: Option<&'static str>,
    retry_after: Option<u64>,
}

impl Problem {
    /// A problem with its status, stable code and a sentence for the person.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            field: None,
            retry_after: None,
        }
    }

    /// Nobody is signed in.
    pub fn unauthenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            "Sign in to do this.",
        )
    }

    /// Too many attempts.
    pub fn rate_limited(retry_after: u64) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "rate_limited",
                format!("There were too many attempts. Try again in {retry_after} s."),
            )
        }
    }

    /// The gateway failed; the cause was logged before.
    pub fn server_error() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "server_error",
            "Something went wrong on our side.",
        )
    }

    /// The answer's status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The sentence for the person.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Which field of the request is wrong, when one is.
    pub fn field(&self) -> Option<&'static str> {
        self.field
    }

    /// Seconds until another attempt may succeed, when there were too many.
    pub fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }

    fn body(&self, request_id: Option<RequestId>) -> Value {
        let mut body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or_default(),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "code": self.code,
            "request_id": request_id,
        });
        if let (Some(field), Value::Object(members)) = (self.field, &mut body) {
            members.insert("field".to_owned(), field.into());
        }
        body
    }

    /// Writes the problem into an answer whose other headers stay.
    pub(crate) fn render(&self, request_id: Option<RequestId>, mut response: Response) -> Response {
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.remove(CONTENT_LENGTH);
        headers.insert(CONTENT_TYPE, MEDIA_TYPE);
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        *response.body_mut() = Body::from(self.body(request_id).to_string());
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.render(None, Response::default());
        response.extensions_mut().insert(self);
        response
    }
}

impl From<ServiceError> for Problem {
    /// Chooses the status, and logs what is the gateway's own fault: here and nowhere else.
    fn from(error: ServiceError) -> Self {
        let code = error.code();
        let sentence = error.to_string();
        match error {
            ServiceError::SignedOut => Self::unauthenticated(),
            ServiceError::Forbidden(_) => Self::new(
                StatusCode::FORBIDDEN,
                code,
                "You do not have the right to do this.",
            ),
            ServiceError::NotFound(_) => Self::new(StatusCode::NOT_FOUND, code, sentence),
            ServiceError::Conflict { .. } => Self::new(StatusCode::CONFLICT, code, sentence),
            ServiceError::Invalid { field, .. } => Self {
                field: Some(field),
                ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, sentence)
            },
            ServiceError::RateLimited { retry_after } => Self::rate_limited(retry_after),
            ServiceError::Store(gateway_store::Error::InvalidValue(_)) => {
                let sentence = "A value of the request holds what cannot be kept.";
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, sentence)
            }
            ServiceError::Store(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(%error, cause, "the store failed");
                match error {
                    gateway_store::Error::Database(_) => Self::new(
                        StatusCode::SERVICE_UNAVAILABLE,
                        code,
                        "The database cannot be reached at the moment. Try again.",
                    ),
                    _ => Self::server_error(),
                }
            }
            ServiceError::Internal(cause) => {
                tracing::error!(cause, "a service failed");
                Self::server_error()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_error_has_its_status_and_code() {
        let table = [
            (ServiceError::SignedOut, 401, "unauthenticated"),
            (ServiceError::NotFound("team"), 404, "not_found"),
            (
                ServiceError::conflict("last_admin", "No."),
                409,
                "last_admin",
            ),
            (ServiceError::invalid("name", "No."), 422, "invalid_request"),
            (
                ServiceError::RateLimited { retry_after: 7 },
                429,
                "rate_limited",
            ),
            (
                gateway_store::Error::InvalidValue("secret cause".to_owned()).into(),
                422,
                "invalid_request",
            ),
            (
                ServiceError::Internal("secret cause".to_owned()),
                500,
                "server_error",
            ),
        ];
        for (error, status, code) in table {
            let problem = Problem::from(error);
            assert_eq!((problem.status().as_u16(), problem.code()), (status, code));
            assert!(!problem.detail().contains("secret cause"));
        }
    }

    #[test]
    fn the_answer_is_a_problem_document() {
        let response = Problem::rate_limited(7).into_response();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[RETRY_AFTER], "7");
        assert_eq!(response.headers()[CONTENT_TYPE], MEDIA_TYPE);
        let body = Problem::from(ServiceError::invalid("name", "No.")).body(None);
        assert_eq!(body["field"], "name");
        assert_eq!(body["title"], "Unprocessable Entity");
    }
}
