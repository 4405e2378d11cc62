//! The model's name in a body, changed without touching another byte.
//!
//! A body is scanned once and nothing of it is built: what the gateway decides by (model, stream) is read, the rest is
//! only measured. A key that decides must not stand twice: the gateway and the upstream could each believe another one,
//! and the call would be routed and billed as what it is not.

use std::{borrow::Cow, ops::Range};

use bytes::Bytes;
use gateway_domain::ledger::Surface;
use http::HeaderMap;
use serde_json::value::RawValue;

use crate::ir::Unsupported;

mod scan;
#[cfg(test)]
mod tests;

use scan::{Member, members};

/// What Vertex AI wants to be told in a body for Claude.
const VERTEX_VERSION: &str = "vertex-2023-10-16";
/// What Bedrock wants to be told in a body for Claude.
const BEDROCK_VERSION: &str = "bedrock-2023-05-31";

/// What the gateway must know of a body before it decides anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peek {
    /// The model asked for.
    pub model: String,
    /// Whether a stream is asked for.
    pub stream: bool,
    /// Whether a chat caller asks for the usage at the stream's end.
    pub include_usage: bool,
    /// The most tokens that the answer may have, if the caller says.
    pub max_output: Option<u64>,
    model_span: Range<usize>,
    options: Options,
}

/// Where a chat body says `stream_options`, and what must be put where for the usage to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Options {
    /// Nowhere.
    #[default]
    Absent,
    /// `include_usage` is true.
    Asked,
    /// These bytes become those.
    Put(Range<usize>, &'static str),
}

/// How a body of the caller's own protocol must look for its upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NativeForm {
    /// As it came, with the model's name replaced. Chat streams ask for the usage also when the caller did not.
    AsIs,
    /// Claude on Vertex AI: the model stands in the address, `anthropic_version` in the body.
    VertexClaude,
    /// Claude on Bedrock: model and stream stand in the address, `anthropic_version` and `anthropic_beta` in the body.
    BedrockClaude,
}

/// Reads what decides of a body. Refuses what is not a JSON object, has no model, or says `model` or `stream` twice.
pub fn peek(surface: Surface, body: &[u8]) -> Result<Peek, Unsupported> {
    let mut model: Option<(String, Range<usize>)> = None;
    let mut stream: Option<Option<bool>> = None;
    let mut options: Option<Options> = None;
    let mut max_output = None;
    members(body, |member| {
        match member.key {
            "model" => once(&mut model, "model", || {
                let name = text(member.value).ok_or_else(|| wrong("model", "must be a string"))?;
                Ok((name, member.value_span.clone()))
            })?,
            "stream" => once(&mut stream, "stream", || flag("stream", member.value))?,
            "stream_options" if surface == Surface::Chat => {
                once(&mut options, "stream_options", || {
                    stream_options(body, &member)
                })?;
            }
            key if output_limit(surface, key) => {
                max_output = serde_json::from_str(member.value.get()).ok().or(max_output);
            }
            _ => {}
        }
        Ok(())
    })?;
    let (model, model_span) = model.ok_or_else(|| wrong("model", "is missing"))?;
    if model.is_empty() {
        return Err(wrong("model", "is empty"));
    }
    let options = options.unwrap_or_default();
    Ok(Peek {
        model,
        stream: stream.flatten().unwrap_or(false),
        include_usage: options == Options::Asked,
        max_output,
        model_span,
        options,
    })
}

/// The body for an upstream of the caller's own protocol. `peek` must be of this body. Where nothing changes, the body
/// itself comes back.
pub fn native(
    surface: Surface,
    body: &Bytes,
    peek: &Peek,
    form: NativeForm,
    upstream_model: &str,
    caller_headers: &HeaderMap,
) -> Result<Bytes, Unsupported> {
    match form {
        NativeForm::AsIs => Ok(as_is(surface, body, peek, upstream_model)),
        // Counting on Vertex goes to one address for all models, so the body names the model.
        NativeForm::VertexClaude if surface == Surface::CountTokens => {
            claude(body, VERTEX_VERSION, Some(upstream_model), &[], &[])
        }
        NativeForm::VertexClaude => claude(body, VERTEX_VERSION, None, &[], &["model"]),
        NativeForm::BedrockClaude => {
            let betas = betas(caller_headers);
            claude(body, BEDROCK_VERSION, None, &betas, &["model", "stream"])
        }
    }
}

