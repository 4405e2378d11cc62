//! Amazon's `Converse` and `ConverseStream`, which serve the models of many makers. The model is named in the path.
//!
//! Left out, because the answer is none the worse: the caller's `user`, an image's `detail`, cache marks where the model
//! has no cache to be told of, thoughts that are not signed by a model of the same maker.

mod blocks;
mod extras;
mod reply;
mod request;
mod stream;

pub use reply::read;
pub use request::write;
pub use stream::Reader;

use gateway_domain::money::Tokens;
use serde_json::Value;

use crate::ir::Stop;

/// What a `usage` says. Its `inputTokens` are without those of the cache.
fn usage(usage: &Value) -> Option<Tokens> {
    let count = |key: &str| usage[key].as_u64().unwrap_or(0);
    let hourly = usage["cacheDetails"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|it| it["ttl"] == "1h")
        .filter_map(|it| it["inputTokens"].as_u64())
        .fold(0, u64::saturating_add);
    usage.is_object().then(|| Tokens {
        input: count("inputTokens"),
        output: count("outputTokens"),
        cache_read: count("cacheReadInputTokens"),
        cache_write: count("cacheWriteInputTokens"),
        cache_write_1h: hourly.min(count("cacheWriteInputTokens")),
        ..Tokens::default()
    })
}

/// The usage that an answer's body reports, whatever else it holds.
pub(super) fn usage_of(body: &[u8]) -> Option<Tokens> {
    let body: Value = serde_json::from_slice(body).ok()?;
    usage(&body["usage"])
}

/// Why the model stopped; the word itself when it failed to say what it meant.
fn stop(reason: &str, extra: &Value) -> Result<Stop, String> {
    Ok(match reason {
        "end_turn" => Stop::End,
        "tool_use" => Stop::ToolUse,
        "max_tokens" => Stop::Length,
        "model_context_window_exceeded" => Stop::ContextWindow,
        "stop_sequence" => Stop::Sequence(extra["stop_sequence"].as_str().map(Into::into)),
        "malformed_model_output" | "malformed_tool_use" => return Err(reason.to_owned()),
        _ => Stop::Filtered,
    })
}

#[cfg(test)]
mod tests;
