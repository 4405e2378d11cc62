//! A request on its way through: what will be its rows, whatever becomes of it.
//!
//! A [`Ticket`] is held by whoever is responsible for the request at the moment: the future that makes its attempts, then the
//! body of its answer. When it is dropped, the attempt that is not settled is, and the request is closed. So there is one
//! row for every attempt and one for every request, however the client, the upstream or a panic ends them.

mod over;

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use gateway_domain::{
    AttemptId, RequestId,
    ledger::{Account, Attempt, Outcome, RequestRecord, Surface},
    money::{NanoUsd, Tokens},
};
use gateway_ledger::{LedgerError, Opened};
use gateway_llm::usage::estimate_input;

use crate::{
    Plane,
    models::Route,
    payload::Capture,
    price::{self, Used},
};

/// The status written down for a caller who did not wait for one.
const GONE: i32 = 499;

pub(crate) struct Ticket {
    plane: Plane,
    record: RequestRecord,
    began: Instant,
    trying: Option<Trying>,
    capture: Option<Capture>,
    /// About how many tokens the request has; reckoned when first asked for.
    input: Option<u64>,
    closed: bool,
}

/// An attempt that is not settled.
struct Trying {
    attempt: Attempt,
    route: Arc<Route>,
    began: Instant,
    /// What to write down if nobody comes to settle it.
    fallback: Used,
}

/// How an attempt ended.
pub(crate) struct End {
    pub outcome: Outcome,
    pub status: Option<u16>,
    pub code: Option<String>,
    pub used: Used,
}

impl Ticket {
    /// For a request that was authenticated.
    pub(crate) fn new(
        plane: Plane,
        id: RequestId,
        at: DateTime<Utc>,
        began: Instant,
        surface: Surface,
        account: Account,
    ) -> Box<Self> {
        Box::new(Self {
            plane,
            record: RequestRecord {
                id,
                at,
                surface,
                account,
                model: String::new(),
                served_by: None,
                streamed: false,
                status: GONE,
                error_code: None,
                attempts: 0,
                tokens: Tokens::default(),
                cost: NanoUsd::default(),
                first_byte_ms: None,
                total_ms: 0,
                client_request_id: None,
                labels: serde_json::Value::Null,
            },
            began,
            trying: None,
            capture: None,
            input: None,
            closed: false,
        })
    }

    pub(crate) fn plane(&self) -> &Plane {
        &self.plane
    }

    pub(crate) fn id(&self) -> RequestId {
        self.record.id
    }

    pub(crate) fn at(&self) -> DateTime<Utc> {
        self.record.at
    }

    pub(crate) fn cost(&self) -> NanoUsd {
        self.record.cost
    }

    pub(crate) fn attempts(&self) -> i32 {
        self.record.attempts
    }

    /// What the caller says of the request.
    pub(crate) fn label(&mut self, client_request_id: Option<String>, labels: serde_json::Value) {
        self.record.client_request_id = client_request_id;
        self.record.labels = labels;
    }

    /// What the caller asked for.
    pub(crate) fn asked(&mut self, model: &str, streamed: bool) {
        model.clone_into(&mut self.record.model);
        self.record.streamed = streamed;
    }

    /// From here on bodies are kept.
    pub(crate) fn capture(&mut self, capture: Option<Capture>) {
        self.capture = capture;
    }

    /// Keeps what goes to the caller, where that is asked for.
    pub(crate) fn sent(&mut self, bytes: &Bytes) {
        if let Some(capture) = &mut self.capture {
            capture.response(bytes);
        }
    }

    /// About how many tokens the request has.
    pub(crate) fn input(&mut self, body: &[u8]) -> u64 {
        *self.input.get_or_insert_with(|| estimate_input(body))
    }

