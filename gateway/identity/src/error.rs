//! What can go wrong, in words for the person and codes for programs.

use gateway_domain::{access::Forbidden, sso::Refusal};

/// Why a sign-in did not succeed. Each has a stable code; the cause is for the log and the audit trail only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignInError {
    /// The person or the provider said no.
    AccessDenied,
    /// The person is disabled here.
    Denied,
    /// A domain, organisation or group rule refuses.
    PolicyDenied,
    /// Nobody here, and strangers are not taken.
    UnmatchedIdentity,
    /// The address belongs to somebody who signs in otherwise.
    IdentityConflict,
    /// The provider does not vouch for the address.
    EmailUnverified,
    /// The same, of GitHub.
    GithubUnverifiedEmail,
    /// The callback fits no sign-in that this browser began.
    StateInvalid,
    /// It took too long, or the provider's settings changed meanwhile.
    StateExpired,
    /// The provider answered something that must not be believed, or refused our request.
    ProviderFailure,
    /// The provider cannot be reached or is out of order.
    ProviderUnavailable,
    /// Too many attempts.
    RateLimited,
    /// The gateway failed.
    ServerError,
}

impl SignInError {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::AccessDenied,
        Self::Denied,
        Self::PolicyDenied,
        Self::UnmatchedIdentity,
        Self::IdentityConflict,
        Self::EmailUnverified,
        Self::GithubUnverifiedEmail,
        Self::StateInvalid,
        Self::StateExpired,
        Self::ProviderFailure,
        Self::ProviderUnavailable,
        Self::RateLimited,
        Self::ServerError,
    ];

    /// The code in `sso_error`, the audit log and the metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::Denied => "denied",
            Self::PolicyDenied => "policy_denied",
            Self::UnmatchedIdentity => "unmatched_identity",
            Self::IdentityConflict => "identity_conflict",
            Self::EmailUnverified => "email_unverified",
            Self::GithubUnverifiedEmail => "github_unverified_email",
            Self::StateInvalid => "state_invalid",
            Self::StateExpired => "state_expired",
            Self::ProviderFailure => "provider_failure",
            Self::ProviderUnavailable => "provider_unavailable",
            Self::RateLimited => "rate_limited",
            Self::ServerError => "server_error",
        }
    }

    /// The error of a code; `None` for anything else.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|error| error.code() == code)
    }

    /// One sentence for the person.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::AccessDenied => "The sign-in was cancelled or the identity provider refused it.",
            Self::Denied => "Your account here is disabled.",
            Self::PolicyDenied => "The rules of this gateway do not admit this account.",
            Self::UnmatchedIdentity => "There is no account for you here yet.",
            Self::IdentityConflict => {
                "Your address belongs to an account that signs in another way."
            }
            Self::EmailUnverified => "Your identity provider has not verified your e-mail address.",
            Self::GithubUnverifiedEmail => {
                "Your GitHub account has no verified primary e-mail address that can be used here."
            }
            Self::StateInvalid => {
                "This sign-in was not begun in this browser, or it was already finished."
            }
            Self::StateExpired => {
                "This sign-in took too long or was overtaken by a change of settings."
            }
            Self::ProviderFailure => "The identity provider gave an answer that cannot be trusted.",
            Self::ProviderUnavailable => "The identity provider cannot be reached at the moment.",
            Self::RateLimited => "There were too many attempts from your network.",
            Self::ServerError => "Something went wrong on our side.",
        }
    }

    /// What the person can do about it.
    pub fn advice(self) -> &'static str {
        match self {
            Self::AccessDenied | Self::StateInvalid | Self::StateExpired => {
                "Start again from this page."
            }
            Self::Denied | Self::PolicyDenied | Self::UnmatchedIdentity => {
                "Ask an administrator for access."
            }
            Self::IdentityConflict => {
                "Sign in the way you did before, or ask an administrator to relink your account."
            }
            Self::EmailUnverified => "Verify the address there, or ask an administrator.",
            Self::GithubUnverifiedEmail => {
                "Verify your primary address in GitHub's settings, then start again."
            }
            Self::ProviderFailure => {
                "Start again. If it happens again, give an administrator the reference below."
            }
            Self::ProviderUnavailable => "Try again in a few minutes.",
            Self::RateLimited => "Wait a minute, then try again.",
            Self::ServerError => {
                "Try again. If it happens again, give an administrator the reference below."
            }
        }
    }
}

