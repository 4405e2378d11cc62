//! One call of one upstream, up to the point where its answer can go to the caller.

mod failed;
mod streamed;
mod whole;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use gateway_domain::ledger::{Outcome, Surface};
use gateway_llm::{
    providers::{Answer, Call, Plan},
    usage::estimate_tokens,
};
use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};

use crate::{
    ask::Ask,
    failure::{Failure, Next},
    models::Route,
    price::Used,
    refusal::Refusal,
    stream::Begun,
    ticket::{End, Ticket},
};

/// An answer that can go to the caller.
pub(crate) enum Good {
    /// Whole, settled.
    Whole {
        status: StatusCode,
        headers: HeaderMap,
        body: Bytes,
        /// It is as the upstream sent it.
        native: bool,
    },
    /// Begun, not settled.
    Stream {
        status: StatusCode,
        headers: HeaderMap,
        native: bool,
        begun: Begun,
    },
}

/// Makes the call. The attempt is begun in the ledger; it is settled when this returns, but for a stream that has begun.
pub(crate) async fn make(
    ticket: &mut Ticket,
    ask: &mut Ask,
    route: &Arc<Route>,
    plan: Plan,
    words: Bytes,
) -> Result<Good, Failure> {
    let Ok(upstream) = &route.provider.upstream else {
        return Err(Failure::gateway(
            Next::Elsewhere,
            Refusal::provider_broken(),
        ));
    };
    if let Err(error) = ticket.begin(route, &ask.body) {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "a call could not be written down"
        );
        return Err(Failure::gateway(
            Next::Nothing,
            Refusal::ledger_unavailable(),
        ));
    }
    route.health.taken(ticket.plane().ctx().now());
    let sent = upstream
        .send(Call {
            surface: ask.surface,
            plan,
            upstream_model: &route.upstream_model,
            body: words,
            stream: ask.peek.stream,
            caller_headers: &ask.headers,
            caller_query: ask.query.as_deref(),
        })
        .await;
    let mut attempt = Attempt {
        ticket,
        ask,
        route,
        plan,
    };
    match sent {
        Err(error) => Err(attempt.not_sent(&error)),
        Ok(answer) => attempt.answered(answer).await,
    }
}

struct Attempt<'a> {
    ticket: &'a mut Ticket,
    ask: &'a mut Ask,
    route: &'a Arc<Route>,
    plan: Plan,
}

impl Attempt<'_> {
    async fn answered(&mut self, answer: Answer) -> Result<Good, Failure> {
        let Answer {
            status,
            headers,
            body,
        } = answer;
        self.ticket.answered(status.as_u16());
        if !status.is_success() {
            return Err(self.refused(status, headers, body).await);
        }
        // One that was asked for a stream in its caller's own words may know better.
        let native = matches!(self.plan, Plan::Native(_));
        if self.ask.peek.stream && !(native && is_json(&headers)) {
            self.stream(status, headers, body).await
        } else {
            self.whole(status, headers, body).await
        }
    }

    fn estimated(&mut self, written: usize) -> Used {
        if self.ask.surface == Surface::CountTokens {
            return Used::nothing();
        }
        let output = if self.ask.surface == Surface::Embeddings {
            0
        } else {
            estimate_tokens(written)
        };
        Used::estimated(self.ticket.input(&self.ask.body), output)
    }

    fn settle(&mut self, outcome: Outcome, code: String, used: Used) {
        self.ticket.settle(End {
            outcome,
            status: None,
            code: Some(code),
            used,
        });
    }

    fn succeeded(&mut self) {
        let now = self.ticket.plane().ctx().now();
        let started = self.ticket.attempt_started().unwrap_or(now);
        self.route.health.succeeded(started, now);
    }

    /// Remembers how the route fares.
    fn note(&self, cools: bool, reason: &str, retry_after: Option<Duration>) {
        let now = self.ticket.plane().ctx().now();
        if !cools {
            self.route.health.failed(now, reason);
        } else if self.route.health.cool(now, reason, retry_after) {
            tracing::warn!(
                provider = self.route.provider.settings.id,
                upstream_model = self.route.upstream_model,
                reason,
                "a route is left alone for a while"
            );
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/json"))
}
