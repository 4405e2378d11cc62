//! Anthropic's messages, as callers speak them to models of every kind.
//!
//! What the protocol has and no other can say is refused by its field's name: server tools, containers, files kept at
//! Anthropic, citations, fallbacks. These are hints; they change no answer, and may be left out for a model that has no use for
//! them:
//! - `cache_control` (carried as a mark where it stands on a part; dialects with such marks write it), `diagnostics`;
//! - `context_management` with edits that only clear (`clear_tool_uses_…`, `clear_thinking_…`): what stays is read again, the
//!   caller's conversation is the same;
//! - `thinking.display` and `thinking.block_binding`: how thoughts are shown and checked;
//! - the place of instructions within the conversation: they join those before it, as long as they hold (`clear_at`);
//! - `eager_input_streaming` of a tool: how finely its input is cut in a stream.
//!
//! `output_config.effort` wins over a budget in `thinking`; `thinking` of type `disabled` wins over both. A document of text
//! becomes text, its title and context before it.

mod blocks;
mod reply;
mod request;
mod stream;
#[cfg(test)]
mod tests;

pub(crate) use reply::reply;
pub(crate) use request::parse;
pub(crate) use stream::Renderer;

use gateway_domain::money::Tokens;
use serde_json::{Value, json};

use crate::ir::Stop;

/// In a `redacted_thinking` block that is ours: the mark on a call that follows, as `<id>\n<mark>`. Clients send such
/// blocks back as they are; a `tool_use` block has no place for a mark.
const CALL_MARK: &str = "ogw-call:";

fn call_mark(id: &str, mark: &str) -> String {
    format!("{CALL_MARK}{id}\n{mark}")
}

/// `stop_reason` and `stop_sequence`.
fn stop_reason(stop: &Stop) -> (&'static str, Option<&str>) {
    match stop {
        Stop::End => ("end_turn", None),
        Stop::Length => ("max_tokens", None),
        Stop::ContextWindow => ("model_context_window_exceeded", None),
        Stop::ToolUse => ("tool_use", None),
        Stop::Sequence(text) => ("stop_sequence", text.as_deref()),
        Stop::Filtered => ("refusal", None),
        Stop::Pause => ("pause_turn", None),
    }
}

fn usage(tokens: &Tokens) -> Value {
    let mut usage = json!({
        "input_tokens": tokens.input,
        "cache_creation_input_tokens": tokens.cache_write,
        "cache_read_input_tokens": tokens.cache_read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": tokens.cache_write.saturating_sub(tokens.cache_write_1h),
            "ephemeral_1h_input_tokens": tokens.cache_write_1h,
        },
        "output_tokens": tokens.output,
    });
    if tokens.reasoning > 0 {
        usage["output_tokens_details"] = json!({"thinking_tokens": tokens.reasoning});
    }
    usage
}

/// One of Anthropic's own words for an error inside a stream.
fn error_kind(kind: &str) -> &'static str {
    const KNOWN: [&str; 9] = [
        "invalid_request_error",
        "authentication_error",
        "billing_error",
        "permission_error",
        "not_found_error",
        "request_too_large",
        "rate_limit_error",
        "timeout_error",
        "overloaded_error",
    ];
    match kind {
        "rate_limit_exceeded" | "RESOURCE_EXHAUSTED" | "throttlingException" => "rate_limit_error",
        "UNAVAILABLE" | "serviceUnavailableException" => "overloaded_error",
        other => KNOWN
            .into_iter()
            .find(|known| *known == other)
            .unwrap_or("api_error"),
    }
}
