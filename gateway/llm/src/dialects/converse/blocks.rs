//! Pieces of content in Converse's words.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::extras::Maker;
use crate::{
    dialects::{gemini, turns},
    ir::{Content, Media, Part, Role, Unsupported},
};

/// The documents' names so far: Converse wants each its own, of few kinds of letters.
#[derive(Default)]
pub(super) struct Names(HashSet<String>);

impl Names {
    fn take(&mut self, wanted: Option<&str>) -> String {
        let mut name: String = wanted
            .unwrap_or("document")
            .chars()
            .map(|it| match it {
                'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '(' | ')' | '[' | ']' => it,
                _ => ' ',
            })
            .take(180)
            .collect();
        name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        if name.is_empty() {
            "document".clone_into(&mut name);
        }
        let plain = name.clone();
        let mut number = 1;
        while !self.0.insert(name.clone()) {
            number += 1;
            name = format!("{plain} {number}");
        }
        name
    }
}

/// A part as a block. None for thoughts that the model did not sign: it would refuse them.
pub(super) fn write(
    part: &Part,
    role: Role,
    maker: Maker,
    names: &mut Names,
) -> Result<Option<Value>, Unsupported> {
    Ok(Some(match (&part.content, role) {
        (
            Content::ToolCall {
                id,
                name,
                arguments,
                ..
            },
            Role::Assistant,
        ) => json!({ "toolUse": {
            "toolUseId": id,
            "name": name,
            "input": turns::arguments(id, arguments)?,
        } }),
        (Content::Reasoning { text, signature }, Role::Assistant) => {
            let signature = signature
                .as_deref()
                .filter(|it| maker == Maker::Anthropic && !it.starts_with(gemini::SIGNATURE_MARK));
            let Some(signature) = signature else {
                return Ok(None);
            };
            json!({ "reasoningContent": { "reasoningText": { "text": text, "signature": signature } } })
        }
        (Content::SealedReasoning(sealed), Role::Assistant) => {
            if maker != Maker::Anthropic {
                return Ok(None);
            }
            json!({ "reasoningContent": { "redactedContent": sealed } })
        }
        (
            Content::ToolResult {
                id,
                content,
                is_error,
                ..
            },
            Role::User,
        ) => result(id, content, *is_error, names)?,
        (
            Content::ToolCall { .. }
            | Content::ToolResult { .. }
            | Content::Reasoning { .. }
            | Content::SealedReasoning(_),
            _,
        ) => {
            return Err(Unsupported::new(
                "messages",
                "tool calls and thoughts belong to the model, tool results to the caller",
            ));
        }
        (content, _) => plain(content, names)?,
    }))
}

fn result(
    id: &str,
    content: &[Part],
    is_error: bool,
    names: &mut Names,
) -> Result<Value, Unsupported> {
    let mut blocks = Vec::new();
    for part in content {
        match &part.content {
            text if turns::is_blank(text) => {}
            Content::Text(_)
            | Content::Refusal(_)
            | Content::Image { .. }
            | Content::File { .. } => {
                blocks.push(plain(&part.content, names)?);
            }
            _ => {
                return Err(Unsupported::new(
                    format!("tool_results[{id}]"),
                    "Bedrock's Converse takes text, images and documents as results of tools",
                ));
            }
        }
    }
    let mut result = json!({ "toolUseId": id, "content": blocks });
    if is_error {
        result["status"] = json!("error");
    }
    Ok(json!({ "toolResult": result }))
}

/// A block that either side, and a tool, may say.
fn plain(content: &Content, names: &mut Names) -> Result<Value, Unsupported> {
    Ok(match content {
        Content::Text(text) | Content::Refusal(text) => json!({ "text": text }),
        Content::Image { source, .. } => {
            let (format, source) = image(source)?;
            json!({ "image": { "format": format, "source": source } })
        }
        Content::File { source, name } => {
            let (format, source) = document(source)?;
            // The name goes to the model; its ending says nothing that the format does not.
            let stem = name
                .as_deref()
                .map(|it| it.rsplit_once('.').map_or(it, |(stem, _)| stem));
            json!({ "document": { "format": format, "name": names.take(stem), "source": source } })
        }
        Content::Audio { data, format } => {
            json!({ "audio": { "format": format, "source": { "bytes": data } } })
        }
        _ => {
            return Err(Unsupported::new(
                "messages",
                "Bedrock's Converse has no such content",
            ));
        }
    })
}

fn image(source: &Media) -> Result<(&'static str, Value), Unsupported> {
    let (media_type, source) = place(source, "image_url")?;
    let format = match media_type.as_str() {
        "image/png" | "png" => "png",
        "image/jpeg" | "image/jpg" | "jpeg" | "jpg" => "jpeg",
        "image/gif" | "gif" => "gif",
        "image/webp" | "webp" => "webp",
        _ => {
            return Err(Unsupported::new(
                "image_url",
                "Bedrock's Converse takes images as PNG, JPEG, GIF and WebP",
            ));
        }
    };
    Ok((format, source))
}

fn document(source: &Media) -> Result<(&'static str, Value), Unsupported> {
    const WORD: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    const SHEET: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    let (media_type, source) = place(source, "file")?;
    let format = match media_type.as_str() {
        "application/pdf" | "pdf" => "pdf",
        "text/plain" | "txt" => "txt",
        "text/markdown" | "md" => "md",
        "text/html" | "html" => "html",
        "text/csv" | "csv" => "csv",
        "application/msword" | "doc" => "doc",
        WORD | "docx" => "docx",
        "application/vnd.ms-excel" | "xls" => "xls",
        SHEET | "xlsx" => "xlsx",
        _ => {
            return Err(Unsupported::new(
                "file",
                "Bedrock's Converse takes documents as PDF, text, Markdown, HTML, CSV, Word and Excel",
            ));
        }
    };
    Ok((format, source))
}

/// The media type, or the ending of the address, and where the content is.
fn place(source: &Media, field: &str) -> Result<(String, Value), Unsupported> {
    match source {
        Media::Inline { media_type, data } => {
            let essence = media_type.split(';').next().unwrap_or_default();
            Ok((
                essence.trim().to_ascii_lowercase(),
                json!({ "bytes": data }),
            ))
        }
        Media::Url(address) if address.starts_with("s3://") => {
            let ending = address.rsplit('.').next().unwrap_or_default();
            Ok((
                ending.to_ascii_lowercase(),
                json!({ "s3Location": { "uri": address } }),
            ))
        }
        Media::Url(_) => Err(Unsupported::new(
            field,
            "Bedrock's Converse fetches from s3 addresses only: send the content as base64",
        )),
    }
}
