//! A call, from the head of its request to the head of its answer.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use gateway_domain::{RequestId, ledger::Surface};
use gateway_identity::rights::Rights;
use gateway_llm::rewrite;
use http::{HeaderMap, header::CONTENT_LENGTH};
use http_body::Body;
use http_body_util::BodyExt as _;
use std::sync::Arc;
use tokio::time::timeout;

use crate::{
    Plane, Reply,
    ask::Ask,
    keys, labels,
    payload::Capture,
    refusal::Refusal,
    run::{self, run},
    ticket::Ticket,
};

/// The longest request: pictures and long contexts in base64.
pub const LONGEST: usize = 64 * 1024 * 1024;
/// How much of an unknown model's name is said again; names in the file are at most as long.
const LONGEST_NAME: usize = 200;
/// Between two pieces of a request.
const IDLE: Duration = Duration::from_secs(30);
/// A request that took longer to arrive is asked again who it is from: rights may have been taken away meanwhile.
const LONG: Duration = Duration::from_secs(1);

/// A call as it came.
pub struct ClientCall<B> {
    /// The answer's `x-request-id`.
    pub id: RequestId,
    /// What is called.
    pub surface: Surface,
    /// Its headers.
    pub headers: HeaderMap,
    /// The query of its address.
    pub query: Option<String>,
    /// Its body, not read yet.
    pub body: B,
}

impl Plane {
    /// Answers a call, whatever it is. The answer's body is to be polled to its end, or dropped when the caller is gone; either
    /// writes the rows.
    pub async fn call<B: Body<Data = Bytes> + Unpin>(&self, call: ClientCall<B>) -> Reply {
        let began = Instant::now();
        let ClientCall {
            id,
            surface,
            headers,
            query,
            body,
        } = call;
        let at = self.ctx().now();
        let rights = match self.rights(&headers, query.as_deref()).await {
            Ok(rights) => rights,
            Err(refusal) => {
                self.tally().unauthenticated(surface);
                return refusal.reply(surface, id);
            }
        };
        if !self.ledger().has_room() {
            // Without a row: there is no room for one either.
            self.tally().unwritten(surface);
            return Refusal::ledger_unavailable().reply(surface, id);
        }
        self.ledger().key_used(rights.account.key_id, at);
        let account = rights.account.clone();
        let mut ticket = Ticket::new(self.clone(), id, at, began, surface, account);
        let mut said = labels::of_headers(&headers);
        let client_request_id = labels::client_request_id(&headers);
        let body = match read(&headers, body).await {
            Ok(body) => body,
            Err(refusal) => {
                ticket.label(client_request_id, said.into());
                return refuse(ticket, surface, &refusal);
            }
        };
        labels::of_body(&mut said, &body);
        ticket.label(client_request_id, said.into());
        let rights = if began.elapsed() < LONG {
            rights
        } else {
            match self.rights(&headers, query.as_deref()).await {
                Ok(rights) => rights,
                Err(refusal) => return refuse(ticket, surface, &refusal),
            }
        };
        self.understood(ticket, &rights, surface, headers, query, body)
            .await
    }

    async fn understood(
        &self,
        mut ticket: Box<Ticket>,
        rights: &Rights,
        surface: Surface,
        headers: HeaderMap,
        query: Option<String>,
        body: Bytes,
    ) -> Reply {
        let models = self.models();
        let logging = models.config.request_logging.payloads;
        ticket.capture(Capture::new(rights.payloads.min(logging), &body));
        let peek = match rewrite::peek(surface, &body) {
            Ok(peek) => peek,
            Err(fault) => return refuse(ticket, surface, &Refusal::unsupported(&fault)),
        };
        ticket.asked(&peek.model, peek.stream);
        let Some(model) = models.get(&peek.model) else {
            let shown: String = peek.model.chars().take(LONGEST_NAME).collect();
            let refusal = Refusal::model_unknown(&shown);
            return refuse(ticket, surface, &refusal);
        };
        if !rights.allow(&model.id) {
            let refusal = Refusal::model_forbidden(&model.id);
            return refuse(ticket, surface, &refusal);
        }
        let unpriced = models.config.unpriced;
        let ask = Ask::new(surface, headers, query, body, peek);
        run(ticket, ask, model, unpriced).await
    }

    /// Whose key a request carries, and what it may do.
    pub(crate) async fn rights(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
    ) -> Result<Arc<Rights>, Refusal> {
        let secret = keys::presented(headers, query)?;
        let rights = self.keys().rights(self.ctx(), &secret).await;
        rights.map_err(Refusal::key)
    }
}

fn refuse(ticket: Box<Ticket>, surface: Surface, refusal: &Refusal) -> Reply {
    let reply = refusal.reply(surface, ticket.id());
    run::refuse(ticket, reply, refusal.code())
}

/// A request's body as a whole.
async fn read<B: Body<Data = Bytes> + Unpin>(
    headers: &HeaderMap,
    mut body: B,
) -> Result<Bytes, Refusal> {
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > LONGEST as u64) {
        return Err(Refusal::too_large(LONGEST));
    }
    let mut first: Option<Bytes> = None;
    let mut whole = BytesMut::new();
    loop {
        let piece = match timeout(IDLE, body.frame()).await {
            Err(_) => return Err(Refusal::too_slow()),
            Ok(None) => break,
            Ok(Some(Err(_))) => return Err(Refusal::broken_off()),
            Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
        };
        if first.is_none() && whole.is_empty() {
            if piece.len() > LONGEST {
                return Err(Refusal::too_large(LONGEST));
            }
            if body.is_end_stream() {
                return Ok(piece);
            }
            first = Some(piece);
            continue;
        }
        if let Some(first) = first.take() {
            let expected = announced.map_or(0, |length| usize::try_from(length).unwrap_or(0));
            whole.reserve(expected.max(first.len() + piece.len()));
            whole.extend_from_slice(&first);
        }
        if whole.len() + piece.len() > LONGEST {
            return Err(Refusal::too_large(LONGEST));
        }
        whole.extend_from_slice(&piece);
    }
    Ok(first.unwrap_or_else(|| whole.freeze()))
}
