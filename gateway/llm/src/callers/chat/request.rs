//! A chat completions request.

use super::{
    super::{fields::Fields, openai, responses},
    messages,
};
use crate::ir::{Format, Request, Tool, ToolChoice, Unsupported};

/// Labels, and switches of what is not done here in any case: nothing is stored, and prompt caches keep themselves.
const HARMLESS: [&str; 7] = [
    "model",
    "metadata",
    "store",
    "prompt_cache_key",
    "prompt_cache_retention",
    "prompt_cache_options",
    "safety_identifier",
];

/// Reads a request. Fields without a meaning for the answer (`metadata`, `store`, `prompt_cache_…`) are accepted and go no
/// further.
pub(crate) fn parse(body: &[u8]) -> Result<Request, Unsupported> {
    let mut fields = Fields::body(body)?;
    // Cursor sends the body of a response here, and reads chunks.
    if !fields.has("messages") && fields.has("input") {
        return responses::parse(body);
    }
    let mut request = Request {
        max_output_tokens: most(&mut fields)?,
        temperature: fields.float("temperature")?,
        top_p: fields.float("top_p")?,
        // Not OpenAI's, but a word that vLLM, OpenRouter and others take in this place.
        top_k: fields.unsigned("top_k")?,
        seed: fields.integer("seed")?,
        frequency_penalty: fields.float("frequency_penalty")?,
        presence_penalty: fields.float("presence_penalty")?,
        parallel_tool_calls: fields.boolean("parallel_tool_calls")?,
        reasoning: fields.text("reasoning_effort")?.map(openai::effort),
        verbosity: fields.text("verbosity")?,
        user: user(&mut fields)?,
        service_tier: fields.text("service_tier")?,
        stream: fields.boolean("stream")?.unwrap_or_default(),
        stop: stop(&mut fields)?,
        format: format(&mut fields)?,
        tools: tools(&mut fields)?,
        tool_choice: tool_choice(&mut fields)?,
        ..Request::default()
    };
    if let Some(mut options) = fields.object("stream_options")? {
        options.ignore(&["include_usage", "include_obfuscation"]);
        options.finish()?;
    }
    if !fields.has("messages") {
        return Err(fields.refuse("messages", "missing"));
    }
    for message in fields.objects("messages")? {
        messages::read(message, &mut request)?;
    }
    refuse_what_no_other_has(&mut fields)?;
    fields.ignore(&HARMLESS);
    fields.finish()?;
    Ok(request)
}

/// `max_completion_tokens`, or its older name.
fn most(fields: &mut Fields) -> Result<Option<u64>, Unsupported> {
    let older = fields.unsigned("max_tokens")?;
    Ok(fields.unsigned("max_completion_tokens")?.or(older))
}

/// The end user: `safety_identifier`, or its older name.
fn user(fields: &mut Fields) -> Result<Option<String>, Unsupported> {
    let older = fields.text("user")?;
    Ok(fields.text("safety_identifier")?.or(older))
}

/// Fields with one value that changes nothing, and others that only `OpenAI` could serve.
fn refuse_what_no_other_has(fields: &mut Fields) -> Result<(), Unsupported> {
    fields.only("n", |n| n == 1, "only one answer can be asked for")?;
    fields.only(
        "logprobs",
        |asked| asked == false,
        "the model's provider does not give them",
    )?;
    fields.only(
        "top_logprobs",
        |n| n == 0,
        "the model's provider does not give them",
    )?;
    fields.only(
        "logit_bias",
        |bias| bias.as_object().is_some_and(serde_json::Map::is_empty),
        "the model's provider has other tokens",
    )?;
    fields.only(
        "modalities",
        |asked| {
            asked
                .as_array()
                .is_some_and(|kinds| kinds.iter().all(|kind| kind == "text"))
        },
        "only text can be asked for",
    )?;
    for (name, instead) in [
        ("functions", "use tools"),
        ("function_call", "use tool_choice"),
        ("audio", "only text can be asked for"),
        ("prediction", "the model's provider has no place for it"),
        (
            "web_search_options",
            "the model's provider does not search for this model",
        ),
    ] {
        fields.only(name, |_| false, instead)?;
    }
    Ok(())
}

fn stop(fields: &mut Fields) -> Result<Vec<String>, Unsupported> {
    use serde_json::Value;

    match fields.take("stop") {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![text]),
        Some(Value::Array(texts)) => texts
            .into_iter()
            .map(|text| match text {
                Value::String(text) => Ok(text),
                _ => Err(fields.refuse("stop", "expected strings")),
            })
            .collect(),
        Some(_) => Err(fields.refuse("stop", "expected a string or a list of strings")),
    }
}

fn format(fields: &mut Fields) -> Result<Format, Unsupported> {
    let Some(mut format) = fields.object("response_format")? else {
        return Ok(Format::Text);
    };
    let asked = match format.required_text("type")?.as_str() {
        "text" => Format::Text,
        "json_object" => Format::JsonObject,
        "json_schema" => {
            let Some(mut schema) = format.object("json_schema")? else {
                return Err(format.refuse("json_schema", "missing"));
            };
            let asked = openai::json_schema(&mut schema)?;
            schema.finish()?;
            asked
        }
        _ => return Err(format.refuse("type", "expected text, json_object or json_schema")),
    };
    format.finish()?;
    Ok(asked)
}

fn tools(fields: &mut Fields) -> Result<Vec<Tool>, Unsupported> {
    let read = |mut tool: Fields| {
        let cache = openai::cache_mark(&mut tool)?;
        let kind = tool.required_text("type")?;
        let name = match kind.as_str() {
            "function" => "function",
            "custom" => "custom",
            _ => return Err(tool.refuse("type", "only function and custom tools can be given")),
        };
        let of_kind = match kind.as_str() {
            "function" => openai::function,
            _ => openai::custom_tool,
        };
        // The fields stand within `function`; Cursor puts them beside `type`.
        let mut read = match tool.object(name)? {
            None => of_kind(&mut tool)?,
            Some(mut inner) => {
                let read = of_kind(&mut inner)?;
                inner.finish()?;
                read
            }
        };
        tool.finish()?;
        read.cache = cache;
        Ok(read)
    };
    fields.objects("tools")?.into_iter().map(read).collect()
}

fn tool_choice(fields: &mut Fields) -> Result<Option<ToolChoice>, Unsupported> {
    use serde_json::Value;

    let path = fields.path("tool_choice");
    let mut choice = match fields.take("tool_choice") {
        None => return Ok(None),
        Some(Value::String(word)) => return openai::tool_choice_word(&path, &word).map(Some),
        Some(object) => Fields::of(object, path)?,
    };
    let kind = choice.required_text("type")?;
    if kind != "function" && kind != "custom" {
        return Err(choice.refuse("type", "expected function or custom"));
    }
    let name = match choice.object(&kind)? {
        None => choice.required_text("name")?,
        Some(mut tool) => {
            let name = tool.required_text("name")?;
            tool.finish()?;
            name
        }
    };
    choice.finish()?;
    Ok(Some(ToolChoice::Tool(name)))
}
