//! What a caller's turns are made of.

use std::collections::HashMap;

use serde_json::Value;

use super::CALL_MARK;
use crate::{
    callers::{fields::Fields, openai},
    ir::{Content, Media, Part, Role, Unsupported},
};

const NOT_KEPT: &str = "files are not kept here: send the content itself";
const NO_CITATIONS: &str = "this model's provider gives no citations";

/// What earlier blocks said of later ones.
#[derive(Default)]
pub(super) struct Conversation {
    /// The tools that were called, by the call's id.
    names: HashMap<String, String>,
    /// The providers' marks on calls, by the call's id.
    marks: HashMap<String, String>,
}

impl Conversation {
    /// The parts of a message.
    pub(super) fn parts(
        &mut self,
        message: &mut Fields,
        role: Role,
    ) -> Result<Vec<Part>, Unsupported> {
        let mut parts = Vec::new();
        for block in blocks(message, "content")? {
            parts.extend(self.block(block, role)?);
        }
        Ok(parts)
    }

    fn block(&mut self, mut block: Fields, role: Role) -> Result<Option<Part>, Unsupported> {
        let cache = cached(&mut block)?;
        let kind = block.required_text("type")?;
        let content = match (kind.as_str(), role) {
            ("text" | "image" | "document", Role::User) | ("text", Role::Assistant) => {
                plain(&kind, &mut block)?
            }
            ("tool_result", Role::User) => self.tool_result(&mut block)?,
            ("tool_use", Role::Assistant) => self.tool_use(&mut block)?,
            ("thinking", Role::Assistant) => Content::Reasoning {
                text: block.required_text("thinking")?,
                signature: block
                    .text("signature")?
                    .filter(|signature| !signature.is_empty()),
            },
            ("redacted_thinking", Role::Assistant) => {
                let sealed = block.required_text("data")?;
                let ours = sealed
                    .strip_prefix(CALL_MARK)
                    .and_then(|mark| mark.split_once('\n'));
                if let Some((id, mark)) = ours {
                    self.marks.insert(id.to_owned(), mark.to_owned());
                    block.finish()?;
                    return Ok(None);
                }
                Content::SealedReasoning(sealed)
            }
            _ => return Err(unknown(&block, &kind)),
        };
        block.finish()?;
        Ok(Some(Part { content, cache }))
    }

    fn tool_use(&mut self, block: &mut Fields) -> Result<Content, Unsupported> {
        let direct = |caller: &Value| caller["type"] == "direct";
        block.only("caller", direct, "only the model itself calls tools here")?;
        let id = block.required_text("id")?;
        let name = block.required_text("name")?;
        self.names.insert(id.clone(), name.clone());
        let arguments = match block.take("input") {
            None => String::new(),
            Some(input @ Value::Object(_)) => input.to_string(),
            Some(_) => return Err(block.refuse("input", "expected an object")),
        };
        let signature = self.marks.remove(&id);
        Ok(Content::ToolCall {
            id,
            name,
            arguments,
            signature,
        })
    }

    fn tool_result(&self, block: &mut Fields) -> Result<Content, Unsupported> {
        let id = block.required_text("tool_use_id")?;
        let mut content = Vec::new();
        for mut inner in blocks(block, "content")? {
            let cache = cached(&mut inner)?;
            let kind = inner.required_text("type")?;
            content.push(Part {
                content: plain(&kind, &mut inner)?,
                cache,
            });
            inner.finish()?;
        }
        Ok(Content::ToolResult {
            name: self.names.get(&id).cloned(),
            id,
            content,
            is_error: block.boolean("is_error")?.unwrap_or(false),
        })
    }
}

/// Text parts: a string, or blocks of text.
pub(super) fn texts(fields: &mut Fields, name: &str) -> Result<Vec<Part>, Unsupported> {
    let mut parts = Vec::new();
    for mut block in blocks(fields, name)? {
        let cache = cached(&mut block)?;
        let kind = block.required_text("type")?;
        if kind != "text" {
            return Err(block.refuse("type", "instructions may hold text only"));
        }
        parts.push(Part {
            content: plain(&kind, &mut block)?,
            cache,
        });
        block.finish()?;
    }
    Ok(parts)
}

/// A prompt-cache mark.
pub(super) fn cached(fields: &mut Fields) -> Result<Option<String>, Unsupported> {
    openai::cache_mark(fields)
}

/// The blocks of a field. A string is one block of text.
fn blocks(fields: &mut Fields, name: &str) -> Result<Vec<Fields>, Unsupported> {
    match fields.take(name) {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => {
            let block = serde_json::json!({"type": "text", "text": text});
            Ok(vec![Fields::of(block, fields.path(name))?])
        }
        Some(Value::Array(blocks)) => {
            let path = fields.path(name);
            let numbered = blocks.into_iter().enumerate();
            numbered
                .map(|(at, block)| Fields::of(block, format!("{path}[{at}]")))
                .collect()
        }
        Some(_) => Err(fields.refuse(name, "expected a string or a list of blocks")),
    }
}

/// What users and tools may say.
fn plain(kind: &str, block: &mut Fields) -> Result<Content, Unsupported> {
    match kind {
        "text" => {
            let none = |citations: &Value| citations.as_array().is_some_and(Vec::is_empty);
            block.only("citations", none, NO_CITATIONS)?;
            Ok(Content::Text(block.required_text("text")?))
        }
        "image" => {
            let mut source = source(block)?;
            let media = match source.required_text("type")?.as_str() {
                "base64" => inline(&mut source)?,
                "url" => Media::Url(source.required_text("url")?),
                "file" => return Err(source.refuse("file_id", NOT_KEPT)),
                _ => return Err(source.refuse("type", "expected base64 or url")),
            };
            source.finish()?;
            Ok(Content::Image {
                source: media,
                detail: None,
            })
        }
        "document" => document(block),
        _ => Err(unknown(block, kind)),
    }
}

fn document(block: &mut Fields) -> Result<Content, Unsupported> {
    if let Some(mut citations) = block.object("citations")? {
        citations.only("enabled", |enabled| enabled == false, NO_CITATIONS)?;
        citations.finish()?;
    }
    let title = block.text("title")?;
    let context = block.text("context")?;
    let mut source = source(block)?;
    let kind = source.required_text("type")?;
    if kind == "text" {
        source.ignore(&["media_type"]);
        let text = source.required_text("data")?;
        source.finish()?;
        let said: Vec<String> = [title, context, Some(text)].into_iter().flatten().collect();
        return Ok(Content::Text(said.join("\n\n")));
    }
    if context.is_some() {
        return Err(block.refuse("context", "write it as text beside the document"));
    }
    let media = match kind.as_str() {
        "base64" => inline(&mut source)?,
        "url" => Media::Url(source.required_text("url")?),
        "file" => return Err(source.refuse("file_id", NOT_KEPT)),
        _ => return Err(source.refuse("type", "expected base64, text or url")),
    };
    source.finish()?;
    Ok(Content::File {
        source: media,
        name: title,
    })
}

fn source(block: &mut Fields) -> Result<Fields, Unsupported> {
    block
        .object("source")?
        .ok_or_else(|| block.refuse("source", "missing"))
}

fn inline(source: &mut Fields) -> Result<Media, Unsupported> {
    Ok(Media::Inline {
        media_type: source.required_text("media_type")?,
        data: source.required_text("data")?,
    })
}

fn unknown(block: &Fields, kind: &str) -> Unsupported {
    block.refuse(
        "type",
        format!("no block of type {kind:?} can stand here for this model"),
    )
}
