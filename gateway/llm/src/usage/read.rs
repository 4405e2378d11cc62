//! Where usage, errors and the kind of an event stand in an answer.

mod counts;

use std::borrow::Cow;

use gateway_domain::{ledger::Surface, money::Tokens};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;

use self::counts::Usage;
use super::{Failure, Reported};

/// What matters of a whole answer, or of a chunk of a chat stream.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    usage: Option<Usage>,
    #[serde(default)]
    service_tier: Option<Value>,
    #[serde(default)]
    choices: Option<Vec<IgnoredAny>>,
    #[serde(default)]
    x_groq: Option<Groq>,
}

#[derive(Deserialize)]
struct Groq {
    #[serde(default)]
    usage: Option<Usage>,
}

impl Answer {
    fn reported(self, surface: Surface) -> Option<Reported> {
        let usage = self.usage.filter(Usage::says_something)?;
        let tier = self
            .service_tier
            .as_ref()
            .and_then(Value::as_str)
            .map(str::to_owned);
        let tokens = match surface {
            Surface::Chat => usage.chat(),
            Surface::Responses => usage.responses(),
            Surface::Messages => return Some(message(&usage, &Reported::default())),
            Surface::Embeddings => usage.embeddings(),
            Surface::CountTokens => Tokens::default(),
        };
        let tier = tier.or_else(|| usage.tier());
        Some(Reported {
            tokens,
            tier,
            ..Reported::default()
        })
    }
}

/// Usage in a whole answer.
pub(super) fn body(surface: Surface, body: &[u8]) -> Option<Reported> {
    serde_json::from_slice::<Answer>(body)
        .ok()?
        .reported(surface)
}

/// Usage in a chunk of a chat stream, and whether there is nothing else in it.
pub(super) fn chat_chunk(data: &[u8]) -> Option<(Reported, bool)> {
    let mut chunk: Answer = serde_json::from_slice(data).ok()?;
    let nothing_else = chunk.choices.as_ref().is_some_and(Vec::is_empty);
    chunk.usage = chunk
        .usage
        .or(chunk.x_groq.take().and_then(|groq| groq.usage));
    Some((chunk.reported(Surface::Chat)?, nothing_else))
}

#[derive(Deserialize)]
struct Typed<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
}

/// The `type` of an event whose frame has no name.
pub(super) fn kind(data: &[u8]) -> Option<Cow<'_, str>> {
    serde_json::from_slice::<Typed<'_>>(data)
        .ok()
        .map(|typed| typed.kind)
}

#[derive(Deserialize)]
struct FinishedResponse {
    response: Answer,
}

/// Usage in the event that ends a response.
pub(super) fn finished_response(data: &[u8]) -> Option<Reported> {
    let finished: FinishedResponse = serde_json::from_slice(data).ok()?;
    finished.response.reported(Surface::Responses)
}

#[derive(Deserialize)]
struct MessageStart {
    message: Answer,
}

/// Usage as far as it is known when a message begins.
pub(crate) fn message_start(data: &[u8]) -> Option<Reported> {
    let start: MessageStart = serde_json::from_slice(data).ok()?;
    start.message.reported(Surface::Messages)
}

/// Usage in a `message_delta`: it corrects what was said before, where it says something.
pub(crate) fn message_delta(data: &[u8], earlier: Option<&Reported>) -> Option<Reported> {
    let delta: Answer = serde_json::from_slice(data).ok()?;
    let usage = delta.usage.filter(Usage::says_something)?;
    Some(earlier.map_or_else(
        || message(&usage, &Reported::default()),
        |earlier| message(&usage, earlier),
    ))
}

fn message(usage: &Usage, earlier: &Reported) -> Reported {
    let sums = usage.message(&earlier.sums);
    let summaries = usage.summaries().unwrap_or(earlier.summaries);
    Reported {
        tokens: sums + summaries,
        tier: usage.tier().or_else(|| earlier.tier.clone()),
        summaries,
        sums,
    }
}

/// What a chat completion's `usage` says.
pub(crate) fn chat(usage: &Value) -> Tokens {
    Usage::deserialize(usage)
        .map(|usage| usage.chat())
        .unwrap_or_default()
}

/// What a message's `usage` says.
pub(crate) fn messages(usage: &Value) -> Option<Tokens> {
    let usage = Usage::deserialize(usage)
        .ok()
        .filter(Usage::says_something)?;
    Some(message(&usage, &Reported::default()).tokens)
}

/// An error inside a stream: under `error`, or beside `type`.
pub(super) fn error(data: &[u8]) -> Option<Failure> {
    let event: Value = serde_json::from_slice(data).ok()?;
    let error = event.get("error").filter(|error| !error.is_null());
    let is_error = error.is_some() || event.get("type").and_then(Value::as_str) == Some("error");
    let error = error.unwrap_or(&event);
    if let Some(message) = error.as_str() {
        return Some(Failure {
            message: message.into(),
            ..Failure::nameless()
        });
    }
    is_error.then(|| failure(error))
}

/// Why a response failed.
pub(super) fn response_error(data: &[u8]) -> Option<Failure> {
    let event: Value = serde_json::from_slice(data).ok()?;
    event
        .pointer("/response/error")
        .filter(|error| error.is_object())
        .map(failure)
}

fn failure(error: &Value) -> Failure {
    let nameless = Failure::nameless();
    let text = |key: &str| {
        error
            .get(key)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let kind = text("type")
        .filter(|kind| *kind != "error")
        .or_else(|| text("code"));
    Failure {
        kind: kind.map_or(nameless.kind, str::to_owned),
        message: text("message").map_or(nameless.message, str::to_owned),
    }
}
