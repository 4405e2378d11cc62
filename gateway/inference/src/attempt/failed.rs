//! What becomes of an attempt that gives the caller nothing.

use std::time::Duration;

use gateway_domain::ledger::Outcome;
use gateway_llm::providers::{AnswerBody, BodyError, SendError};
use http::{HeaderMap, StatusCode};
use tokio::time::timeout;

use super::{Attempt, whole::read};
use crate::{
    failure::{self, Failure, Next, Told, Upstream},
    price::Used,
    refusal::Refusal,
    stream::word,
};

/// The most of an upstream's refusal that is read.
const LONGEST_REFUSAL: usize = 1024 * 1024;
/// How long a refusal may take to be said, once it has begun.
const PATIENCE: Duration = Duration::from_secs(5);

impl Attempt<'_> {
    /// There is no answer.
    pub(super) fn not_sent(&mut self, error: &SendError) -> Failure {
        let (outcome, code, refusal) = match error {
            SendError::Connect(_) => (Outcome::Error, "connect", Refusal::upstream_unreachable()),
            SendError::ConnectTimeout => (
                Outcome::Timeout,
                "connect_timeout",
                Refusal::upstream_timeout(),
            ),
            SendError::FirstByteTimeout => (
                Outcome::Timeout,
                "first_byte_timeout",
                Refusal::upstream_timeout(),
            ),
            SendError::Credential(_) => (
                Outcome::Error,
                "credential",
                Refusal::upstream_auth_failed(),
            ),
            SendError::Broken(_) => (Outcome::Error, "broken", Refusal::upstream_broken()),
        };
        // Who does not wait any longer does not know what the upstream has done by then.
        let used = match error {
            SendError::FirstByteTimeout => self.estimated(0),
            _ => Used::nothing(),
        };
        self.settle(outcome, code.to_owned(), used);
        let next = match error {
            SendError::Credential(_) => Next::Elsewhere,
            SendError::Broken(_) => Next::Again { cools: false },
            _ => Next::Again { cools: true },
        };
        let cools = !matches!(error, SendError::Broken(_));
        self.note(cools, &error.to_string(), None);
        Failure::gateway(next, refusal)
    }

    /// The upstream refuses.
    pub(super) async fn refused(
        &mut self,
        status: StatusCode,
        headers: HeaderMap,
        body: AnswerBody,
    ) -> Failure {
        let whole = match timeout(PATIENCE, Box::pin(read(body, LONGEST_REFUSAL))).await {
            Ok(Ok(body)) => Some(body),
            Ok(Err(_)) | Err(_) => None,
        };
        let body = whole.clone().unwrap_or_default();
        let next = failure::judge(status, &headers, &body);
        let retry_after = failure::retry_after(&headers, self.ticket.plane().ctx().now());
        let code = failure::code(status);
        self.settle(Outcome::Error, code.to_owned(), Used::nothing());
        if next == Next::Nothing {
            // The call was wrong: the upstream fares well.
            self.route.health.released();
        } else {
            let cools = matches!(next, Next::Again { cools: true })
                || matches!(status.as_u16(), 401 | 402 | 429);
            let reason = format!("the provider answered {}", status.as_u16());
            self.note(cools, &reason, retry_after);
        }
        let told = match whole {
            Some(body) => Told::Upstream(Box::new(Upstream {
                plan: self.plan,
                status,
                headers,
                body,
            })),
            // Half a sentence would look like a whole one.
            None => Told::Gateway(Refusal::upstream_broken()),
        };
        Failure {
            next,
            retry_after,
            told,
        }
    }

    /// An answer that was promised broke off before the caller had any of it.
    pub(super) fn cut(&mut self, error: &BodyError, so_far: usize) -> Failure {
        let used = self.estimated(so_far);
        let (outcome, code, refusal) = match error {
            BodyError::Idle => (
                Outcome::Timeout,
                "idle_timeout",
                Refusal::upstream_timeout(),
            ),
            BodyError::Broken(_) => (Outcome::Cut, "cut", Refusal::upstream_broken()),
        };
        self.settle(outcome, code.to_owned(), used);
        let cools = *error == BodyError::Idle;
        self.note(cools, &error.to_string(), None);
        Failure::gateway(Next::Again { cools }, refusal)
    }

    /// What is wrong with it is not logged: it may be what somebody wrote. `used`: what it says it used all the same.
    pub(super) fn garbage(&mut self, used: Used) -> Failure {
        self.settle(Outcome::Error, "garbage".to_owned(), used);
        self.note(
            false,
            "the provider's answer is not what its protocol says",
            None,
        );
        Failure::gateway(Next::Again { cools: false }, Refusal::upstream_broken())
    }

    /// The stream's first event is an error: as good as a refusal.
    pub(super) fn failed_at_once(&mut self, kind: &str, message: &str, used: Used) -> Failure {
        let kind = word(kind);
        let status = match kind.as_str() {
            "overloaded_error" => 529,
            "rate_limit_error" | "rate_limit_exceeded" => 429,
            "invalid_request_error" => 400,
            _ => 500,
        };
        self.settle(Outcome::Error, kind.clone(), used);
        let next = if status == 400 {
            self.route.health.released();
            Next::Nothing
        } else {
            self.note(status != 500, &kind, None);
            Next::Again {
                cools: status != 500,
            }
        };
        Failure::gateway(next, Refusal::upstream_said(status, message))
    }
}
