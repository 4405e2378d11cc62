//! Parts of a conversation as Anthropic's blocks.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    dialects::{gemini, turns},
    ir::{Content, Media, Part, Role, Unsupported},
};

/// Instructions; none when there are no words.
pub(super) fn system(parts: &[Part]) -> Result<Option<Value>, Unsupported> {
    let mut blocks = Vec::new();
    for part in parts {
        let Content::Text(text) = &part.content else {
            return Err(Unsupported::new(
                "system",
                "instructions may hold text only",
            ));
        };
        blocks.extend(words(text, part.cache.as_deref()));
    }
    Ok(Some(Value::Array(blocks)).filter(|blocks| *blocks != json!([])))
}

/// The blocks of a message. Answers of tools stand first, as Anthropic wants them.
pub(super) fn content(role: Role, parts: &[&Part]) -> Result<Vec<Value>, Unsupported> {
    let is_answer = |part: &&&Part| matches!(part.content, Content::ToolResult { .. });
    let answers = parts.iter().filter(is_answer);
    let others = parts.iter().filter(|part| !is_answer(part));
    let mut blocks = Vec::new();
    for part in answers.chain(others) {
        blocks.extend(block(part, role)?);
    }
    Ok(blocks)
}

/// Whether a part becomes a block of thoughts.
pub(super) fn is_written_thought(part: &Part) -> bool {
    match &part.content {
        Content::Reasoning { signature, .. } => own(signature.as_deref()).is_some(),
        Content::SealedReasoning(_) => true,
        _ => false,
    }
}

/// A prompt-cache mark, where there is one.
pub(super) fn cached(block: &mut Value, ttl: Option<&str>) {
    match ttl {
        None => {}
        Some("5m") => block["cache_control"] = json!({"type": "ephemeral"}),
        Some(ttl) => block["cache_control"] = json!({"type": "ephemeral", "ttl": ttl}),
    }
}

/// A signature that Anthropic may have given; another's it would refuse.
fn own(signature: Option<&str>) -> Option<&str> {
    signature.filter(|it| !it.is_empty() && !it.starts_with(gemini::SIGNATURE_MARK))
}

fn block(part: &Part, role: Role) -> Result<Option<Value>, Unsupported> {
    let cache = part.cache.as_deref();
    let mut block = match (&part.content, role) {
        (Content::Text(text) | Content::Refusal(text), _) => return Ok(words(text, cache)),
        (
            Content::ToolCall {
                id,
                name,
                arguments,
                ..
            },
            Role::Assistant,
        ) => json!({
            "type": "tool_use",
            "id": call_id(id),
            "name": name,
            "input": turns::arguments(id, arguments)?,
        }),
        (Content::Reasoning { text, signature }, Role::Assistant) => {
            let thought =
                |signature| json!({"type": "thinking", "thinking": text, "signature": signature});
            return Ok(own(signature.as_deref()).map(thought));
        }
        (Content::SealedReasoning(data), Role::Assistant) => {
            return Ok(Some(json!({"type": "redacted_thinking", "data": data})));
        }
        (
            Content::ToolResult {
                id,
                content,
                is_error,
                ..
            },
            Role::User,
        ) => {
            let mut result = json!({"type": "tool_result", "tool_use_id": call_id(id)});
            let inner = content.iter().map(given).filter_map(Result::transpose);
            let inner = inner.collect::<Result<Vec<_>, _>>()?;
            if !inner.is_empty() {
                result["content"] = Value::Array(inner);
            }
            if *is_error {
                result["is_error"] = Value::Bool(true);
            }
            result
        }
        (Content::Image { .. } | Content::File { .. } | Content::Audio { .. }, Role::User) => {
            return given(part);
        }
        _ => {
            let reason =
                "pictures, documents and results are the caller's, calls and thoughts the model's";
            return Err(Unsupported::new("messages", reason));
        }
    };
    cached(&mut block, cache);
    Ok(Some(block))
}

/// Anthropic refuses texts without a visible character; they say nothing.
fn words(text: &str, cache: Option<&str>) -> Option<Value> {
    let mut block = json!({"type": "text", "text": text});
    cached(&mut block, cache);
    (!text.trim().is_empty()).then_some(block)
}

/// What a caller or a tool gives the model to read.
fn given(part: &Part) -> Result<Option<Value>, Unsupported> {
    let mut block = match &part.content {
        Content::Text(text) | Content::Refusal(text) => {
            return Ok(words(text, part.cache.as_deref()));
        }
        Content::Image { source, .. } => json!({"type": "image", "source": media(source)}),
        Content::File { source, name } => document(source, name.as_deref())?,
        _ => {
            let reason = "this model reads text, pictures and documents, no recordings";
            return Err(Unsupported::new("messages", reason));
        }
    };
    cached(&mut block, part.cache.as_deref());
    Ok(Some(block))
}

fn document(source: &Media, name: Option<&str>) -> Result<Value, Unsupported> {
    let source = match source {
        Media::Inline { media_type, data } if is_text(media_type) => {
            let text = STANDARD
                .decode(data)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok());
            let Some(text) = text else {
                return Err(Unsupported::new(
                    "messages",
                    "a document of text is not UTF-8 in base64",
                ));
            };
            json!({"type": "text", "media_type": "text/plain", "data": text})
        }
        Media::Inline { media_type, .. } if media_type != "application/pdf" => {
            let reason = format!("this model reads PDF and text, not {media_type}");
            return Err(Unsupported::new("messages", reason));
        }
        other => media(other),
    };
    let mut block = json!({"type": "document", "source": source});
    if let Some(name) = name {
        block["title"] = json!(name);
    }
    Ok(block)
}

fn is_text(media_type: &str) -> bool {
    media_type.starts_with("text/") || matches!(media_type, "application/json" | "application/xml")
}

fn media(source: &Media) -> Value {
    match source {
        Media::Inline { media_type, data } => {
            json!({"type": "base64", "media_type": media_type, "data": data})
        }
        Media::Url(url) => json!({"type": "url", "url": url}),
    }
}

/// A call's id in the letters that Anthropic allows.
fn call_id(id: &str) -> String {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    id.chars()
        .map(|letter| if allowed(letter) { letter } else { '_' })
        .collect()
}
