//! A whole answer as a message.

use serde::Serialize;
use serde_json::{Value, json, value::RawValue};

use super::{call_mark, stop_reason, usage};
use crate::{
    callers::Rendering,
    ir::{Content, Media, Part, Reply, Stop},
};

#[derive(Serialize)]
struct Message<'a> {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    role: &'static str,
    model: &'a str,
    content: Vec<Block>,
    stop_reason: &'static str,
    stop_sequence: Option<&'a str>,
    usage: Value,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Block {
    Plain(Value),
    /// The input keeps its text: numbers stay as the model wrote them.
    ToolUse {
        #[serde(rename = "type")]
        kind: &'static str,
        id: String,
        name: String,
        input: Box<RawValue>,
    },
}

/// The JSON body of an answer.
pub(crate) fn reply(reply: &Reply, rendering: &Rendering) -> Vec<u8> {
    let refused = reply
        .parts
        .iter()
        .any(|part| matches!(part.content, Content::Refusal(_)));
    let stop = if refused && reply.stop == Stop::End {
        &Stop::Filtered
    } else {
        &reply.stop
    };
    let (stop_reason, stop_sequence) = stop_reason(stop);
    let message = Message {
        id: format!("msg_{}", rendering.id),
        kind: "message",
        role: "assistant",
        model: &rendering.model,
        content: reply.parts.iter().flat_map(blocks).collect(),
        stop_reason,
        stop_sequence,
        usage: usage(&reply.usage.unwrap_or_default()),
    };
    serde_json::to_vec(&message).unwrap_or_default()
}

fn blocks(part: &Part) -> Vec<Block> {
    match &part.content {
        Content::Text(text) | Content::Refusal(text) => {
            vec![Block::Plain(json!({"type": "text", "text": text}))]
        }
        Content::Reasoning { text, signature } => vec![Block::Plain(json!({
            "type": "thinking",
            "thinking": text,
            "signature": signature.as_deref().unwrap_or_default(),
        }))],
        Content::SealedReasoning(data) => {
            vec![Block::Plain(
                json!({"type": "redacted_thinking", "data": data}),
            )]
        }
        Content::ToolCall {
            id,
            name,
            arguments,
            signature,
        } => {
            let mark = signature.as_ref().map(|mark| {
                Block::Plain(json!({"type": "redacted_thinking", "data": call_mark(id, mark)}))
            });
            let call = Block::ToolUse {
                kind: "tool_use",
                id: id.clone(),
                name: name.clone(),
                input: input(arguments),
            };
            mark.into_iter().chain([call]).collect()
        }
        // A message has no place for pictures that a model drew; as text nothing of them is lost.
        Content::Image { source, .. } | Content::File { source, .. } => {
            let address = match source {
                Media::Url(url) => url.clone(),
                Media::Inline { media_type, data } => format!("data:{media_type};base64,{data}"),
            };
            vec![Block::Plain(
                json!({"type": "text", "text": format!("![]({address})")}),
            )]
        }
        Content::Audio { .. } | Content::ToolResult { .. } => Vec::new(),
    }
}

/// A call's arguments as the object that the protocol wants. What is none, because the model wrote no JSON, goes under a
/// name of its own: the tool says what it thinks of that, and the model reads it.
fn input(arguments: &str) -> Box<RawValue> {
    let trimmed = arguments.trim();
    if trimmed.starts_with('{')
        && let Ok(object) = RawValue::from_string(trimmed.to_owned())
    {
        return object;
    }
    let object = if trimmed.is_empty() {
        json!({})
    } else {
        json!({"invalid_json": arguments})
    };
    RawValue::from_string(object.to_string()).unwrap_or_default()
}
