//! A whole answer of Converse's.

use serde_json::Value;

use super::{stop, usage};
use crate::ir::{Content, Garbage, Part, Reply};

/// Reads the answer of `Converse`.
pub fn read(body: &[u8]) -> Result<Reply, Garbage> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| Garbage(format!("the answer is not JSON: {error}")))?;
    let blocks = body["output"]["message"]["content"]
        .as_array()
        .ok_or_else(|| Garbage("the answer has no output.message.content".into()))?;
    let reason = body["stopReason"]
        .as_str()
        .ok_or_else(|| Garbage("the answer has no stopReason".into()))?;
    let stop = stop(reason, &body["additionalModelResponseFields"])
        .map_err(|word| Garbage(format!("the provider failed: {word}")))?;
    Ok(Reply {
        id: String::new(),
        model: String::new(),
        parts: blocks.iter().filter_map(content).map(Part::new).collect(),
        stop,
        usage: usage(&body["usage"]),
    })
}

fn content(block: &Value) -> Option<Content> {
    if let Some(text) = block["text"].as_str() {
        return Some(Content::Text(text.to_owned()));
    }
    if block["toolUse"].is_object() {
        let call = &block["toolUse"];
        return Some(Content::ToolCall {
            id: call["toolUseId"].as_str()?.to_owned(),
            name: call["name"].as_str()?.to_owned(),
            arguments: match &call["input"] {
                Value::Null => String::new(),
                input => input.to_string(),
            },
            signature: None,
        });
    }
    if block["citationsContent"].is_object() {
        let said = block["citationsContent"]["content"].as_array()?;
        let text = said.iter().filter_map(|it| it["text"].as_str()).collect();
        return Some(Content::Text(text));
    }
    let thoughts = &block["reasoningContent"];
    if let Some(sealed) = thoughts["redactedContent"].as_str() {
        return Some(Content::SealedReasoning(sealed.to_owned()));
    }
    thoughts["reasoningText"].is_object().then(|| {
        let text = |key: &str| {
            thoughts["reasoningText"][key]
                .as_str()
                .map(ToOwned::to_owned)
        };
        Content::Reasoning {
            text: text("text").unwrap_or_default(),
            signature: text("signature"),
        }
    })
}
