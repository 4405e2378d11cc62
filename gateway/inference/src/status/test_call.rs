//! One short call to a provider, on an admin's account.

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use gateway_domain::{
    ApiKeyId, KeyOwner, RequestId,
    access::Action,
    audit::{self, NewEntry, Party},
    ledger::{Account, Surface},
};
use gateway_identity::{Caller, ServiceError};
use gateway_llm::{providers::Plan, rewrite};
use http::HeaderMap;
use serde_json::{Value, json};
use uuid::Uuid;

use super::TestResult;
use crate::{
    Plane,
    ask::Ask,
    attempt::{self, Good},
    failure::{Failure, Told},
    models::{Provider, Route},
    ticket::{Ticket, milliseconds},
};

/// What is asked for when there is a choice.
const SURFACES: [Surface; 4] = [
    Surface::Chat,
    Surface::Responses,
    Surface::Messages,
    Surface::Embeddings,
];
const MOST_TOKENS: u32 = 16;

/// Sends one short call to a provider, to a model that the caller names or the first that a route names. Audited, and in
/// the ledger under a key id of zeros. Nothing is tried twice.
pub async fn test_call(
    plane: &Plane,
    caller: &Caller,
    provider: &str,
    upstream_model: Option<&str>,
) -> Result<TestResult, ServiceError> {
    caller.require(Action::TestProviders)?;
    let models = plane.models();
    let Some(provider) = models.provider(provider) else {
        return Err(ServiceError::NotFound("provider"));
    };
    let routes = models.all.iter().flat_map(|model| &model.routes);
    let mut theirs = routes.filter(|route| route.provider.settings.id == provider.settings.id);
    let known =
        theirs.find(|route| upstream_model.is_none_or(|asked| route.upstream_model == asked));
    let route = match (known, upstream_model) {
        (Some(route), _) => Arc::clone(route),
        (None, Some(asked)) if is_name(asked) => {
            Arc::new(Route::bare(provider, asked, plane.healths()))
        }
        (None, _) => {
            return Err(ServiceError::invalid(
                "upstream_model",
                "No route leads to this provider: name one of its models.",
            ));
        }
    };
    audited(plane, caller, provider, &route).await?;
    let account = Account {
        key_id: ApiKeyId::from(Uuid::nil()),
        owner: KeyOwner::User(match caller.principal() {
            Some(principal) => principal.user_id,
            None => Uuid::nil().into(),
        }),
        team_id: None,
    };
    Ok(call(plane, &route, account).await)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 256 && text.bytes().all(|byte| byte.is_ascii_graphic())
}

async fn audited(
    plane: &Plane,
    caller: &Caller,
    provider: &Provider,
    route: &Route,
) -> Result<(), ServiceError> {
    let ctx = plane.ctx();
    let mut tx = ctx.db().begin().await?;
    let now = ctx.now();
    let caller = caller.confirmed(&mut tx, now).await?;
    caller.require(Action::TestProviders)?;
    let id = &provider.settings.id;
    let entry = NewEntry {
        actor: caller.party(),
        action: audit::Action::ProviderTested,
        target: Party::new("provider", id, id.clone()),
        before: None,
        after: Some(json!({ "upstream_model": route.upstream_model })),
        provider_key: None,
        origin: &caller.origin,
    };
    gateway_store::audit::append(&mut tx, entry, now).await?;
    tx.commit().await?;
    Ok(())
}

