//! A call in Gemini's words.

use serde_json::{Map, Value, json};

use super::{contents, is_older_than_3};
use crate::{
    dialects::{Target, turns},
    ir::{Content, Format, Reasoning, Request, Tool, ToolChoice, Unsupported},
};

/// The body of `generateContent` and `streamGenerateContent`.
pub fn write(request: &Request, target: &Target<'_>) -> Result<Value, Unsupported> {
    turns::refuse_verbosity(request)?;
    if !turns::is_ordinary_tier(request.service_tier.as_deref()) {
        return Err(Unsupported::new(
            "service_tier",
            "Gemini's tiers are not chosen in the request",
        ));
    }
    let mut body = Map::new();
    body.insert("contents".into(), contents::write(request, target)?);
    let system = system(request)?;
    if !system.is_empty() {
        body.insert("systemInstruction".into(), json!({ "parts": system }));
    }
    if !request.tools.is_empty() {
        let declarations: Vec<Value> = request.tools.iter().map(declaration).collect();
        body.insert(
            "tools".into(),
            json!([{ "functionDeclarations": declarations }]),
        );
        if let Some(calling) = calling(request) {
            body.insert(
                "toolConfig".into(),
                json!({ "functionCallingConfig": calling }),
            );
        }
    }
    let config = generation_config(request, target)?;
    if !config.is_empty() {
        body.insert("generationConfig".into(), Value::Object(config));
    }
    Ok(Value::Object(body))
}

fn system(request: &Request) -> Result<Vec<Value>, Unsupported> {
    let mut parts = Vec::new();
    for part in &request.system {
        match &part.content {
            text if turns::is_blank(text) => {}
            Content::Text(text) => parts.push(json!({ "text": text })),
            _ => {
                return Err(Unsupported::new(
                    "system",
                    "instructions may hold text only",
                ));
            }
        }
    }
    Ok(parts)
}

fn declaration(tool: &Tool) -> Value {
    let mut declaration = Map::new();
    declaration.insert("name".into(), json!(tool.name));
    if let Some(description) = &tool.description {
        declaration.insert("description".into(), json!(description));
    }
    if let Some(schema) = &tool.parameters {
        declaration.insert("parametersJsonSchema".into(), schema.clone());
    }
    Value::Object(declaration)
}

/// `VALIDATED` is `AUTO` that keeps to the schemas; `ANY` does so anyway.
fn calling(request: &Request) -> Option<Value> {
    let strict = request.tools.iter().any(|tool| tool.strict == Some(true));
    Some(match &request.tool_choice {
        None | Some(ToolChoice::Auto) if strict => json!({ "mode": "VALIDATED" }),
        None => return None,
        Some(ToolChoice::Auto) => json!({ "mode": "AUTO" }),
        Some(ToolChoice::None) => json!({ "mode": "NONE" }),
        Some(ToolChoice::Required) => json!({ "mode": "ANY" }),
        Some(ToolChoice::Tool(name)) => {
            json!({ "mode": "ANY", "allowedFunctionNames": [name] })
        }
    })
}

fn generation_config(
    request: &Request,
    target: &Target<'_>,
) -> Result<Map<String, Value>, Unsupported> {
    if let Some(seed) = request.seed
        && i32::try_from(seed).is_err()
    {
        return Err(Unsupported::new(
            "seed",
            "Gemini's seed is a whole number of 32 bits",
        ));
    }
    let mut config = Map::new();
    for (key, value) in [
        (
            "maxOutputTokens",
            request.max_output_tokens.map(Value::from),
        ),
        ("temperature", request.temperature.map(Value::from)),
        ("topP", request.top_p.map(Value::from)),
        ("topK", request.top_k.map(Value::from)),
        ("seed", request.seed.map(Value::from)),
        ("presencePenalty", request.presence_penalty.map(Value::from)),
        (
            "frequencyPenalty",
            request.frequency_penalty.map(Value::from),
        ),
        (
            "stopSequences",
            (!request.stop.is_empty()).then(|| json!(request.stop)),
        ),
    ] {
        if let Some(value) = value {
            config.insert(key.into(), value);
        }
    }
    format(&request.format, &mut config);
    if let Some(reasoning) = turns::reasoning(request) {
        config.insert("thinkingConfig".into(), thinking(reasoning, target));
    }
    Ok(config)
}

/// Gemini keeps to every schema, so `strict` needs no saying; a schema's name is for nobody to read.
fn format(format: &Format, config: &mut Map<String, Value>) {
    let schema = match format {
        Format::Text => return,
        Format::JsonObject => None,
        Format::JsonSchema {
            schema,
            description,
            ..
        } => {
            let mut schema = schema.clone();
            if let (Some(description), Value::Object(object)) = (description, &mut schema) {
                object
                    .entry("description")
                    .or_insert_with(|| json!(description));
            }
            Some(schema)
        }
    };
    config.insert("responseMimeType".into(), json!("application/json"));
    if let Some(schema) = schema {
        config.insert("responseJsonSchema".into(), schema);
    }
}

/// Efforts become Gemini 3's levels, or the budgets that Google gives for them to the older models; what is above `high` is the most
/// there is. Gemini 3 cannot leave off thinking: `minimal` comes nearest.
fn thinking(reasoning: &Reasoning, target: &Target<'_>) -> Value {
    let old = is_older_than_3(target.model);
    let mut config = match reasoning {
        Reasoning::Off if old => return json!({ "thinkingBudget": 0 }),
        Reasoning::Off => return json!({ "thinkingLevel": "minimal" }),
        Reasoning::Adaptive if old => json!({ "thinkingBudget": -1 }),
        Reasoning::Adaptive => json!({}),
        Reasoning::Budget(tokens) => json!({ "thinkingBudget": tokens }),
        Reasoning::Effort(effort) if old => json!({ "thinkingBudget": budget(effort) }),
        Reasoning::Effort(effort) => json!({ "thinkingLevel": level(effort) }),
    };
    config["includeThoughts"] = json!(true);
    config
}

fn budget(effort: &str) -> u64 {
    match effort {
        "minimal" | "low" => 1024,
        "medium" => 8192,
        _ => 24_576,
    }
}

fn level(effort: &str) -> &str {
    match effort {
        "xhigh" | "max" => "high",
        other => other,
    }
}
