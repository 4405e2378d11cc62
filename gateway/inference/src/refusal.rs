//! What callers are told when the gateway itself cannot or will not.

use gateway_domain::{RequestId, ledger::Surface};
use gateway_identity::rights::KeyRefusal;
use gateway_llm::{
    callers::errors::{ApiError, error_body},
    ir::Unsupported,
};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};

use crate::reply::{JSON, Reply};

/// One of the gateway's own errors.
#[derive(Clone, Debug)]
pub struct Refusal {
    error: ApiError,
    retry_after: Option<u64>,
}

impl Refusal {
    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            error: ApiError::new(status, code, message),
            retry_after: None,
        }
    }

    fn of(self, param: &str) -> Self {
        Self {
            error: self.error.about(param),
            ..self
        }
    }

    fn after(self, seconds: u64) -> Self {
        Self {
            retry_after: Some(seconds),
            ..self
        }
    }

    /// An upstream's refusal in the caller's words.
    pub(crate) fn translated(error: ApiError) -> Self {
        Self {
            error,
            retry_after: None,
        }
    }

    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        self.error.code
    }

    pub(crate) fn error(&self) -> &ApiError {
        &self.error
    }

    /// The caller's key does not open anything.
    pub(crate) fn unauthenticated(message: &str) -> Self {
        Self::new(401, "invalid_api_key", message)
    }

    pub(crate) fn key(refusal: KeyRefusal) -> Self {
        match refusal {
            KeyRefusal::Unknown => Self::unauthenticated(
                "This gateway does not know this API key: it was deleted, its secret was replaced, or it is another gateway's.",
            ),
            KeyRefusal::Revoked => Self::unauthenticated("This API key was revoked."),
            KeyRefusal::Expired => Self::unauthenticated("This API key has expired."),
            KeyRefusal::OwnerDisabled => Self::unauthenticated("This API key's owner is disabled."),
            KeyRefusal::Unavailable => Self::new(
                503,
                "key_check_unavailable",
                "API keys cannot be checked at the moment. Try again.",
            )
            .after(2),
        }
    }

    pub(crate) fn model_forbidden(model: &str) -> Self {
        Self::new(
            403,
            "permission_denied",
            format!("This API key may not use the model `{model}`."),
        )
        .of("model")
    }

    pub(crate) fn model_unknown(model: &str) -> Self {
        Self::new(
            404,
            "model_not_found",
            format!("There is no model `{model}` here. GET /v1/models lists those that this API key may use."),
        )
        .of("model")
    }

    pub(crate) fn surface_unsupported(model: &str, surface: Surface) -> Self {
        let (status, what) = match surface {
            Surface::CountTokens => (404, "cannot count tokens"),
            Surface::Embeddings => (400, "does not make embeddings"),
            _ => (400, "cannot be reached through this address"),
        };
        Self::new(
            status,
            "unsupported_operation",
            format!("The model `{model}` {what}."),
        )
        .of("model")
    }

    pub(crate) fn unpriced(model: &str) -> Self {
        Self::new(
            403,
            "model_unpriced",
            format!("Nobody knows what the model `{model}` costs, and this gateway makes no calls without a price. An administrator can set one."),
        )
        .of("model")
    }

    pub(crate) fn unsupported(fault: &Unsupported) -> Self {
        Self {
            error: fault.clone().into(),
            retry_after: None,
        }
    }

    pub(crate) fn ledger_unavailable() -> Self {
        Self::new(
            503,
            "ledger_unavailable",
            "This call could not be written down, so it was not made. Try again in a moment.",
        )
        .after(5)
    }

    pub(crate) fn upstream_auth_failed() -> Self {
        Self::new(
            502,
            "upstream_auth_failed",
            "The model's provider refused this gateway's own credentials. Your API key is not the cause; tell an administrator.",
        )
    }

    pub(crate) fn upstream_unreachable() -> Self {
        Self::new(
            502,
            "upstream_unreachable",
            "The model's provider could not be reached.",
        )
    }

    pub(crate) fn upstream_broken() -> Self {
        Self::new(
            502,
            "upstream_broken",
            "The model's provider broke off or did not answer as its protocol says.",
        )
    }

    /// The upstream's own sentence, where it came in a stream's first event.
    pub(crate) fn upstream_said(status: u16, message: &str) -> Self {
        let code = match status {
            400 => "invalid_request_error",
            429 => "rate_limit_exceeded",
            529 => "overloaded",
            _ => "upstream_error",
        };
        Self::new(status, code, message)
    }

    pub(crate) fn upstream_timeout() -> Self {
        Self::new(
            504,
            "upstream_timeout",
            "The model's provider did not answer in time.",
        )
    }

    pub(crate) fn provider_broken() -> Self {
        Self::new(
            502,
            "provider_misconfigured",
            "This model's provider cannot be called as it is configured. Tell an administrator.",
        )
    }

    /// The gateway failed.
    pub fn internal() -> Self {
        Self::new(500, "server_error", "Something went wrong on our side.")
    }

    pub(crate) fn too_large(most: usize) -> Self {
        Self::new(
            413,
            "request_too_large",
            format!("The request is longer than {} MiB.", most / (1024 * 1024)),
        )
    }

    pub(crate) fn too_slow() -> Self {
        Self::new(
            408,
            "request_timeout",
            "The request's body stopped arriving.",
        )
    }

    pub(crate) fn broken_off() -> Self {
        Self::new(400, "invalid_request", "The request's body broke off.")
    }

    /// There is no such address.
    pub fn not_found() -> Self {
        Self::new(404, "not_found", "There is nothing at this address.")
    }

    /// The address takes other methods.
    pub fn method_not_allowed() -> Self {
        Self::new(
            405,
            "method_not_allowed",
            "This address does not take requests of this method.",
        )
    }

    /// As an answer in the shape of a surface.
    pub fn reply(&self, surface: Surface, id: RequestId) -> Reply {
        let body = error_body(surface, &self.error, &id.to_string());
        let status =
            StatusCode::from_u16(self.error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut reply = Reply::whole(status, id, body.into());
        reply.for_surface(surface, id);
        reply.headers.insert(CONTENT_TYPE, JSON);
        if let Some(seconds) = self.retry_after {
            reply.headers.insert(RETRY_AFTER, seconds.into());
        }
        // Anthropic's shape has no place for it.
        reply
            .headers
            .insert("x-ogw-error", HeaderValue::from_static(self.error.code));
        // The SDKs retry on 408, 409, 429 and 5xx by themselves; these do not go away by trying again.
        if matches!(
            self.error.code,
            "upstream_auth_failed" | "provider_misconfigured"
        ) {
            let no = HeaderValue::from_static("false");
            reply.headers.insert("x-should-retry", no);
        }
        reply
    }
}
