//! From route to route until one answers, or none will.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bytes::Bytes;
use gateway_config::Unpriced;
use gateway_domain::ledger::Surface;
use gateway_llm::{ir::Unsupported, providers::Plan};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use rand::RngExt as _;
use tokio::time::sleep;

use crate::{
    ask::Ask,
    attempt::{self, Good},
    failure::{Failure, Next, Told, pass_headers},
    models::{Model, Route},
    price,
    refusal::Refusal,
    reply::{JSON, Reply},
    routes,
    stream::Streaming,
    ticket::Ticket,
};

/// The most upstream calls for a request.
const BUDGET: usize = 4;
/// The most for one route.
const PER_ROUTE: u32 = 2;
/// Before the first repetition; doubles with each.
const BACKOFF: Duration = Duration::from_millis(200);

/// A route that may be tried.
struct Candidate {
    route: Arc<Route>,
    plan: Plan,
    words: Option<Bytes>,
    tries: u32,
    wait: Duration,
}

/// Why no route was even tried.
#[derive(Default)]
struct Obstacles {
    broken: bool,
    unpriced: bool,
    unsupported: Option<Unsupported>,
}

/// Answers a call.
pub(crate) async fn run(
    mut ticket: Box<Ticket>,
    mut ask: Ask,
    model: &Model,
    unpriced: Unpriced,
) -> Reply {
    let mut obstacles = Obstacles::default();
    let mut queue = candidates(&ticket, &ask, model, unpriced, &mut obstacles);
    let mut last: Option<Failure> = None;
    let mut repetitions = 0;
    for _ in 0..BUDGET {
        let Some((mut candidate, words)) = next(&mut queue, &mut ask, &mut obstacles) else {
            break;
        };
        if candidate.tries > 0 {
            sleep(backoff(repetitions).max(candidate.wait)).await;
            repetitions += 1;
        }
        candidate.tries += 1;
        let Candidate { route, plan, .. } = &candidate;
        match attempt::make(&mut ticket, &mut ask, route, *plan, words).await {
            Ok(good) => return answer(ticket, &mut ask, route, good),
            Err(failure) => {
                let stop = failure.next == Next::Nothing;
                again(&mut queue, candidate, &failure);
                last = Some(failure);
                if stop {
                    break;
                }
            }
        }
    }
    let id = ticket.id();
    let (reply, code) = match last.map(|failure| failure.told) {
        Some(Told::Upstream(upstream)) => upstream.reply(ask.surface, id),
        Some(Told::Gateway(refusal)) => (refusal.reply(ask.surface, id), refusal.code().to_owned()),
        None => {
            let refusal = obstacles.refusal(&ask.peek.model, ask.surface);
            (refusal.reply(ask.surface, id), refusal.code().to_owned())
        }
    };
    refuse(ticket, reply, &code)
}

/// A refusal with the request's row.
pub(crate) fn refuse(mut ticket: Box<Ticket>, reply: Reply, code: &str) -> Reply {
    ticket.tell(reply.status.as_u16(), Some(code));
    let (mut headers, status) = (reply.headers, reply.status);
    attempts(&mut headers, &ticket);
    let body = reply.body.into_whole();
    ticket.sent(&body);
    let id = ticket.id();
    Reply {
        headers,
        ..Reply::closing(status, id, body, ticket)
    }
}

fn candidates(
    ticket: &Ticket,
    ask: &Ask,
    model: &Model,
    unpriced: Unpriced,
    obstacles: &mut Obstacles,
) -> VecDeque<Candidate> {
    let is_free = ask.surface == Surface::CountTokens;
    let may = |route: &Arc<Route>| {
        if route.provider.upstream.is_err() {
            obstacles.broken = true;
            return None;
        }
        let plan = route.plan(ask.surface)?;
        if unpriced == Unpriced::Block
            && !is_free
            && price::of(route, ticket.at(), None, 0).is_none()
        {
            obstacles.unpriced = true;
            return None;
        }
        Some(Candidate {
            route: Arc::clone(route),
            plan,
            words: None,
            tries: 0,
            wait: Duration::ZERO,
        })
    };
    let possible: Vec<Candidate> = model.routes.iter().filter_map(may).collect();
    routes::in_turn(possible, ticket.plane().ctx().now(), |candidate| {
        &candidate.route
    })
}

