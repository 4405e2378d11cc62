//! A call, said as a chat completions request.

use serde_json::{Map, Value, json};

use super::messages;
use crate::{
    dialects::Target,
    ir::{Format, Reasoning, Request, Tool, ToolChoice, Unsupported},
};

/// `OpenAI` takes no longer names of end users.
const LONGEST_USER: usize = 64;

/// The body of a call.
pub(crate) fn write(request: &Request, target: &Target<'_>) -> Result<Value, Unsupported> {
    let mut body = Body(Map::new());
    body.set("model", target.model);
    body.set("messages", messages::write(request, target)?);
    sampling(request, target, &mut body)?;
    tools(request, &mut body);
    format(&request.format, &mut body);
    if let Some(effort) = effort(request.reasoning.as_ref(), target) {
        body.set("reasoning_effort", effort);
    }
    body.set_some("verbosity", request.verbosity.as_deref());
    if let Some(tier) = tier(request.service_tier.as_deref(), target) {
        body.set("service_tier", tier);
    }
    let user = request.user.as_deref();
    body.set_some(
        "user",
        user.filter(|user| target.is_openai && user.len() <= LONGEST_USER),
    );
    if request.stream {
        body.set("stream", true);
        body.set("stream_options", json!({"include_usage": true}));
    }
    Ok(Value::Object(body.0))
}

struct Body(Map<String, Value>);

impl Body {
    fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn set_some(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }
}

fn sampling(request: &Request, target: &Target<'_>, body: &mut Body) -> Result<(), Unsupported> {
    let most = if target.is_openai {
        "max_completion_tokens"
    } else {
        "max_tokens"
    };
    body.set_some(most, request.max_output_tokens);
    body.set_some("temperature", request.temperature);
    body.set_some("top_p", request.top_p);
    if request.top_k.is_some() && target.is_openai {
        return Err(Unsupported::new("top_k", "OpenAI's models have no top_k"));
    }
    body.set_some("top_k", request.top_k);
    body.set_some("seed", request.seed);
    body.set_some("frequency_penalty", request.frequency_penalty);
    body.set_some("presence_penalty", request.presence_penalty);
    if !request.stop.is_empty() {
        body.set("stop", request.stop.clone());
    }
    Ok(())
}

/// Without tools nothing is said of them: `OpenAI` refuses a choice among none.
fn tools(request: &Request, body: &mut Body) {
    if request.tools.is_empty() {
        return;
    }
    body.set("tools", request.tools.iter().map(tool).collect::<Vec<_>>());
    match &request.tool_choice {
        None => {}
        Some(ToolChoice::Auto) => body.set("tool_choice", "auto"),
        Some(ToolChoice::None) => body.set("tool_choice", "none"),
        Some(ToolChoice::Required) => body.set("tool_choice", "required"),
        Some(ToolChoice::Tool(name)) => {
            let choice = json!({"type": "function", "function": {"name": name}});
            body.set("tool_choice", choice);
        }
    }
    // They may, unless they are told not to: only that need be said.
    if request.parallel_tool_calls == Some(false) {
        body.set("parallel_tool_calls", false);
    }
}

fn tool(tool: &Tool) -> Value {
    let mut function = json!({"name": tool.name});
    if let Some(description) = &tool.description {
        function["description"] = json!(description);
    }
    function["parameters"] = match &tool.parameters {
        Some(schema) => schema.clone(),
        None => json!({"type": "object", "properties": {}}),
    };
    // False is what it is without a word, and some do not know the word.
    if tool.strict == Some(true) {
        function["strict"] = true.into();
    }
    json!({"type": "function", "function": function})
}

fn format(format: &Format, body: &mut Body) {
    match format {
        Format::Text => {}
        Format::JsonObject => body.set("response_format", json!({"type": "json_object"})),
        Format::JsonSchema {
            name,
            description,
            schema,
            strict,
        } => {
            let mut said = json!({"name": name});
            if let Some(description) = description {
                said["description"] = json!(description);
            }
            said["schema"] = schema.clone();
            if let Some(strict) = strict {
                said["strict"] = json!(strict);
            }
            let said = json!({"type": "json_schema", "json_schema": said});
            body.set("response_format", said);
        }
    }
}

/// `reasoning_effort`. The protocol has words, not numbers: of a budget, up to 4,096 tokens are `low`, up to 16,384
/// `medium`, more is `high`. Who asks for none, or for as much as the model likes, is told only to models of `OpenAI` that
/// are known to think: others refuse the field as a whole.
fn effort(reasoning: Option<&Reasoning>, target: &Target<'_>) -> Option<String> {
    let least = if target.is_openai {
        least_effort(target.model)
    } else {
        None
    };
    let word = match reasoning? {
        Reasoning::Effort(word) => word.as_str(),
        Reasoning::Budget(..=4_096) => "low",
        Reasoning::Budget(..=16_384) => "medium",
        Reasoning::Budget(_) => "high",
        Reasoning::Adaptive => least.map(|_| "medium")?,
        Reasoning::Off => least?,
    };
    Some(word.to_owned())
}

/// The least that a model of `OpenAI` can think; none for those that do not, and for names that only Azure knows.
fn least_effort(model: &str) -> Option<&'static str> {
    let o_series = |model: &str| {
        let digit = model.strip_prefix('o').and_then(|rest| rest.bytes().next());
        digit.is_some_and(|digit| digit.is_ascii_digit())
    };
    if model.starts_with("gpt-5.") {
        Some("none")
    } else if model.starts_with("gpt-5") {
        Some("minimal")
    } else if o_series(model) {
        Some("low")
    } else {
        None
    }
}

/// `service_tier`. The ordinary one need not be named, except to `OpenAI`, where it overrules what a project has chosen.
fn tier<'a>(tier: Option<&'a str>, target: &Target<'_>) -> Option<&'a str> {
    match tier? {
        "auto" => None,
        // Anthropic's word.
        "default" | "standard" | "standard_only" => target.is_openai.then_some("default"),
        other => Some(other),
    }
}
