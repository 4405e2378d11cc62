//! Why there is no document.

use std::time::Duration;

use crate::{SignInError, SignInFailure, http::HttpError};

/// Why a document of the provider could not be had. The cause is for the log, the audit trail and the providers' page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// What was wrong.
    pub cause: String,
    /// The operator's file and the provider contradict each other: waiting will not help.
    pub misconfigured: bool,
    /// How long the provider wants to be left alone.
    pub retry_after: Option<Duration>,
}

impl Fault {
    /// The provider is out of order.
    pub fn new(cause: impl Into<String>) -> Self {
        Self {
            cause: cause.into(),
            misconfigured: false,
            retry_after: None,
        }
    }

    /// The provider is not what the operator's file says.
    pub fn misconfigured(cause: impl Into<String>) -> Self {
        Self {
            misconfigured: true,
            ..Self::new(cause)
        }
    }
}

impl From<HttpError> for Fault {
    fn from(error: HttpError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<Fault> for SignInFailure {
    fn from(fault: Fault) -> Self {
        Self::new(SignInError::ProviderUnavailable, fault.cause)
    }
}
