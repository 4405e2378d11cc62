//! The messages of a chat completions request.

use serde_json::Value;

use super::super::{
    fields::{Fields, numbered},
    openai,
};
use crate::ir::{Content, Part, Request, Role, Turn, Unsupported};

/// Reads the next message. Instructions join those before the conversation, wherever they stand: most providers know no
/// other place for them.
pub(super) fn read(mut message: Fields, request: &mut Request) -> Result<(), Unsupported> {
    let role = message.required_text("role")?;
    let cache = openai::cache_mark(&mut message)?;
    let (role, mut parts) = match role.as_str() {
        "system" | "developer" => {
            let path = message.path("content");
            let texts = openai::only_texts(&path, required_content(&mut message)?)?;
            finish(message)?;
            request.system.extend(marked(texts, cache));
            return Ok(());
        }
        "user" => (Role::User, required_content(&mut message)?),
        "assistant" => (Role::Assistant, assistant(&mut message)?),
        "tool" => (Role::User, vec![tool_result(&mut message)?]),
        "function" => return Err(message.refuse("role", "use tool messages")),
        _ => {
            let known = "expected system, developer, user, assistant or tool";
            return Err(message.refuse("role", known));
        }
    };
    finish(message)?;
    parts = marked(parts, cache);
    request.turns.push(Turn { role, parts });
    Ok(())
}

fn finish(mut message: Fields) -> Result<(), Unsupported> {
    if message.has("name") {
        return Err(message.refuse("name", "the model's provider has no place for names"));
    }
    message.ignore(&["name"]);
    message.finish()
}

/// A mark on a message stands for one on its last part.
fn marked(mut parts: Vec<Part>, cache: Option<String>) -> Vec<Part> {
    if let Some((cache, part)) = cache.zip(parts.last_mut()) {
        part.cache = Some(cache);
    }
    parts
}

fn required_content(message: &mut Fields) -> Result<Vec<Part>, Unsupported> {
    if !message.has("content") {
        return Err(message.refuse("content", "missing"));
    }
    content(message)
}

/// A text, or a list of parts.
fn content(message: &mut Fields) -> Result<Vec<Part>, Unsupported> {
    let path = message.path("content");
    match message.take("content") {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![Part::text(text)]),
        Some(Value::Array(values)) => numbered(&path, values)
            .into_iter()
            .map(|(path, value)| part(Fields::of(value, path)?))
            .collect(),
        Some(_) => Err(Unsupported::new(
            path,
            "expected a string or a list of parts",
        )),
    }
}

fn part(mut fields: Fields) -> Result<Part, Unsupported> {
    let cache = openai::cache_mark(&mut fields)?;
    let content = match fields.required_text("type")?.as_str() {
        "text" => Content::Text(fields.required_text("text")?),
        "refusal" => Content::Refusal(fields.required_text("refusal")?),
        "image_url" => {
            let Some(mut image) = fields.object("image_url")? else {
                return Err(fields.refuse("image_url", "missing"));
            };
            let content = openai::image(&mut image, "url")?;
            image.finish()?;
            content
        }
        "file" => {
            let Some(mut file) = fields.object("file")? else {
                return Err(fields.refuse("file", "missing"));
            };
            let content = openai::file(&mut file)?;
            file.finish()?;
            content
        }
        "input_audio" => openai::audio(&mut fields)?,
        _ => {
            let known = "expected text, image_url, input_audio, file or refusal";
            return Err(fields.refuse("type", known));
        }
    };
    fields.finish()?;
    Ok(Part { content, cache })
}

/// What the model said: its thoughts first, then its words, then its calls.
fn assistant(message: &mut Fields) -> Result<Vec<Part>, Unsupported> {
    let mut parts = Vec::new();
    let thoughts = message.text("reasoning_content")?;
    let thoughts = thoughts.or(message.text("reasoning")?);
    if let Some(text) = thoughts.filter(|text| !text.is_empty()) {
        let signature = None;
        parts.push(Part::new(Content::Reasoning { text, signature }));
    }
    let said = content(message)?;
    let empty = |part: &Part| matches!(&part.content, Content::Text(text) if text.is_empty());
    parts.extend(said.into_iter().filter(|part| !empty(part)));
    if let Some(refusal) = message.text("refusal")? {
        parts.push(Part::new(Content::Refusal(refusal)));
    }
    for call in message.objects("tool_calls")? {
        parts.push(tool_call(call)?);
    }
    for (name, instead) in [
        ("function_call", "use tool_calls"),
        ("audio", "recordings are not kept here"),
    ] {
        message.only(name, |_| false, instead)?;
    }
    // Sources of an earlier answer: no provider reads them again.
    message.ignore(&["annotations"]);
    Ok(parts)
}

fn tool_call(mut call: Fields) -> Result<Part, Unsupported> {
    let kind = call.text("type")?.unwrap_or_else(|| "function".to_owned());
    if kind != "function" && kind != "custom" {
        return Err(call.refuse("type", "expected function or custom"));
    }
    let id = call.required_text("id")?;
    let Some(mut tool) = call.object(&kind)? else {
        return Err(call.refuse(&kind, "missing"));
    };
    let name = tool.required_text("name")?;
    let arguments = if kind == "custom" {
        openai::custom_arguments(&tool.required_text("input")?)
    } else {
        tool.text("arguments")?.unwrap_or_default()
    };
    tool.finish()?;
    let signature = signature(&mut call)?;
    call.ignore(&["index"]);
    call.finish()?;
    Ok(Part::new(Content::ToolCall {
        id,
        name,
        arguments,
        signature,
    }))
}

/// Gemini's mark, where Google's own chat completions put it: `extra_content.google.thought_signature`.
fn signature(call: &mut Fields) -> Result<Option<String>, Unsupported> {
    let Some(mut extra) = call.object("extra_content")? else {
        return Ok(None);
    };
    let signature = match extra.object("google")? {
        None => None,
        Some(mut google) => {
            let signature = google.text("thought_signature")?;
            google.finish()?;
            signature
        }
    };
    extra.finish()?;
    Ok(signature)
}

fn tool_result(message: &mut Fields) -> Result<Part, Unsupported> {
    Ok(Part::new(Content::ToolResult {
        id: message.required_text("tool_call_id")?,
        name: message.text("name")?,
        content: required_content(message)?,
        is_error: false,
    }))
}
