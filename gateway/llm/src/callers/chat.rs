//! `OpenAI`'s chat completions, as callers speak them.
//!
//! The protocol has no place for the marks on thoughts, nor for thoughts that only the provider can read: they are left out
//! of answers. Thoughts in words stand in `reasoning_content`, as `DeepSeek` and vLLM have it. Gemini's mark on a tool call
//! stands where Google's own chat completions put it.

mod messages;
mod request;
mod stream;

#[cfg(test)]
mod tests;

use gateway_domain::money::Tokens;
use serde_json::{Value, json};

use super::{Rendering, free_text::FreeText, openai};
use crate::ir::{Content, Form, Part, Reply, Stop, Tool};

pub(crate) use self::{request::parse, stream::Renderer};

/// The JSON body of an answer.
pub(crate) fn reply(reply: &Reply, rendering: &Rendering) -> Vec<u8> {
    let mut completion = json!({
        "id": id(rendering),
        "object": "chat.completion",
        "created": rendering.created,
        "model": rendering.model,
        "choices": [{
            "index": 0,
            "message": message(&reply.parts, &rendering.request.tools),
            "logprobs": null,
            "finish_reason": finish_reason(&reply.stop, has_calls(&reply.parts)),
        }],
    });
    if let Some(tokens) = &reply.usage {
        completion["usage"] = usage(tokens);
    }
    completion.to_string().into_bytes()
}

fn id(rendering: &Rendering) -> String {
    format!("chatcmpl-{}", rendering.id)
}

fn has_calls(parts: &[Part]) -> bool {
    parts
        .iter()
        .any(|part| matches!(part.content, Content::ToolCall { .. }))
}

fn message(parts: &[Part], tools: &[Tool]) -> Value {
    let (mut content, mut refusal, mut thoughts) = (None, None, None);
    let mut calls = Vec::new();
    for part in parts {
        let add = |to: &mut Option<String>, text: &str| to.get_or_insert_default().push_str(text);
        match &part.content {
            Content::Text(text) => add(&mut content, text),
            Content::Refusal(text) => add(&mut refusal, text),
            Content::Reasoning { text, .. } => add(&mut thoughts, text),
            Content::ToolCall {
                id,
                name,
                arguments,
                signature,
            } => calls.push(tool_call(id, name, arguments, signature.as_deref(), tools)),
            // Models answer with nothing of this; thoughts under seal have no place here.
            Content::SealedReasoning(_)
            | Content::Image { .. }
            | Content::File { .. }
            | Content::Audio { .. }
            | Content::ToolResult { .. } => {}
        }
    }
    let mut message = json!({
        "role": "assistant",
        "content": content,
        "refusal": refusal,
        "annotations": [],
    });
    if let Some(thoughts) = thoughts.filter(|text| !text.is_empty()) {
        message["reasoning_content"] = thoughts.into();
    }
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    message
}

fn tool_call(
    id: &str,
    name: &str,
    arguments: &str,
    signature: Option<&str>,
    tools: &[Tool],
) -> Value {
    let mut call = if is_custom(tools, name) {
        let custom = json!({"name": name, "input": FreeText::of(arguments)});
        json!({"id": id, "type": "custom", "custom": custom})
    } else {
        let arguments = if arguments.is_empty() {
            "{}"
        } else {
            arguments
        };
        let function = json!({"name": name, "arguments": arguments});
        json!({"id": id, "type": "function", "function": function})
    };
    if let Some(signature) = signature {
        call["extra_content"] = extra_content(signature);
    }
    call
}

fn extra_content(signature: &str) -> Value {
    json!({"google": {"thought_signature": signature}})
}

fn is_custom(tools: &[Tool], name: &str) -> bool {
    openai::declared(tools, name).form == Form::Custom
}

fn finish_reason(stop: &Stop, has_calls: bool) -> &'static str {
    match stop {
        Stop::Length | Stop::ContextWindow => "length",
        Stop::Filtered => "content_filter",
        Stop::End | Stop::ToolUse | Stop::Pause if has_calls => "tool_calls",
        Stop::End | Stop::ToolUse | Stop::Pause | Stop::Sequence(_) => "stop",
    }
}

fn usage(tokens: &Tokens) -> Value {
    let input = openai::input_tokens(tokens);
    json!({
        "prompt_tokens": input,
        "completion_tokens": tokens.output,
        "total_tokens": input.saturating_add(tokens.output),
        "prompt_tokens_details": {
            "cached_tokens": tokens.cache_read,
            "cache_write_tokens": tokens.cache_write,
            "audio_tokens": tokens.audio_input,
        },
        "completion_tokens_details": {
            "reasoning_tokens": tokens.reasoning,
            "audio_tokens": tokens.audio_output,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    })
}
