//! A call in Converse's words.

use serde_json::{Map, Value, json};

use super::{
    blocks::{self, Names},
    extras::{self, Maker},
};
use crate::{
    dialects::{Target, turns},
    ir::{Content, Format, Request, Role, Tool, ToolChoice, Unsupported},
};

/// The body of `Converse` and `ConverseStream`.
pub fn write(request: &Request, target: &Target<'_>) -> Result<Value, Unsupported> {
    turns::refuse_verbosity(request)?;
    refuse_sampling(request)?;
    let maker = Maker::of(target.model);
    let mut body = Map::new();
    body.insert("messages".into(), messages(request, maker)?);
    let system = system(request, maker)?;
    if !system.is_empty() {
        body.insert("system".into(), Value::Array(system));
    }
    let inference = inference(request);
    if !inference.is_empty() {
        body.insert("inferenceConfig".into(), Value::Object(inference));
    }
    if let Some(tools) = tools(request, target.model)? {
        body.insert("toolConfig".into(), tools);
    }
    if let Some(output) = output(&request.format)? {
        body.insert("outputConfig".into(), output);
    }
    if let Some(tier) = tier(request)? {
        body.insert("serviceTier".into(), json!({ "type": tier }));
    }
    let extra = extras::write(request, target.model, maker)?;
    if !extra.is_empty() {
        body.insert("additionalModelRequestFields".into(), Value::Object(extra));
    }
    if maker == Maker::Anthropic && !request.stop.is_empty() {
        body.insert(
            "additionalModelResponseFieldPaths".into(),
            json!(["/stop_sequence"]),
        );
    }
    Ok(Value::Object(body))
}

/// A value that changes nothing is no reason to refuse a call.
fn refuse_sampling(request: &Request) -> Result<(), Unsupported> {
    let refused = [
        ("seed", request.seed.is_some()),
        (
            "frequency_penalty",
            request.frequency_penalty.is_some_and(|it| it != 0.0),
        ),
        (
            "presence_penalty",
            request.presence_penalty.is_some_and(|it| it != 0.0),
        ),
    ];
    match refused.iter().find(|(_, given)| *given) {
        Some((field, _)) => Err(Unsupported::new(
            *field,
            "Bedrock's Converse has no such parameter",
        )),
        None => Ok(()),
    }
}

fn messages(request: &Request, maker: Maker) -> Result<Value, Unsupported> {
    let mut names = Names::default();
    let mut messages = Vec::new();
    for (role, parts) in turns::joined(&request.turns) {
        let mut content = Vec::new();
        for part in parts {
            if let Some(block) = blocks::write(part, role, maker, &mut names)? {
                content.push(block);
                content.extend(maker.cache_point(part.cache.as_deref()));
            }
        }
        if !content.is_empty() {
            let role = match role {
                Role::User => "user",
                Role::Assistant => "assistant",
            };
            messages.push(json!({ "role": role, "content": content }));
        }
    }
    Ok(Value::Array(messages))
}

fn system(request: &Request, maker: Maker) -> Result<Vec<Value>, Unsupported> {
    let mut blocks = Vec::new();
    for part in &request.system {
        match &part.content {
            text if turns::is_blank(text) => {}
            Content::Text(text) => {
                blocks.push(json!({ "text": text }));
                blocks.extend(maker.cache_point(part.cache.as_deref()));
            }
            _ => {
                return Err(Unsupported::new(
                    "system",
                    "instructions may hold text only",
                ));
            }
        }
    }
    Ok(blocks)
}

fn inference(request: &Request) -> Map<String, Value> {
    [
        ("maxTokens", request.max_output_tokens.map(Value::from)),
        ("temperature", request.temperature.map(Value::from)),
        ("topP", request.top_p.map(Value::from)),
        (
            "stopSequences",
            (!request.stop.is_empty()).then(|| json!(request.stop)),
        ),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key.to_owned(), value?)))
    .collect()
}

/// Converse cannot forbid tools: they are left out, as long as the conversation has not used any.
fn tools(request: &Request, model: &str) -> Result<Option<Value>, Unsupported> {
    if request.tools.is_empty() {
        return Ok(None);
    }
    let mut config = Map::new();
    match &request.tool_choice {
        None => {}
        Some(ToolChoice::None) if uses_tools(request) => {
            return Err(Unsupported::new(
                "tool_choice",
                "Bedrock's Converse cannot forbid tools in a conversation that has used them",
            ));
        }
        Some(ToolChoice::None) => return Ok(None),
        // Said together with the rest in Anthropic's own words.
        Some(ToolChoice::Auto) if extras::forbids_parallel_calls(request, model) => {}
        Some(ToolChoice::Auto) => {
            config.insert("toolChoice".into(), json!({ "auto": {} }));
        }
        Some(ToolChoice::Required) => {
            config.insert("toolChoice".into(), json!({ "any": {} }));
        }
        Some(ToolChoice::Tool(name)) => {
            config.insert("toolChoice".into(), json!({ "tool": { "name": name } }));
        }
    }
    let maker = Maker::of(model);
    let mut tools = Vec::new();
    for tool in &request.tools {
        tools.push(specification(tool));
        if maker == Maker::Anthropic {
            tools.extend(maker.cache_point(tool.cache.as_deref()));
        }
    }
    config.shift_insert(0, "tools".into(), Value::Array(tools));
    Ok(Some(Value::Object(config)))
}

fn uses_tools(request: &Request) -> bool {
    request
        .turns
        .iter()
        .flat_map(|turn| &turn.parts)
        .any(|part| {
            matches!(
                part.content,
                Content::ToolCall { .. } | Content::ToolResult { .. }
            )
        })
}

fn specification(tool: &Tool) -> Value {
    let mut specification = Map::new();
    specification.insert("name".into(), json!(tool.name));
    if let Some(description) = tool.description.as_ref().filter(|it| !it.is_empty()) {
        specification.insert("description".into(), json!(description));
    }
    let schema = tool.parameters.clone();
    let schema = schema.unwrap_or_else(|| json!({ "type": "object", "properties": {} }));
    specification.insert("inputSchema".into(), json!({ "json": schema }));
    if tool.strict == Some(true) {
        specification.insert("strict".into(), json!(true));
    }
    json!({ "toolSpec": specification })
}

/// Converse takes the schema as text.
fn output(format: &Format) -> Result<Option<Value>, Unsupported> {
    match format {
        Format::Text => Ok(None),
        Format::JsonObject => Err(Unsupported::new(
            "response_format",
            "Bedrock's Converse wants a JSON schema: json_object has none",
        )),
        Format::JsonSchema {
            name,
            description,
            schema,
            ..
        } => {
            let mut definition = Map::new();
            definition.insert("schema".into(), json!(schema.to_string()));
            definition.insert("name".into(), json!(name));
            if let Some(description) = description {
                definition.insert("description".into(), json!(description));
            }
            Ok(Some(json!({ "textFormat": {
                "type": "json_schema",
                "structure": { "jsonSchema": definition },
            } })))
        }
    }
}

fn tier(request: &Request) -> Result<Option<&str>, Unsupported> {
    match request.service_tier.as_deref() {
        tier if turns::is_ordinary_tier(tier) => Ok(None),
        Some(tier @ ("flex" | "priority")) => Ok(Some(tier)),
        _ => Err(Unsupported::new(
            "service_tier",
            "Bedrock's tiers are default, flex and priority",
        )),
    }
}
