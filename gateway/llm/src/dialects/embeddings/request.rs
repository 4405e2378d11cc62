//! What the caller asked for, and how each provider is asked for it.

use serde_json::{Map, Value, json};

use super::EmbeddingsDialect;
use crate::ir::Unsupported;

/// What a caller asked for.
#[derive(Debug)]
pub(super) struct Asked {
    texts: Vec<String>,
    dimensions: Option<u64>,
    input_type: Option<String>,
}

/// The body of a call, from the caller's own.
pub fn write(dialect: EmbeddingsDialect, body: &[u8], model: &str) -> Result<Vec<u8>, Unsupported> {
    let asked = Asked::read(body)?;
    if asked.input_type.is_some() && dialect != EmbeddingsDialect::Cohere {
        return Err(Unsupported::new(
            "input_type",
            "only Cohere's models take an input_type",
        ));
    }
    let body = match dialect {
        EmbeddingsDialect::Gemini => gemini(&asked, model),
        EmbeddingsDialect::VertexPredict => vertex(&asked),
        EmbeddingsDialect::Titan => titan(&asked)?,
        EmbeddingsDialect::Cohere => cohere(&asked, model)?,
    };
    Ok(body.to_string().into_bytes())
}

/// Whether the caller wants its numbers as base64.
pub(super) fn wants_base64(body: &[u8]) -> bool {
    serde_json::from_slice::<Value>(body).is_ok_and(|body| body["encoding_format"] == "base64")
}

impl Asked {
    fn read(body: &[u8]) -> Result<Self, Unsupported> {
        let body: Map<String, Value> = serde_json::from_slice(body)
            .map_err(|_| Unsupported::new("body", "the body is not a JSON object"))?;
        let mut asked = Self {
            texts: Vec::new(),
            dimensions: None,
            input_type: None,
        };
        for (field, value) in &body {
            match field.as_str() {
                // A user is named for the provider's own abuse detection, which these do not offer.
                "model" | "user" => {}
                "input" => asked.texts = texts(value)?,
                "encoding_format" if value.is_null() || value == "float" || value == "base64" => {}
                "dimensions" if value.is_null() => {}
                "dimensions" => {
                    let number = value
                        .as_u64()
                        .ok_or_else(|| Unsupported::new("dimensions", "expected a whole number"))?;
                    asked.dimensions = Some(number);
                }
                "input_type" if value.is_string() => {
                    asked.input_type = value.as_str().map(ToOwned::to_owned);
                }
                _ => {
                    return Err(Unsupported::new(
                        field,
                        "this model's provider takes no such field",
                    ));
                }
            }
        }
        if asked.texts.is_empty() {
            return Err(Unsupported::new("input", "there is nothing to embed"));
        }
        Ok(asked)
    }
}

fn texts(input: &Value) -> Result<Vec<String>, Unsupported> {
    match input {
        Value::String(text) => Ok(vec![text.clone()]),
        Value::Array(all) => all
            .iter()
            .map(|one| one.as_str().map(ToOwned::to_owned))
            .collect::<Option<_>>()
            .ok_or_else(|| {
                Unsupported::new(
                    "input",
                    "this model's provider takes text: tokens of OpenAI's models mean nothing to it",
                )
            }),
        _ => Err(Unsupported::new(
            "input",
            "expected a string or a list of strings",
        )),
    }
}

fn gemini(asked: &Asked, model: &str) -> Value {
    let requests: Vec<Value> = asked
        .texts
        .iter()
        .map(|text| {
            let mut request = json!({
                "model": format!("models/{model}"),
                "content": { "parts": [{ "text": text }] },
            });
            if let Some(dimensions) = asked.dimensions {
                request["outputDimensionality"] = json!(dimensions);
            }
            request
        })
        .collect();
    json!({ "requests": requests })
}

/// A text that is too long is refused rather than cut: that is what OpenAI's callers count on.
fn vertex(asked: &Asked) -> Value {
    let instances: Vec<Value> = asked
        .texts
        .iter()
        .map(|text| json!({ "content": text }))
        .collect();
    let mut parameters = json!({ "autoTruncate": false });
    if let Some(dimensions) = asked.dimensions {
        parameters["outputDimensionality"] = json!(dimensions);
    }
    json!({ "instances": instances, "parameters": parameters })
}

fn titan(asked: &Asked) -> Result<Value, Unsupported> {
    let [text] = asked.texts.as_slice() else {
        return Err(Unsupported::new(
            "input",
            "Amazon's Titan embeds one text a call: send the texts one by one",
        ));
    };
    let mut body = json!({ "inputText": text });
    if let Some(dimensions) = asked.dimensions {
        body["dimensions"] = json!(dimensions);
    }
    Ok(body)
}

fn cohere(asked: &Asked, model: &str) -> Result<Value, Unsupported> {
    let input_type = asked.input_type.as_deref().unwrap_or("search_document");
    let mut body = json!({
        "texts": asked.texts,
        "input_type": input_type,
        "truncate": "NONE",
        "embedding_types": ["float"],
    });
    if let Some(dimensions) = asked.dimensions {
        if model.contains("-v3") {
            return Err(Unsupported::new(
                "dimensions",
                "the dimensions of Cohere's embed v3 are fixed",
            ));
        }
        body["output_dimension"] = json!(dimensions);
    }
    Ok(body)
}
