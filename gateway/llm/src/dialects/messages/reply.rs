//! Anthropic's whole answer, read.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::stop;
use crate::{
    ir::{Content, Garbage, Part, Reply},
    usage,
};

/// A message, whole or at the beginning of a stream.
#[derive(Deserialize)]
pub(super) struct Message<'a> {
    #[serde(default)]
    pub id: String,
    #[serde(default)]
    pub model: String,
    #[serde(borrow)]
    content: Vec<&'a RawValue>,
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(default)]
    stop_sequence: Option<String>,
    #[serde(default)]
    pub usage: Option<Value>,
}

/// A block of content; what it is, `kind` says.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Block<'a> {
    #[serde(rename = "type", borrow)]
    pub kind: Cow<'a, str>,
    pub text: Option<String>,
    pub thinking: Option<String>,
    pub signature: Option<String>,
    pub data: Option<String>,
    pub id: Option<String>,
    pub name: Option<String>,
    #[serde(borrow)]
    pub input: Option<&'a RawValue>,
}

/// Reads a whole answer.
pub fn read(body: &[u8]) -> Result<Reply, Garbage> {
    let message: Message<'_> = serde_json::from_slice(body).map_err(|_| garbage("no message"))?;
    let mut parts = Vec::new();
    for raw in &message.content {
        let block = serde_json::from_str(raw.get()).map_err(|_| garbage("a malformed block"))?;
        parts.extend(part(block)?.map(Part::new));
    }
    Ok(Reply {
        id: message.id,
        model: message.model,
        parts,
        stop: stop(message.stop_reason.as_deref(), message.stop_sequence),
        usage: message.usage.as_ref().and_then(usage::read::messages),
    })
}

/// Blocks of kinds that were not asked for, as those of the provider's own tools, hold nothing for the caller.
fn part(block: Block<'_>) -> Result<Option<Content>, Garbage> {
    Ok(Some(match block.kind.as_ref() {
        "text" => Content::Text(block.text.unwrap_or_default()),
        "thinking" => Content::Reasoning {
            text: block.thinking.unwrap_or_default(),
            signature: block.signature.filter(|signature| !signature.is_empty()),
        },
        "redacted_thinking" => Content::SealedReasoning(block.data.unwrap_or_default()),
        "tool_use" => {
            let (Some(id), Some(name)) = (block.id, block.name) else {
                return Err(garbage("a call without an id or a name"));
            };
            let arguments = block
                .input
                .map(|input| input.get().to_owned())
                .unwrap_or_default();
            Content::ToolCall {
                id,
                name,
                arguments,
                signature: None,
            }
        }
        _ => return Ok(None),
    }))
}

pub(super) fn garbage(what: &str) -> Garbage {
    Garbage(format!("the answer is {what}"))
}