async fn call(plane: &Plane, route: &Arc<Route>, account: Account) -> TestResult {
    let id = RequestId::new();
    let began = Instant::now();
    let result = |ok, status, message: String| TestResult {
        ok,
        status,
        milliseconds: u64::try_from(milliseconds(began)).unwrap_or_default(),
        message,
        request_id: id,
    };
    if let Err(reason) = &route.provider.upstream {
        return result(
            false,
            None,
            format!("This provider cannot be called: {reason}"),
        );
    }
    let Some((surface, plan)) = surface(route) else {
        let message = format!(
            "This provider does not serve the model {}.",
            route.upstream_model
        );
        return result(false, None, message);
    };
    let at = plane.ctx().now();
    let mut ticket = Ticket::new(plane.clone(), id, at, began, surface, account);
    ticket.asked(&route.upstream_model, false);
    ticket.label(None, json!({ "test_call": "true" }));
    let body = Bytes::from(ping(surface, route).to_string());
    let said = rewrite::peek(surface, &body).and_then(|peek| {
        let mut ask = Ask::new(surface, HeaderMap::new(), None, body, peek);
        ask.words(route, plan).map(|words| (ask, words))
    });
    let (mut ask, words) = match said {
        Ok(said) => said,
        Err(fault) => {
            ticket.tell(400, Some("invalid_request_error"));
            ticket.close();
            return result(
                false,
                None,
                format!("The call cannot be put in this provider's words: {fault}"),
            );
        }
    };
    match attempt::make(&mut ticket, &mut ask, route, plan, words).await {
        Ok(Good::Whole { status, .. } | Good::Stream { status, .. }) => {
            ticket.tell(status.as_u16(), None);
            ticket.close();
            let message = format!("{} answered as it should.", route.upstream_model);
            result(true, Some(status.as_u16()), message)
        }
        Err(failure) => {
            let (status, code, message) = told(&failure, surface, route, at);
            ticket.tell(status.unwrap_or(502), Some(&code));
            ticket.close();
            result(false, status, message)
        }
    }
}

/// The first surface that the provider serves the model on; embeddings first where the model's name says so.
fn surface(route: &Route) -> Option<(Surface, Plan)> {
    let embeds = route.upstream_model.contains("embed");
    let last = [Surface::Embeddings];
    let order = last.iter().filter(|_| embeds).chain(&SURFACES);
    order
        .copied()
        .find_map(|surface| Some((surface, route.plan(surface)?)))
}

fn ping(surface: Surface, route: &Route) -> Value {
    let model = &route.upstream_model;
    let messages = json!([{"role": "user", "content": "ping"}]);
    match surface {
        Surface::Responses => {
            json!({"model": model, "input": "ping", "max_output_tokens": MOST_TOKENS})
        }
        Surface::Embeddings => json!({"model": model, "input": "ping"}),
        Surface::Chat if route.provider.is_openai() => {
            json!({"model": model, "messages": messages, "max_completion_tokens": MOST_TOKENS})
        }
        _ => json!({"model": model, "messages": messages, "max_tokens": MOST_TOKENS}),
    }
}

/// What went wrong: the status, the code and the words. What an upstream says about credentials may quote them.
fn told(
    failure: &Failure,
    surface: Surface,
    route: &Route,
    at: chrono::DateTime<chrono::Utc>,
) -> (Option<u16>, String, String) {
    let upstream = match &failure.told {
        Told::Upstream(upstream) => upstream,
        Told::Gateway(refusal) => {
            let cause = route.health.look(at).last_failure.map(|(_, cause)| cause);
            let message = cause.unwrap_or_else(|| refusal.error().message.clone());
            return (None, refusal.code().to_owned(), capital(&message));
        }
    };
    let status = upstream.status.as_u16();
    let error = upstream.said(surface);
    let message = match status {
        401 | 403 => format!("The provider refused the gateway's credentials ({status})."),
        404 => format!(
            "The provider knows no model {} ({status}): {}",
            route.upstream_model, error.message
        ),
        429 => format!(
            "The provider is asked too often, or its account has no money left ({status}): {}",
            error.message
        ),
        _ => format!("The provider answered {status}: {}", error.message),
    };
    (Some(status), error.code.to_owned(), message)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let Some(first) = letters.next() else {
        return String::new();
    };
    let end = if text.ends_with('.') { "" } else { "." };
    format!("{}{}{end}", first.to_uppercase(), letters.as_str())
}
