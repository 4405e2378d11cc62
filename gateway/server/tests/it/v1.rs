//! The data plane, from the key to the ledger.

mod aborts;
mod auth;
mod faults;
mod labels;
mod list;
mod load;
mod payloads;
mod routing;
mod surfaces;
mod test_calls;

use serde_json::{Value, json};

/// A chat request.
fn chat(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "What is it?"}]})
}

/// The same, answered as a stream.
fn streamed(mut body: Value) -> Value {
    body["stream"] = json!(true);
    body
}

/// A request of Anthropic's.
fn message(model: &str) -> Value {
    json!({"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": "What is it?"}]})
}

/// The data of a stream's events.
fn data(stream: &str) -> Vec<String> {
    stream
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(ToOwned::to_owned)
        .collect()
}