/// The next route that can be told what the caller says.
fn next(
    queue: &mut VecDeque<Candidate>,
    ask: &mut Ask,
    obstacles: &mut Obstacles,
) -> Option<(Candidate, Bytes)> {
    while let Some(mut candidate) = queue.pop_front() {
        if let Some(words) = &candidate.words {
            let words = words.clone();
            return Some((candidate, words));
        }
        match ask.words(&candidate.route, candidate.plan) {
            Ok(words) => {
                candidate.words = Some(words.clone());
                return Some((candidate, words));
            }
            Err(fault) => obstacles.unsupported = Some(fault),
        }
    }
    None
}

/// Puts a route that failed where its next turn is, if it has one.
fn again(queue: &mut VecDeque<Candidate>, mut candidate: Candidate, failure: &Failure) {
    let Next::Again { cools } = failure.next else {
        return;
    };
    let Some(wait) = failure.wait() else { return };
    if candidate.tries >= PER_ROUTE {
        return;
    }
    candidate.wait = wait;
    if cools {
        queue.push_back(candidate);
    } else {
        queue.push_front(candidate);
    }
}

/// Between half and all of what doubles each time.
fn backoff(repetitions: u32) -> Duration {
    let most = BACKOFF * 2_u32.saturating_pow(repetitions);
    most.mul_f64(rand::rng().random_range(0.5..1.0))
}

impl Obstacles {
    fn refusal(&self, model: &str, surface: Surface) -> Refusal {
        if let Some(fault) = &self.unsupported {
            Refusal::unsupported(fault)
        } else if self.unpriced {
            Refusal::unpriced(model)
        } else if self.broken {
            Refusal::provider_broken()
        } else {
            Refusal::surface_unsupported(model, surface)
        }
    }
}

/// The caller's answer.
fn answer(mut ticket: Box<Ticket>, ask: &mut Ask, route: &Route, good: Good) -> Reply {
    let id = ticket.id();
    match good {
        Good::Whole {
            status,
            headers,
            body,
            native,
        } => {
            ticket.tell(status.as_u16(), None);
            ticket.sent(&body);
            let mut head = head(&ticket, route, &headers, native);
            head.insert("x-ogw-cost-nano-usd", ticket.cost().nano().into());
            let mut reply = Reply::closing(status, id, body, ticket);
            reply.headers.extend(head);
            if !native {
                reply.headers.insert(CONTENT_TYPE, JSON);
            }
            reply.for_surface(ask.surface, id);
            reply
        }
        Good::Stream {
            status,
            headers,
            native,
            begun,
        } => {
            ticket.tell(status.as_u16(), None);
            let head = head(&ticket, route, &headers, native);
            let input = ticket.input(&ask.body);
            let stream = Streaming::new(ticket, status.as_u16(), input, begun);
            let mut reply = Reply::stream(status, id, stream);
            reply.headers.extend(head);
            let is_events = reply
                .headers
                .get(CONTENT_TYPE)
                .is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"));
            if !(native && is_events) {
                reply.headers.insert(CONTENT_TYPE, EVENTS);
            }
            reply.headers.insert(CACHE_CONTROL, NO_CACHE);
            reply
                .headers
                .insert(NO_BUFFERING, HeaderValue::from_static("no"));
            reply.for_surface(ask.surface, id);
            reply
        }
    }
}

const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
const NO_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// What the head says of the route, and of the upstream's own head.
fn head(ticket: &Ticket, route: &Route, upstream: &HeaderMap, native: bool) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    pass_headers(upstream, &mut headers);
    if !native {
        headers.remove(CONTENT_TYPE);
        headers.remove(http::header::CONTENT_ENCODING);
    }
    let mut say = |name: &'static str, text: &str| {
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    };
    say("x-ogw-provider", &route.provider.settings.id);
    say("x-ogw-model", &route.upstream_model);
    attempts(&mut headers, ticket);
    headers
}

fn attempts(headers: &mut HeaderMap, ticket: &Ticket) {
    headers.insert("x-ogw-attempts", ticket.attempts().into());
}
