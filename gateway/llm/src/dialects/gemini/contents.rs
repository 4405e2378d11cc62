//! The conversation in Gemini's words.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::{SIGNATURE_MARK, is_older_than_3};
use crate::{
    dialects::{Target, turns},
    ir::{Content, Media, Part, Request, Role, Unsupported},
};

/// What Google names as the signature of calls whose own is not at hand: clients that speak other protocols do not keep
/// it, and Gemini 3 refuses calls without one.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

/// The `contents`.
pub(super) fn write(request: &Request, target: &Target<'_>) -> Result<Value, Unsupported> {
    let old = is_older_than_3(target.model);
    let mut contents = Vec::new();
    let mut calls: Vec<(&str, &str)> = Vec::new();
    for (role, parts) in turns::joined(&request.turns) {
        match role {
            Role::Assistant => {
                let said = model_parts(&parts, old, &mut calls)?;
                contents.extend(turn("model", said));
            }
            Role::User => {
                // Results must stand directly after the calls, in their order, and by themselves.
                contents.extend(turn("user", results(&parts, &calls, old)?));
                let said = parts
                    .iter()
                    .filter(|part| !matches!(part.content, Content::ToolResult { .. }))
                    .map(|part| plain(&part.content))
                    .filter_map(Result::transpose)
                    .collect::<Result<_, _>>()?;
                contents.extend(turn("user", said));
            }
        }
    }
    Ok(Value::Array(contents))
}

fn turn(role: &str, parts: Vec<Value>) -> Option<Value> {
    (!parts.is_empty()).then(|| json!({ "role": role, "parts": Value::Array(parts) }))
}

fn model_parts<'a>(
    parts: &[&'a Part],
    old: bool,
    calls: &mut Vec<(&'a str, &'a str)>,
) -> Result<Vec<Value>, Unsupported> {
    let mut said = Vec::new();
    let mut first_call = None;
    let mut signed = false;
    for part in parts {
        match &part.content {
            Content::ToolCall {
                id,
                name,
                arguments,
                signature,
            } => {
                calls.push((id, name));
                first_call.get_or_insert(said.len());
                let mut call = json!({ "functionCall": { "name": name, "args": turns::arguments(id, arguments)? } });
                signed |= sign(&mut call, signature.as_deref());
                said.push(call);
            }
            Content::Reasoning { text, signature } => {
                let mut thought = json!({ "text": text, "thought": true });
                let kept = sign(&mut thought, signature.as_deref());
                if kept || !text.is_empty() {
                    said.push(thought);
                }
            }
            other => said.extend(plain(other)?),
        }
    }
    if let Some(first) = first_call
        && !signed
        && !old
    {
        said[first]["thoughtSignature"] = json!(NO_SIGNATURE);
    }
    Ok(said)
}

/// Puts Gemini's own signature on a part; another provider's would be refused.
fn sign(part: &mut Value, signature: Option<&str>) -> bool {
    let own = signature.and_then(|it| it.strip_prefix(SIGNATURE_MARK));
    if let Some(own) = own {
        part["thoughtSignature"] = json!(own);
    }
    own.is_some()
}

/// The results of tools, in the order of their calls.
fn results(parts: &[&Part], calls: &[(&str, &str)], old: bool) -> Result<Vec<Value>, Unsupported> {
    let place: HashMap<&str, usize> = calls
        .iter()
        .enumerate()
        .map(|(place, (id, _))| (*id, place))
        .collect();
    let mut found = Vec::new();
    for part in parts {
        let Content::ToolResult {
            id,
            name,
            content,
            is_error,
        } = &part.content
        else {
            continue;
        };
        let place = place.get(id.as_str()).copied();
        let name = place.map(|at| calls[at].1).or(name.as_deref());
        let name = name.ok_or_else(|| {
            Unsupported::new(
                format!("tool_results[{id}]"),
                "Gemini wants the tool's name, and no earlier tool call has this id",
            )
        })?;
        found.push((
            place.unwrap_or(usize::MAX),
            result(name, content, *is_error, old)?,
        ));
    }
    found.sort_by_key(|(place, _)| *place);
    Ok(found.into_iter().flat_map(|(_, parts)| parts).collect())
}

/// One result. Images go into it with Gemini 3 and stand behind it with the older models, which know no other way.
fn result(
    name: &str,
    content: &[Part],
    is_error: bool,
    old: bool,
) -> Result<Vec<Value>, Unsupported> {
    let (text, rest) = turns::result_text(content);
    let key = if is_error { "error" } else { "output" };
    let mut result = json!({ "name": name, "response": { key: text } });
    let media: Vec<Value> = rest
        .iter()
        .filter_map(|part| plain(&part.content).transpose())
        .collect::<Result<_, _>>()?;
    let mut parts = Vec::new();
    if old || media.is_empty() {
        parts.push(json!({ "functionResponse": result }));
        parts.extend(media);
    } else {
        result["parts"] = Value::Array(media);
        parts.push(json!({ "functionResponse": result }));
    }
    Ok(parts)
}

/// A part that either side may say. None for what only another provider can read.
fn plain(content: &Content) -> Result<Option<Value>, Unsupported> {
    Ok(Some(match content {
        Content::Text(text) | Content::Refusal(text) => json!({ "text": text }),
        Content::Image { source, .. } => media(source, "image_url")?,
        Content::File { source, .. } => media(source, "file")?,
        Content::Audio { data, format } => {
            json!({ "inlineData": { "mimeType": format!("audio/{format}"), "data": data } })
        }
        Content::SealedReasoning(_) => return Ok(None),
        Content::Reasoning { .. } => {
            return Err(Unsupported::new("messages", "only the model can think"));
        }
        Content::ToolCall { .. } | Content::ToolResult { .. } => {
            return Err(Unsupported::new(
                "messages",
                "tool calls belong to the model, tool results to the caller",
            ));
        }
    }))
}

fn media(source: &Media, field: &str) -> Result<Value, Unsupported> {
    match source {
        Media::Inline { media_type, data } => {
            Ok(json!({ "inlineData": { "mimeType": media_type, "data": data } }))
        }
        Media::Url(address) => {
            let mut file = Map::new();
            if !(address.starts_with("https://") || address.starts_with("gs://")) {
                return Err(Unsupported::new(
                    field,
                    "Gemini fetches https and gs addresses only",
                ));
            }
            if let Some(media_type) = media_type_of(address) {
                file.insert("mimeType".into(), json!(media_type));
            } else if !address.starts_with("https://generativelanguage.googleapis.com/") {
                return Err(Unsupported::new(
                    field,
                    "Gemini wants the media type, and the end of the address does not tell it: send the content as base64",
                ));
            }
            file.insert("fileUri".into(), json!(address));
            Ok(json!({ "fileData": file }))
        }
    }
}

/// The media type that the end of an address's path tells.
fn media_type_of(address: &str) -> Option<&'static str> {
    let path = address.split(['?', '#']).next()?;
    let (_, ending) = path.rsplit('/').next()?.rsplit_once('.')?;
    Some(match ending.to_ascii_lowercase().as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "heic" => "image/heic",
        "heif" => "image/heif",
        "pdf" => "application/pdf",
        "txt" => "text/plain",
        "md" => "text/markdown",
        "csv" => "text/csv",
        "html" => "text/html",
        "mp3" => "audio/mp3",
        "wav" => "audio/wav",
        "mp4" => "video/mp4",
        _ => return None,
    })
}
