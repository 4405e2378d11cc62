//! What chat completions and responses say in the same words.

use gateway_domain::money::Tokens;
use serde_json::{Value, json};

use super::fields::Fields;
use crate::ir::{
    Content, Declared, Form, Format, Media, Part, Reasoning, Tool, ToolChoice, Unsupported,
};

/// Nothing is kept here that could be referred to later.
const NOT_KEPT: &str = "files are not kept here: send the content itself";

/// `data:` addresses become their content; others are left for the provider to fetch.
pub(super) fn media(path: &str, url: String) -> Result<Media, Unsupported> {
    if !url
        .get(..5)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"))
    {
        return Ok(Media::Url(url));
    }
    let malformed = || Unsupported::new(path, "expected data:<media type>;base64,<data>");
    let (head, data) = url[5..].split_once(',').ok_or_else(malformed)?;
    let media_type = head.strip_suffix(";base64").ok_or_else(malformed)?;
    // Parameters such as `;name=x.pdf` say nothing that providers want.
    let media_type = media_type.split(';').next().unwrap_or_default();
    if media_type.is_empty() {
        return Err(malformed());
    }
    Ok(Media::Inline {
        media_type: media_type.to_ascii_lowercase(),
        data: data.to_owned(),
    })
}

/// An image's address and `detail`.
pub(super) fn image(fields: &mut Fields, name: &str) -> Result<Content, Unsupported> {
    if fields.has("file_id") {
        return Err(fields.refuse("file_id", NOT_KEPT));
    }
    let url = fields.required_text(name)?;
    Ok(Content::Image {
        source: media(&fields.path(name), url)?,
        detail: fields.text("detail")?,
    })
}

/// A document in the request or at an address.
pub(super) fn file(fields: &mut Fields) -> Result<Content, Unsupported> {
    if fields.has("file_id") {
        return Err(fields.refuse("file_id", NOT_KEPT));
    }
    let name = fields.text("filename")?;
    let source = match (fields.text("file_data")?, fields.text("file_url")?) {
        (Some(data), None) => media(&fields.path("file_data"), data)?,
        (None, Some(url)) => media(&fields.path("file_url"), url)?,
        (None, None) => return Err(fields.refuse("file_data", "missing")),
        (Some(_), Some(_)) => return Err(fields.refuse("file_url", "give file_data or file_url")),
    };
    Ok(Content::File { source, name })
}

/// A recording.
pub(super) fn audio(fields: &mut Fields) -> Result<Content, Unsupported> {
    let Some(mut audio) = fields.object("input_audio")? else {
        return Err(fields.refuse("input_audio", "missing"));
    };
    let content = Content::Audio {
        data: audio.required_text("data")?,
        format: audio.required_text("format")?,
    };
    audio.finish()?;
    Ok(content)
}

/// A prompt-cache mark as several gateways take it in `OpenAI`'s protocols: `{"type": "ephemeral", "ttl": "1h"}`.
pub(super) fn cache_mark(fields: &mut Fields) -> Result<Option<String>, Unsupported> {
    let Some(mut mark) = fields.object("cache_control")? else {
        return Ok(None);
    };
    mark.only("type", |kind| kind == "ephemeral", "expected ephemeral")?;
    let ttl = mark.text("ttl")?.unwrap_or_else(|| "5m".to_owned());
    mark.finish()?;
    Ok(Some(ttl))
}

/// How much to think: `reasoning_effort`, `reasoning.effort`.
pub(super) fn effort(word: String) -> Reasoning {
    if word == "none" {
        Reasoning::Off
    } else {
        Reasoning::Effort(word)
    }
}

/// A function: its fields stand side by side in responses, within `function` in chat completions.
pub(super) fn function(fields: &mut Fields) -> Result<Tool, Unsupported> {
    let parameters = match fields.take("parameters") {
        None => None,
        Some(schema @ Value::Object(_)) => Some(schema),
        Some(_) => return Err(fields.refuse("parameters", "expected an object")),
    };
    Ok(Tool {
        name: fields.required_text("name")?,
        description: fields.text("description")?,
        parameters,
        strict: fields.boolean("strict")?,
        cache: None,
        declared: Declared::default(),
    })
}

