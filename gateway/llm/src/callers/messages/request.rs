//! A caller's request, read.

use serde_json::Value;

use super::blocks::{Conversation, cached, texts};
use crate::{
    callers::fields::Fields,
    ir::{Declared, Format, Part, Reasoning, Request, Role, Tool, ToolChoice, Turn, Unsupported},
};

/// Reads a request. What no other protocol can say is refused by its name.
pub(crate) fn parse(body: &[u8]) -> Result<Request, Unsupported> {
    let mut body = Fields::body(body)?;
    // The model is rewritten elsewhere; the others are hints.
    body.ignore(&["model", "cache_control", "diagnostics"]);
    context_management(&mut body)?;
    body.only(
        "speed",
        |speed| speed == "standard",
        "this model has one speed",
    )?;
    let nothing = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
    body.only(
        "mcp_servers",
        nothing,
        "this model's provider calls no MCP servers",
    )?;
    let max_output_tokens = body.unsigned("max_tokens")?;
    if max_output_tokens.unwrap_or(0) == 0 {
        return Err(body.refuse("max_tokens", "expected a whole number of at least 1"));
    }
    let thinking = thinking(&mut body)?;
    let (effort, format) = output(&mut body)?;
    let (tool_choice, parallel_tool_calls) = tool_choice(&mut body)?;
    let user = match body.object("metadata")? {
        None => None,
        Some(mut metadata) => {
            let user = metadata.text("user_id")?;
            metadata.finish()?;
            user
        }
    };
    let mut system = texts(&mut body, "system")?;
    let turns = turns(&mut body, &mut system)?;
    let request = Request {
        system,
        turns,
        tools: body
            .objects("tools")?
            .into_iter()
            .map(tool)
            .collect::<Result<_, _>>()?,
        tool_choice,
        parallel_tool_calls,
        max_output_tokens,
        temperature: body.float("temperature")?,
        top_p: body.float("top_p")?,
        top_k: body.unsigned("top_k")?,
        stop: stop(&mut body)?,
        format,
        reasoning: match (thinking, effort) {
            (Some(Reasoning::Off), _) => Some(Reasoning::Off),
            (_, Some(effort)) => Some(Reasoning::Effort(effort)),
            (thinking, None) => thinking,
        },
        user,
        service_tier: body.text("service_tier")?,
        stream: body.boolean("stream")?.unwrap_or(false),
        ..Request::default()
    };
    body.finish()?;
    Ok(request)
}

/// The turns. Instructions that stand among them (a beta of the protocol) join those before the conversation, as they do for
/// the other callers: the dialects have no other place for them.
fn turns(body: &mut Fields, system: &mut Vec<Part>) -> Result<Vec<Turn>, Unsupported> {
    if !body.has("messages") {
        return Err(body.refuse("messages", "missing"));
    }
    let mut conversation = Conversation::default();
    let mut turns = Vec::new();
    // Instructions that hold only until the user speaks again.
    let mut passing = Vec::new();
    for mut message in body.objects("messages")? {
        let role = match message.required_text("role")?.as_str() {
            "user" => {
                passing.clear();
                Role::User
            }
            "assistant" => Role::Assistant,
            "system" => {
                let said = texts(&mut message, "content")?;
                match message.text("clear_at")?.as_deref() {
                    None | Some("never") => system.extend(said),
                    Some("next_user_message") => passing.extend(said),
                    Some(_) => {
                        return Err(
                            message.refuse("clear_at", "expected never or next_user_message")
                        );
                    }
                }
                message.finish()?;
                continue;
            }
            _ => return Err(message.refuse("role", "expected user, assistant or system")),
        };
        let parts = conversation.parts(&mut message, role)?;
        message.finish()?;
        turns.push(Turn { role, parts });
    }
    system.append(&mut passing);
    Ok(turns)
}

fn stop(body: &mut Fields) -> Result<Vec<String>, Unsupported> {
    let texts = body.list("stop_sequences")?.into_iter();
    texts
        .map(|(path, text)| match text {
            Value::String(text) => Ok(text),
            _ => Err(Unsupported::new(path, "expected a string")),
        })
        .collect()
}

