//! A call, said in Anthropic's words.

use serde_json::{Map, Value, json};

use super::{
    blocks::{cached, content, system},
    generation,
    thinking::{self, Effort},
};
use crate::{
    dialects::{Target, turns},
    ir::{Format, Request, Tool, ToolChoice, Unsupported},
};

/// The body of a call.
pub fn write(request: &Request, target: &Target<'_>) -> Result<Value, Unsupported> {
    refuse(request)?;
    let generation = generation(target.model);
    let turns = turns::joined(&request.turns);
    let max_tokens = request.max_output_tokens.unwrap_or(match generation {
        Some(older) if older < (3, 5) => 4_096,
        Some(older) if older < (3, 7) => 8_192,
        _ => 32_000,
    });
    let Effort { thinking, effort } = thinking::of(request, generation, max_tokens, &turns)?;
    let mut messages = Vec::new();
    for (role, parts) in &turns {
        let blocks = content(*role, parts)?;
        if !blocks.is_empty() {
            messages.push(json!({"role": role_name(*role), "content": blocks}));
        }
    }
    let mut body = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(name.to_owned(), value);
        }
    };
    put("model", Some(json!(target.model)));
    put("max_tokens", Some(json!(max_tokens)));
    put("system", system(&request.system)?);
    put("messages", Some(Value::Array(messages)));
    let tools: Vec<Value> = request.tools.iter().map(tool).collect();
    put(
        "tools",
        Some(Value::Array(tools)).filter(|_| !request.tools.is_empty()),
    );
    put("tool_choice", tool_choice(request));
    put("thinking", thinking);
    put("output_config", output_config(effort, &request.format)?);
    put("temperature", request.temperature.map(Value::from));
    put("top_p", request.top_p.map(Value::from));
    put("top_k", request.top_k.map(Value::from));
    put(
        "stop_sequences",
        Some(json!(request.stop)).filter(|_| !request.stop.is_empty()),
    );
    put(
        "metadata",
        request.user.as_ref().map(|user| json!({"user_id": user})),
    );
    put(
        "service_tier",
        service_tier(request.service_tier.as_deref())?,
    );
    put("stream", request.stream.then_some(Value::Bool(true)));
    Ok(Value::Object(body))
}

fn role_name(role: crate::ir::Role) -> &'static str {
    match role {
        crate::ir::Role::User => "user",
        crate::ir::Role::Assistant => "assistant",
    }
}

/// Refuses what messages cannot say. A penalty of 0 is none.
fn refuse(request: &Request) -> Result<(), Unsupported> {
    let some = |number: Option<f64>| number.is_some_and(|number| number != 0.0);
    let field = if request.seed.is_some() {
        "seed"
    } else if some(request.frequency_penalty) {
        "frequency_penalty"
    } else if some(request.presence_penalty) {
        "presence_penalty"
    } else if request
        .verbosity
        .as_deref()
        .is_some_and(|word| word != "medium")
    {
        "verbosity"
    } else if request
        .temperature
        .is_some_and(|temperature| temperature > 1.0)
    {
        return Err(Unsupported::new(
            "temperature",
            "this model takes at most 1",
        ));
    } else {
        return Ok(());
    };
    Err(Unsupported::new(
        field,
        "this model's protocol has no such parameter",
    ))
}

fn tool(tool: &Tool) -> Value {
    let mut said = json!({"name": tool.name});
    if let Some(description) = &tool.description {
        said["description"] = json!(description);
    }
    said["input_schema"] = match &tool.parameters {
        Some(Value::Object(schema)) if schema.contains_key("type") => json!(schema),
        Some(Value::Object(schema)) => {
            let mut typed = Map::from_iter([("type".to_owned(), json!("object"))]);
            typed.extend(schema.clone());
            Value::Object(typed)
        }
        _ => json!({"type": "object", "properties": {}}),
    };
    if tool.strict == Some(true) {
        said["strict"] = Value::Bool(true);
    }
    cached(&mut said, tool.cache.as_deref());
    said
}

fn tool_choice(request: &Request) -> Option<Value> {
    if request.tools.is_empty() {
        return None;
    }
    let one_at_a_time = request.parallel_tool_calls == Some(false);
    let mut choice = match &request.tool_choice {
        None if !one_at_a_time => return None,
        None | Some(ToolChoice::Auto) => json!({"type": "auto"}),
        Some(ToolChoice::None) => return Some(json!({"type": "none"})),
        Some(ToolChoice::Required) => json!({"type": "any"}),
        Some(ToolChoice::Tool(name)) => json!({"type": "tool", "name": name}),
    };
    if one_at_a_time {
        choice["disable_parallel_tool_use"] = Value::Bool(true);
    }
    Some(choice)
}

fn output_config(
    effort: Option<&'static str>,
    format: &Format,
) -> Result<Option<Value>, Unsupported> {
    let mut config = Map::new();
    if let Some(effort) = effort {
        config.insert("effort".to_owned(), json!(effort));
    }
    match format {
        Format::Text => {}
        Format::JsonObject => {
            return Err(Unsupported::new(
                "response_format",
                "this model wants a JSON schema: json_object has none",
            ));
        }
        Format::JsonSchema {
            description,
            schema,
            ..
        } => {
            let mut schema = schema.clone();
            // The only place where the model reads what the answer is for.
            if let (Some(description), Some(object)) = (description, schema.as_object_mut()) {
                object
                    .entry("description")
                    .or_insert_with(|| json!(description));
            }
            config.insert(
                "format".to_owned(),
                json!({"type": "json_schema", "schema": schema}),
            );
        }
    }
    Ok(Some(Value::Object(config)).filter(|config| config != &json!({})))
}

fn service_tier(tier: Option<&str>) -> Result<Option<Value>, Unsupported> {
    match tier {
        None => Ok(None),
        Some("auto") => Ok(Some(json!("auto"))),
        Some("default" | "standard" | "standard_only") => Ok(Some(json!("standard_only"))),
        Some(_) => Err(Unsupported::new(
            "service_tier",
            "this provider has auto and default only",
        )),
    }
}