/// A tool that takes free text, said as a function with one text argument; a grammar becomes part of the description.
pub(super) fn custom_tool(fields: &mut Fields) -> Result<Tool, Unsupported> {
    let name = fields.required_text("name")?;
    let mut description = fields.text("description")?.unwrap_or_default();
    let mut say = |sentence: &str| {
        if !description.is_empty() {
            description.push_str("\n\n");
        }
        description.push_str(sentence);
    };
    say("Give the whole text of the call, as it is, as the argument `input`.");
    if let Some(mut format) = fields.object("format")? {
        let kind = format.text("type")?.unwrap_or_else(|| "text".to_owned());
        if kind == "grammar" {
            // Chat completions put the two a level deeper.
            let mut grammar = format.object("grammar")?;
            let grammar = grammar.as_mut().unwrap_or(&mut format);
            let syntax = grammar.required_text("syntax")?;
            let definition = grammar.required_text("definition")?;
            say(&format!(
                "The text follows this {syntax} grammar:\n{definition}"
            ));
        } else if kind != "text" {
            return Err(format.refuse("type", "expected text or grammar"));
        }
        format.finish()?;
    }
    Ok(Tool {
        name,
        description: Some(description),
        parameters: Some(json!({
            "type": "object",
            "properties": {"input": {"type": "string", "description": "The whole text of the call."}},
            "required": ["input"],
            "additionalProperties": false,
        })),
        strict: None,
        cache: None,
        declared: Declared {
            form: Form::Custom,
            namespace: None,
        },
    })
}

/// The arguments of a function that stands for a free-text tool.
pub(super) fn custom_arguments(input: &str) -> String {
    json!({ "input": input }).to_string()
}

/// `auto`, `none`, `required`.
pub(super) fn tool_choice_word(path: &str, word: &str) -> Result<ToolChoice, Unsupported> {
    match word {
        "auto" => Ok(ToolChoice::Auto),
        "none" => Ok(ToolChoice::None),
        "required" => Ok(ToolChoice::Required),
        _ => Err(Unsupported::new(
            path,
            "expected auto, none, required or a tool",
        )),
    }
}

/// A JSON schema for the answer; its fields stand side by side in responses, within `json_schema` in chat completions.
pub(super) fn json_schema(fields: &mut Fields) -> Result<Format, Unsupported> {
    Ok(Format::JsonSchema {
        name: fields.required_text("name")?,
        description: fields.text("description")?,
        schema: match fields.take("schema") {
            Some(schema @ Value::Object(_)) => schema,
            None => json!({}),
            Some(_) => return Err(fields.refuse("schema", "expected an object")),
        },
        strict: fields.boolean("strict")?,
    })
}

/// A schema for the answer, said again.
pub(super) fn json_schema_again(format: &Format) -> Value {
    let Format::JsonSchema {
        name,
        description,
        schema,
        strict,
    } = format
    else {
        return Value::Null;
    };
    let mut said = json!({"name": name, "schema": schema});
    if let Some(description) = description {
        said["description"] = json!(description);
    }
    if let Some(strict) = strict {
        said["strict"] = json!(strict);
    }
    said
}

/// Texts only, as instructions are.
pub(super) fn only_texts(path: &str, parts: Vec<Part>) -> Result<Vec<Part>, Unsupported> {
    match parts
        .iter()
        .position(|part| !matches!(part.content, Content::Text(_)))
    {
        None => Ok(parts),
        Some(index) => Err(Unsupported::new(
            format!("{path}[{index}].type"),
            "instructions may hold text only",
        )),
    }
}

/// As what the caller declared the tool that a call names.
pub(super) fn declared(tools: &[Tool], name: &str) -> Declared {
    let tool = tools.iter().find(|tool| tool.name == name);
    tool.map(|tool| tool.declared.clone()).unwrap_or_default()
}

/// Everything that the model read, as `OpenAI` counts: with what came from a cache or went into one.
pub(super) fn input_tokens(tokens: &Tokens) -> u64 {
    let cached = tokens.cache_read.saturating_add(tokens.cache_write);
    tokens.input.saturating_add(cached)
}
