//! A request for a response.

use super::{
    super::{fields::Fields, openai},
    items, tools,
};
use crate::ir::{Format, Part, Request, Unsupported};

/// Labels, and switches of what is not done here in any case: nothing is stored, prompt caches keep themselves, and there
/// are no built-in tools whose calls could be counted. Codex sends `client_metadata`.
const HARMLESS: [&str; 9] = [
    "model",
    "metadata",
    "client_metadata",
    "store",
    "prompt_cache_key",
    "prompt_cache_retention",
    "prompt_cache_options",
    "max_tool_calls",
    "safety_identifier",
];

/// What may be asked for beside the answer: all of it is in the answer already, or belongs to built-in tools that cannot
/// have been given.
const INCLUDABLE: [&str; 7] = [
    "reasoning.encrypted_content",
    "message.input_image.image_url",
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "code_interpreter_call.outputs",
    "computer_call_output.output.image_url",
];

/// Reads a request. Fields without a meaning for the answer (`metadata`, `store`, `prompt_cache_…`) are accepted and go no
/// further: nothing is stored, whatever `store` says.
pub(crate) fn parse(body: &[u8]) -> Result<Request, Unsupported> {
    let mut fields = Fields::body(body)?;
    refuse_what_is_kept_elsewhere(&mut fields)?;
    let mut request = Request {
        max_output_tokens: fields.unsigned("max_output_tokens")?,
        temperature: fields.float("temperature")?,
        top_p: fields.float("top_p")?,
        parallel_tool_calls: fields.boolean("parallel_tool_calls")?,
        user: user(&mut fields)?,
        service_tier: fields.text("service_tier")?,
        stream: fields.boolean("stream")?.unwrap_or_default(),
        tools: tools::read(fields.objects("tools")?, false)?,
        tool_choice: tools::choice(&mut fields)?,
        ..Request::default()
    };
    if let Some(instructions) = fields.text("instructions")? {
        request.system.push(Part::text(instructions));
    }
    reasoning(&mut fields, &mut request)?;
    text(&mut fields, &mut request)?;
    include(&mut fields)?;
    if let Some(mut options) = fields.object("stream_options")? {
        options.ignore(&["include_usage", "include_obfuscation"]);
        options.finish()?;
    }
    match fields.take("input") {
        None => return Err(fields.refuse("input", "missing")),
        Some(input) => items::read(input, &mut request)?,
    }
    fields.ignore(&HARMLESS);
    fields.finish()?;
    Ok(request)
}

fn user(fields: &mut Fields) -> Result<Option<String>, Unsupported> {
    let older = fields.text("user")?;
    Ok(fields.text("safety_identifier")?.or(older))
}

fn refuse_what_is_kept_elsewhere(fields: &mut Fields) -> Result<(), Unsupported> {
    const STORED: &str = "nothing is stored here: send the whole conversation as input";
    for (name, reason) in [
        ("previous_response_id", STORED),
        ("conversation", STORED),
        (
            "prompt",
            "prompts are not stored here: send instructions and input",
        ),
        (
            "context_management",
            "the model's provider has no place for it",
        ),
        ("moderation", "the model's provider has no place for it"),
    ] {
        fields.only(name, |_| false, reason)?;
    }
    fields.only(
        "background",
        |asked| asked == false,
        "nothing is stored here: read the answer now",
    )?;
    fields.only(
        "top_logprobs",
        |n| n == 0,
        "the model's provider does not give them",
    )?;
    fields.only(
        "truncation",
        |how| how == "auto" || how == "disabled",
        "expected auto or disabled",
    )
}

/// `summary` only says whether thoughts shall be seen; they always are, because they must come back whole.
fn reasoning(fields: &mut Fields, request: &mut Request) -> Result<(), Unsupported> {
    let Some(mut reasoning) = fields.object("reasoning")? else {
        return Ok(());
    };
    request.reasoning = reasoning.text("effort")?.map(openai::effort);
    reasoning.only(
        "context",
        |word| word == "auto",
        "only auto can be asked for",
    )?;
    reasoning.only(
        "mode",
        |word| word == "standard",
        "only standard can be asked for",
    )?;
    reasoning.ignore(&["summary", "generate_summary"]);
    reasoning.finish()
}

fn text(fields: &mut Fields, request: &mut Request) -> Result<(), Unsupported> {
    let Some(mut text) = fields.object("text")? else {
        return Ok(());
    };
    request.verbosity = text.text("verbosity")?;
    if let Some(mut format) = text.object("format")? {
        request.format = match format.required_text("type")?.as_str() {
            "text" => Format::Text,
            "json_object" => Format::JsonObject,
            "json_schema" => openai::json_schema(&mut format)?,
            _ => {
                let known = "expected text, json_object or json_schema";
                return Err(format.refuse("type", known));
            }
        };
        format.finish()?;
    }
    text.finish()
}

fn include(fields: &mut Fields) -> Result<(), Unsupported> {
    for (path, wanted) in fields.list("include")? {
        if !wanted
            .as_str()
            .is_some_and(|wanted| INCLUDABLE.contains(&wanted))
        {
            return Err(Unsupported::new(
                path,
                "the model's provider does not give it",
            ));
        }
    }
    Ok(())
}
