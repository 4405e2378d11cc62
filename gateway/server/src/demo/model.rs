//! The demo's model: it says again what it was told, word by word. It speaks chat completions; whoever calls with another
//! protocol has it translated, as with any provider of that kind.

use std::{convert::Infallible, time::Duration};

use axum::{
    Json, Router,
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
    routing::post,
};
use futures_util::{StreamExt as _, stream};
use serde::Deserialize;
use serde_json::{Value, json};

/// Between two words: as fast as people read.
const PACE: Duration = Duration::from_millis(40);
/// A long text is said again as far as this.
const MOST_WORDS: usize = 400;

pub(super) fn router() -> Router {
    Router::new().route("/v1/chat/completions", post(complete))
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    model: String,
    #[serde(default)]
    messages: Vec<Value>,
    #[serde(default)]
    stream: bool,
}

async fn complete(Json(asked): Json<Asked>) -> Response {
    let told = last_of_user(&asked.messages);
    let said: Vec<String> = format!("You said: {told}")
        .split_inclusive(' ')
        .take(MOST_WORDS)
        .map(str::to_owned)
        .collect();
    let read: usize = asked.messages.iter().map(words).sum();
    let usage = json!({
        "prompt_tokens": read,
        "completion_tokens": said.len(),
        "total_tokens": read + said.len(),
    });
    if asked.stream {
        return streamed(&asked.model, said, &usage).into_response();
    }
    let message = json!({"role": "assistant", "content": said.concat()});
    let choice = json!({"index": 0, "message": message, "finish_reason": "stop"});
    let mut body = frame(&asked.model, "chat.completion", &json!([choice]));
    body["usage"] = usage;
    Json(body).into_response()
}

fn streamed(
    model: &str,
    said: Vec<String>,
    usage: &Value,
) -> Sse<impl futures_util::Stream<Item = Result<Event, Infallible>> + use<>> {
    let chunk = |choices: &Value| frame(model, "chat.completion.chunk", choices);
    let mut chunks: Vec<Value> = said
        .into_iter()
        .map(|word| {
            let delta = json!({"role": "assistant", "content": word});
            chunk(&json!([{"index": 0, "delta": delta, "finish_reason": null}]))
        })
        .collect();
    chunks.push(chunk(
        &json!([{"index": 0, "delta": {}, "finish_reason": "stop"}]),
    ));
    let mut last = chunk(&json!([]));
    last["usage"] = usage.clone();
    chunks.push(last);
    let events = chunks
        .into_iter()
        .map(|chunk| chunk.to_string())
        .chain(["[DONE]".to_owned()]);
    Sse::new(stream::iter(events).then(|data| async move {
        tokio::time::sleep(PACE).await;
        Ok(Event::default().data(data))
    }))
}

fn frame(model: &str, object: &str, choices: &Value) -> Value {
    json!({"id": "chatcmpl-echo", "object": object, "created": 0, "model": model, "choices": choices})
}

fn last_of_user(messages: &[Value]) -> String {
    let last = messages
        .iter()
        .rev()
        .find(|message| message["role"] == "user");
    last.map(text).unwrap_or_default()
}

/// What a message says, in one text or in parts.
fn text(message: &Value) -> String {
    match &message["content"] {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part["text"].as_str());
            texts.collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    }
}

fn words(message: &Value) -> usize {
    text(message).split_whitespace().count()
}