/// Edits that only clear are hints; others make the provider write something new.
fn context_management(body: &mut Fields) -> Result<(), Unsupported> {
    let Some(mut management) = body.object("context_management")? else {
        return Ok(());
    };
    for mut edit in management.objects("edits")? {
        let kind = edit.required_text("type")?;
        if !kind.starts_with("clear_tool_uses_") && !kind.starts_with("clear_thinking_") {
            return Err(edit.refuse("type", "this model's provider does not edit the context"));
        }
    }
    management.finish()
}

fn thinking(body: &mut Fields) -> Result<Option<Reasoning>, Unsupported> {
    let Some(mut thinking) = body.object("thinking")? else {
        return Ok(None);
    };
    thinking.ignore(&["display", "block_binding"]);
    let reasoning = match thinking.required_text("type")?.as_str() {
        "disabled" => Reasoning::Off,
        "adaptive" => Reasoning::Adaptive,
        "enabled" => match thinking.unsigned("budget_tokens")? {
            Some(budget) => Reasoning::Budget(budget),
            None => return Err(thinking.refuse("budget_tokens", "missing")),
        },
        _ => return Err(thinking.refuse("type", "expected enabled, adaptive or disabled")),
    };
    thinking.finish()?;
    Ok(Some(reasoning))
}

/// How hard to try, and what the answer must look like: under `output_config`, the latter once under `output_format`.
fn output(body: &mut Fields) -> Result<(Option<String>, Format), Unsupported> {
    let mut formats = Vec::new();
    let mut effort = None;
    if let Some(mut config) = body.object("output_config")? {
        effort = config.text("effort")?;
        formats.extend(config.object("format")?);
        config.finish()?;
    }
    formats.extend(body.object("output_format")?);
    let mut formats = formats.into_iter();
    let format = formats.next().map_or(Ok(Format::Text), json_schema)?;
    if formats.next().is_some() {
        return Err(body.refuse(
            "output_format",
            "the format stands in output_config already",
        ));
    }
    Ok((effort, format))
}

fn json_schema(mut format: Fields) -> Result<Format, Unsupported> {
    let kind = format.required_text("type")?;
    let schema = match (kind.as_str(), format.take("schema")) {
        ("json_schema", Some(schema @ Value::Object(_))) => schema,
        ("json_schema", _) => return Err(format.refuse("schema", "expected an object")),
        _ => return Err(format.refuse("type", "expected json_schema")),
    };
    format.finish()?;
    Ok(Format::JsonSchema {
        name: "response".to_owned(),
        description: None,
        schema,
        strict: Some(true),
    })
}

fn tool(mut tool: Fields) -> Result<Tool, Unsupported> {
    let server =
        "this model's provider has no tools of its own here: give a tool with an input_schema";
    tool.only("type", |kind| kind == "custom", server)?;
    tool.ignore(&["eager_input_streaming"]);
    tool.only(
        "defer_loading",
        |later| later == false,
        "this model's provider has no search for tools",
    )?;
    let direct = |callers: &Value| {
        callers
            .as_array()
            .is_some_and(|callers| callers.iter().all(|caller| caller == "direct"))
    };
    tool.only(
        "allowed_callers",
        direct,
        "only the model itself calls tools here",
    )?;
    let parameters = match tool.take("input_schema") {
        Some(schema @ Value::Object(_)) => Some(schema),
        _ => return Err(tool.refuse("input_schema", "expected an object")),
    };
    let read = Tool {
        name: tool.required_text("name")?,
        description: tool.text("description")?,
        parameters,
        strict: tool.boolean("strict")?,
        cache: cached(&mut tool)?,
        declared: Declared::default(),
    };
    tool.finish()?;
    Ok(read)
}

fn tool_choice(body: &mut Fields) -> Result<(Option<ToolChoice>, Option<bool>), Unsupported> {
    let Some(mut choice) = body.object("tool_choice")? else {
        return Ok((None, None));
    };
    let read = match choice.required_text("type")?.as_str() {
        "auto" => ToolChoice::Auto,
        "any" => ToolChoice::Required,
        "none" => ToolChoice::None,
        "tool" => ToolChoice::Tool(choice.required_text("name")?),
        _ => return Err(choice.refuse("type", "expected auto, any, tool or none")),
    };
    let parallel = choice
        .boolean("disable_parallel_tool_use")?
        .map(|disabled| !disabled);
    choice.finish()?;
    Ok((Some(read), parallel))
}
