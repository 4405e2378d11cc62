//! What becomes of a failure: the metrics, the log and the audit trail.

use gateway_domain::{
    Origin,
    audit::{Action, Party},
};

use crate::{
    Context, SignInError, SignInFailure, providers::IdentityProvider, sign_in::record_failure,
};

/// What is known of a sign-in that failed.
pub(super) struct Trail {
    /// Which provider, as far as one of ours was named.
    pub provider: Option<(String, String)>,
    /// Who came, as far as a provider said.
    pub person: Option<Party>,
    /// What happened.
    pub action: Action,
    /// Whether a flow was used up for it. Flows are limited where they start; what costs none is limited here.
    pub cost_a_flow: bool,
}

impl Default for Trail {
    fn default() -> Self {
        Self {
            provider: None,
            person: None,
            action: Action::SignInFailed,
            cost_a_flow: false,
        }
    }
}

impl Trail {
    pub(super) fn names(&mut self, provider: &IdentityProvider) {
        self.provider = Some((provider.key().to_owned(), provider.label().to_owned()));
    }
}

/// Tells of a failure. That the database does not take it down changes nothing for the person.
pub(super) async fn failure(
    ctx: &Context,
    trail: &Trail,
    failure: &SignInFailure,
    origin: &Origin,
) {
    let key = trail.provider.as_ref().map(|(key, _)| key.as_str());
    ctx.counters().refused(key, failure.error);
    let free = !trail.cost_a_flow;
    if free && ctx.limits().sign_in_failure(origin.address).is_err() {
        tracing::debug!(
            code = failure.error.code(),
            "sign-in refused, one of very many"
        );
        return;
    }
    tell(key, failure, origin);
    let target = match (&trail.person, &trail.provider) {
        (Some(person), _) => person.clone(),
        (None, Some((key, label))) => Party::new("provider", key, label.as_str()),
        (None, None) => Party::anonymous(),
    };
    let now = ctx.now();
    let written = record_failure(ctx.db(), key, target, failure, trail.action, origin, now).await;
    if let Err(error) = written {
        let correlation_id = origin.correlation_id;
        tracing::error!(%correlation_id, %error, "the audit trail did not take a refused sign-in");
    }
}

fn tell(provider: Option<&str>, failure: &SignInFailure, origin: &Origin) {
    let correlation_id = origin.correlation_id;
    let (provider, code) = (provider.unwrap_or_default(), failure.error.code());
    let cause = &failure.cause;
    if failure.error == SignInError::ServerError {
        tracing::error!(%correlation_id, provider, code, cause, "sign-in failed");
    } else {
        tracing::warn!(%correlation_id, provider, code, cause, "sign-in refused");
    }
}