fn as_is(surface: Surface, body: &Bytes, peek: &Peek, upstream_model: &str) -> Bytes {
    let mut edits: Vec<(Range<usize>, Cow<'_, str>)> = Vec::new();
    if peek.model != upstream_model {
        edits.push((peek.model_span.clone(), json_string(upstream_model).into()));
    }
    if surface == Surface::Chat && peek.stream {
        match &peek.options {
            Options::Asked => {}
            Options::Put(span, bytes) => edits.push((span.clone(), (*bytes).into())),
            Options::Absent => {
                let end = body
                    .iter()
                    .rposition(|byte| *byte == b'}')
                    .unwrap_or(body.len());
                edits.push((
                    end..end,
                    r#","stream_options":{"include_usage":true}"#.into(),
                ));
            }
        }
    }
    if edits.is_empty() {
        return body.clone();
    }
    edits.sort_by_key(|(span, _)| span.start);
    let added: usize = edits.iter().map(|(_, bytes)| bytes.len()).sum();
    let mut out = Vec::with_capacity(body.len() + added);
    let mut copied = 0;
    for (span, bytes) in edits {
        out.extend_from_slice(&body[copied..span.start]);
        out.extend_from_slice(bytes.as_bytes());
        copied = span.end;
    }
    out.extend_from_slice(&body[copied..]);
    out.into()
}

/// A body for Claude in another's house: every member that stays keeps its bytes.
fn claude(
    body: &Bytes,
    version: &str,
    model: Option<&str>,
    betas: &[String],
    left_out: &[&str],
) -> Result<Bytes, Unsupported> {
    let mut betas = betas.to_vec();
    let mut has_version = false;
    let mut out = Vec::with_capacity(body.len() + 128);
    let mut put = |bytes: &[u8]| {
        out.push(if out.is_empty() { b'{' } else { b',' });
        out.extend_from_slice(bytes);
    };
    members(body, |member| {
        match member.key {
            key if left_out.contains(&key) => {}
            "model" if model.is_some() => {
                put(format!(r#""model":{}"#, json_string(model.unwrap_or_default())).as_bytes());
            }
            "anthropic_beta" if version == BEDROCK_VERSION => {
                let given: Vec<String> = serde_json::from_str(member.value.get())
                    .map_err(|_| wrong("anthropic_beta", "must be an array of strings"))?;
                betas.extend(given);
            }
            key => {
                has_version |= key == "anthropic_version";
                put(&body[member.span.clone()]);
            }
        }
        Ok(())
    })?;
    if !has_version {
        put(format!(r#""anthropic_version":"{version}""#).as_bytes());
    }
    let mut seen = std::collections::HashSet::new();
    betas.retain(|beta| seen.insert(beta.clone()));
    if !betas.is_empty() {
        let quoted: Vec<String> = betas.iter().map(|beta| json_string(beta)).collect();
        put(format!(r#""anthropic_beta":[{}]"#, quoted.join(",")).as_bytes());
    }
    out.push(b'}');
    Ok(out.into())
}

fn betas(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all("anthropic-beta").iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(|beta| beta.trim().to_owned())
        .filter(|beta| !beta.is_empty())
        .collect()
}

fn output_limit(surface: Surface, key: &str) -> bool {
    match surface {
        Surface::Chat => matches!(key, "max_tokens" | "max_completion_tokens"),
        Surface::Responses => key == "max_output_tokens",
        Surface::Messages => key == "max_tokens",
        Surface::CountTokens | Surface::Embeddings => false,
    }
}

/// What to change in a given `stream_options` so that the usage is sent.
fn stream_options(body: &[u8], options: &Member<'_>) -> Result<Options, Unsupported> {
    const FIELD: &str = "stream_options";
    if options.value.get() == "null" {
        return Ok(Options::Put(
            options.value_span.clone(),
            r#"{"include_usage":true}"#,
        ));
    }
    if !options.value.get().starts_with('{') {
        return Err(wrong(FIELD, "must be an object"));
    }
    let start = options.value_span.start;
    let mut include: Option<Options> = None;
    let mut is_empty = true;
    members(&body[options.value_span.clone()], |member| {
        is_empty = false;
        if member.key == "include_usage" {
            once(&mut include, "stream_options.include_usage", || {
                let span = start + member.value_span.start..start + member.value_span.end;
                Ok(match flag("stream_options.include_usage", member.value)? {
                    Some(true) => Options::Asked,
                    Some(false) | None => Options::Put(span, "true"),
                })
            })?;
        }
        Ok(())
    })?;
    let inside = start + 1..start + 1;
    Ok(include.unwrap_or(if is_empty {
        Options::Put(inside, r#""include_usage":true"#)
    } else {
        Options::Put(inside, r#""include_usage":true,"#)
    }))
}

fn once<T>(
    slot: &mut Option<T>,
    field: &str,
    read: impl FnOnce() -> Result<T, Unsupported>,
) -> Result<(), Unsupported> {
    if slot.is_some() {
        return Err(wrong(field, "is given twice"));
    }
    *slot = Some(read()?);
    Ok(())
}

fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

fn flag(field: &str, value: &RawValue) -> Result<Option<bool>, Unsupported> {
    match value.get() {
        "true" => Ok(Some(true)),
        "false" => Ok(Some(false)),
        "null" => Ok(None),
        _ => Err(wrong(field, "must be true or false")),
    }
}

fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn wrong(field: &str, reason: &str) -> Unsupported {
    Unsupported::new(field, reason)
}