    /// Writes down that an upstream is about to be called.
    pub(crate) fn begin(&mut self, route: &Arc<Route>, body: &[u8]) -> Result<(), LedgerError> {
        debug_assert!(self.trying.is_none(), "one attempt at a time");
        let is_free = self.record.surface == Surface::CountTokens;
        let fallback = if is_free {
            Used::nothing()
        } else {
            Used::estimated(self.input(body), 0)
        };
        let started_at = self.plane.ctx().now();
        let (cost, pricing) = price::cost(route, started_at, &fallback);
        let attempt = Attempt {
            id: AttemptId::new(),
            request_id: self.record.id,
            ordinal: self.record.attempts,
            account: self.record.account.clone(),
            model: self.record.model.clone(),
            provider: route.provider.settings.id.clone(),
            upstream_model: route.upstream_model.clone(),
            outcome: Outcome::Killed,
            upstream_status: None,
            error_code: None,
            usage: fallback.kind,
            pricing,
            tokens: fallback.tokens,
            cost,
            started_at,
            first_byte_ms: None,
            total_ms: 0,
        };
        self.record.attempts += 1;
        let price = price::of(route, started_at, None, fallback.tokens.input);
        let mut request = self.record.clone();
        request.tokens = request.tokens + fallback.tokens;
        request.cost = request.cost + cost;
        request.error_code = Some(Outcome::Killed.as_str().to_owned());
        let opened = Opened {
            attempt,
            request,
            price: price.map(|(price, _)| price),
        };
        if let Err(error) = self.plane.ledger().begin(&opened) {
            self.record.attempts -= 1;
            return Err(error);
        }
        self.trying = Some(Trying {
            attempt: opened.attempt,
            route: Arc::clone(route),
            began: Instant::now(),
            fallback,
        });
        Ok(())
    }

    /// The upstream began to answer.
    pub(crate) fn answered(&mut self, status: u16) {
        if let Some(trying) = &mut self.trying {
            trying.attempt.upstream_status = Some(i32::from(status));
            trying.attempt.first_byte_ms = Some(milliseconds(trying.began));
        }
    }

    /// What the attempt has used as far as is known, in case that nobody comes to settle it.
    pub(crate) fn so_far(&mut self, used: Used) {
        if let Some(trying) = &mut self.trying {
            trying.fallback = used;
        }
    }

    /// Tells the ledger how much was written, in case that the process dies.
    pub(crate) fn progress(&self, output: u64) {
        if let Some(trying) = &self.trying {
            self.plane.ledger().progress(trying.attempt.id, output);
        }
    }

    /// When the attempt that is not settled began.
    pub(crate) fn attempt_started(&self) -> Option<DateTime<Utc>> {
        self.trying.as_ref().map(|trying| trying.attempt.started_at)
    }

    /// Writes down how the attempt ended.
    pub(crate) fn settle(&mut self, end: End) {
        let Some(trying) = self.trying.take() else {
            return;
        };
        let Trying {
            mut attempt,
            route,
            began,
            ..
        } = trying;
        let (cost, pricing) = price::cost(&route, attempt.started_at, &end.used);
        attempt.outcome = end.outcome;
        if let Some(status) = end.status {
            attempt.upstream_status = Some(i32::from(status));
        }
        attempt.error_code = end.code;
        attempt.usage = end.used.kind;
        attempt.pricing = pricing;
        attempt.tokens = end.used.tokens;
        attempt.cost = cost;
        attempt.total_ms = milliseconds(began);
        self.record.tokens = self.record.tokens + attempt.tokens;
        self.record.cost = self.record.cost + cost;
        if end.outcome == Outcome::Success {
            self.record.served_by =
                Some((attempt.provider.clone(), attempt.upstream_model.clone()));
        }
        self.plane.tally().attempt(&attempt);
        self.plane.ledger().settle(attempt);
    }

    /// This upstream's answer goes to the caller, whatever becomes of it.
    pub(crate) fn served(&mut self) {
        if let Some(trying) = &self.trying {
            let attempt = &trying.attempt;
            self.record.served_by =
                Some((attempt.provider.clone(), attempt.upstream_model.clone()));
        }
    }

    /// What the caller is told.
    pub(crate) fn tell(&mut self, status: u16, code: Option<&str>) {
        self.record.status = i32::from(status);
        self.record.error_code = code.map(ToOwned::to_owned);
    }

    /// The caller has the first byte.
    pub(crate) fn first_byte(&mut self) {
        if self.record.first_byte_ms.is_none() {
            self.record.first_byte_ms = Some(milliseconds(self.began));
        }
    }

    /// The caller has it all, and may leave.
    pub(crate) fn complete(&mut self) {
        self.closed = true;
    }

    /// The caller has it all.
    pub(crate) fn close(mut self: Box<Self>) {
        self.first_byte();
        self.complete();
    }
}

/// Since `began`, as the columns hold it.
pub(crate) fn milliseconds(began: Instant) -> i32 {
    i32::try_from(began.elapsed().as_millis()).unwrap_or(i32::MAX)
}
