//! `OpenAI`'s responses, as callers speak them.
//!
//! Thoughts become `reasoning` items: their words are the summary, the provider's mark on them is the
//! `encrypted_content`, and both come back with the next request. `instructions` and `metadata` are not said again in the
//! answer.

mod items;
mod output;
mod request;
mod seal;
mod stream;
mod tools;

#[cfg(test)]
mod tests;

use gateway_domain::money::Tokens;
use serde_json::{Value, json};

use super::{Rendering, openai};
use crate::ir::{Content, Event, Format, Opening, Part, Reasoning, Reply, Stop};

pub(crate) use self::{request::parse, stream::Renderer};

/// The JSON body of an answer: the end of the stream that would have said the same.
pub(crate) fn reply(reply: &Reply, rendering: &Rendering) -> Vec<u8> {
    let mut renderer = Renderer::new(rendering.clone());
    let unread = &mut Vec::new();
    for (index, part) in reply.parts.iter().enumerate() {
        for event in events(index, part) {
            renderer.push(event, unread);
            unread.clear();
        }
    }
    renderer.push(Event::Stop(reply.stop.clone()), unread);
    if let Some(tokens) = reply.usage {
        renderer.push(Event::Usage(tokens), unread);
    }
    renderer.whole().to_string().into_bytes()
}

/// What a stream would say of a part. Models answer with nothing but these.
fn events(index: usize, part: &Part) -> Vec<Event> {
    let (opening, text, mark) = match &part.content {
        Content::Text(text) => (Opening::Text, text.as_str(), None),
        Content::Refusal(text) => (Opening::Refusal, text.as_str(), None),
        Content::Reasoning { text, signature } => {
            (Opening::Reasoning, text.as_str(), signature.as_ref())
        }
        Content::SealedReasoning(sealed) => (Opening::SealedReasoning(sealed.clone()), "", None),
        Content::ToolCall {
            id,
            name,
            arguments,
            signature,
        } => {
            let opening = Opening::ToolCall {
                id: id.clone(),
                name: name.clone(),
                signature: signature.clone(),
            };
            (opening, arguments.as_str(), None)
        }
        Content::Image { .. }
        | Content::File { .. }
        | Content::Audio { .. }
        | Content::ToolResult { .. } => return Vec::new(),
    };
    let mut events = vec![Event::Open { index, opening }];
    if !text.is_empty() {
        let text = text.to_owned();
        events.push(Event::Delta { index, text });
    }
    events.extend(mark.map(|mark| Event::Signature {
        index,
        signature: mark.clone(),
    }));
    events.push(Event::Close { index });
    events
}

/// A response without its output: `status` is `in_progress`.
fn response(rendering: &Rendering) -> Value {
    let request = &rendering.request;
    let effort = match &request.reasoning {
        Some(Reasoning::Effort(word)) => Some(word.as_str()),
        Some(Reasoning::Off) => Some("none"),
        Some(Reasoning::Adaptive | Reasoning::Budget(_)) | None => None,
    };
    json!({
        "id": format!("resp_{}", rendering.id),
        "object": "response",
        "created_at": rendering.created,
        "status": "in_progress",
        "background": false,
        "error": null,
        "incomplete_details": null,
        "instructions": null,
        "max_output_tokens": request.max_output_tokens,
        "metadata": {},
        "model": rendering.model,
        "output": [],
        "parallel_tool_calls": request.parallel_tool_calls.unwrap_or(true),
        "previous_response_id": null,
        "reasoning": {"effort": effort, "summary": null},
        "service_tier": null,
        "store": false,
        "temperature": request.temperature,
        "text": text(request.verbosity.as_deref(), &request.format),
        "tool_choice": tools::choice_again(request.tool_choice.as_ref(), &request.tools),
        "tools": tools::again(&request.tools),
        "top_p": request.top_p,
        "truncation": "disabled",
        "usage": null,
        "user": null,
    })
}

fn text(verbosity: Option<&str>, format: &Format) -> Value {
    let format = match format {
        Format::Text => json!({"type": "text"}),
        Format::JsonObject => json!({"type": "json_object"}),
        Format::JsonSchema { .. } => {
            let mut schema = openai::json_schema_again(format);
            schema["type"] = "json_schema".into();
            schema
        }
    };
    match verbosity {
        None => json!({ "format": format }),
        Some(word) => json!({"format": format, "verbosity": word}),
    }
}

/// `status`, and the reason of one that is not `completed`.
fn status(stop: &Stop, refused: bool) -> (&'static str, Option<&'static str>) {
    match stop {
        Stop::Length | Stop::ContextWindow => ("incomplete", Some("max_output_tokens")),
        Stop::Filtered if !refused => ("incomplete", Some("content_filter")),
        Stop::Filtered | Stop::End | Stop::ToolUse | Stop::Sequence(_) | Stop::Pause => {
            ("completed", None)
        }
    }
}

fn usage(tokens: &Tokens) -> Value {
    let input = openai::input_tokens(tokens);
    json!({
        "input_tokens": input,
        "input_tokens_details": {
            "cached_tokens": tokens.cache_read,
            "cache_write_tokens": tokens.cache_write,
        },
        "output_tokens": tokens.output,
        "output_tokens_details": {"reasoning_tokens": tokens.reasoning},
        "total_tokens": input.saturating_add(tokens.output),
    })
}