impl From<Refusal> for SignInError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Disabled => Self::Denied,
            Refusal::DomainNotAllowed => Self::PolicyDenied,
            Refusal::Unmatched => Self::UnmatchedIdentity,
            Refusal::Conflict => Self::IdentityConflict,
            Refusal::EmailUnverified => Self::EmailUnverified,
        }
    }
}

/// A failed sign-in with its cause. The cause names what was wrong, never a token, code, secret or claim's value that the
/// provider chose freely.
#[derive(Debug, thiserror::Error)]
#[error("{}: {cause}", .error.code())]
pub struct SignInFailure {
    /// What the person is told.
    pub error: SignInError,
    /// What the log and the audit trail say.
    pub cause: String,
}

impl SignInFailure {
    /// A failure with its cause.
    pub fn new(error: SignInError, cause: impl Into<String>) -> Self {
        Self {
            error,
            cause: cause.into(),
        }
    }
}

impl From<gateway_store::Error> for SignInFailure {
    fn from(error: gateway_store::Error) -> Self {
        let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
        let whose = match error {
            // Of all that a sign-in keeps, only what the provider says of the person can hold such a value.
            gateway_store::Error::InvalidValue(_) => SignInError::ProviderFailure,
            _ => SignInError::ServerError,
        };
        Self::new(
            whose,
            format!("store: {error}{}", source.unwrap_or_default()),
        )
    }
}

/// Why a service did not do what it was asked. The edges turn it into a status, a code and a sentence.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The caller's session ended, or the caller was disabled, while the request was on its way.
    #[error("you are not signed in any more")]
    SignedOut,
    /// The caller may not do that.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// There is no such thing, or the caller may not know of it. Names the kind: `person`, `team`, `session`, `link`.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// It cannot be done in the state things are in.
    #[error("{sentence}")]
    Conflict {
        /// The stable code: `last_admin`, `email_taken`, `managed_by_config`, `key_taken`, …
        code: &'static str,
        /// What to tell the person.
        sentence: String,
    },
    /// A field of the request is wrong.
    #[error("{sentence}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// What was expected.
        sentence: String,
    },
    /// Too many attempts; try again after so many seconds.
    #[error("too many attempts; try again in {retry_after} s")]
    RateLimited {
        /// Seconds until the next attempt may succeed.
        retry_after: u64,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] gateway_store::Error),
    /// The gateway failed otherwise; the text is for the log.
    #[error("something went wrong")]
    Internal(String),
}

impl ServiceError {
    /// A conflict with its code and sentence.
    pub fn conflict(code: &'static str, sentence: impl Into<String>) -> Self {
        Self::Conflict {
            code,
            sentence: sentence.into(),
        }
    }

    /// A wrong field.
    pub fn invalid(field: &'static str, sentence: impl Into<String>) -> Self {
        Self::Invalid {
            field,
            sentence: sentence.into(),
        }
    }

    /// The stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::SignedOut => "unauthenticated",
            Self::Forbidden(_) => "forbidden",
            Self::NotFound(_) => "not_found",
            Self::Conflict { code, .. } => code,
            Self::Invalid { .. } | Self::Store(gateway_store::Error::InvalidValue(_)) => {
                "invalid_request"
            }
            Self::RateLimited { .. } => "rate_limited",
            Self::Store(_) | Self::Internal(_) => "server_error",
        }
    }
}
