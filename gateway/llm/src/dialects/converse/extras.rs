//! What Converse leaves to each maker's own words: `additionalModelRequestFields`.

use serde_json::{Map, Value, json};

use crate::{
    dialects::{messages, turns},
    ir::{Reasoning, Request, ToolChoice, Unsupported},
};

/// Who made a model; its words differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Maker {
    Anthropic,
    Amazon,
    Mistral,
    OpenAi,
    Other,
}

impl Maker {
    /// Told from the model's id or the ARN that ends in one: `eu.anthropic.claude-…`.
    pub(super) fn of(model: &str) -> Self {
        [
            ("anthropic.", Self::Anthropic),
            ("claude", Self::Anthropic),
            ("amazon.nova", Self::Amazon),
            ("mistral.", Self::Mistral),
            ("openai.", Self::OpenAi),
        ]
        .into_iter()
        .find(|(sign, _)| model.contains(sign))
        .map_or(Self::Other, |(_, maker)| maker)
    }

    /// A cache mark, for the models that take one. Amazon's know minutes only.
    pub(super) fn cache_point(self, kept: Option<&str>) -> Option<Value> {
        let kept = kept?;
        match self {
            Self::Anthropic if kept == "1h" => {
                Some(json!({ "cachePoint": { "type": "default", "ttl": "1h" } }))
            }
            Self::Anthropic | Self::Amazon => Some(json!({ "cachePoint": { "type": "default" } })),
            _ => None,
        }
    }
}

/// The `additionalModelRequestFields`.
pub(super) fn write(
    request: &Request,
    model: &str,
    maker: Maker,
) -> Result<Map<String, Value>, Unsupported> {
    let mut extra = match turns::reasoning(request) {
        None => Map::new(),
        Some(_) if maker == Maker::Anthropic => claude(request, model)?,
        Some(reasoning) => thinking(reasoning, maker)?,
    };
    if forbids_parallel_calls(request, model) {
        let choice = json!({ "type": "auto", "disable_parallel_tool_use": true });
        extra.insert("tool_choice".into(), choice);
    }
    if let Some(top_k) = request.top_k {
        match maker {
            Maker::Anthropic | Maker::Mistral => extra.insert("top_k".into(), json!(top_k)),
            Maker::Amazon => extra.insert("inferenceConfig".into(), json!({ "topK": top_k })),
            _ => {
                return Err(Unsupported::new(
                    "top_k",
                    "this model takes no top_k through Bedrock's Converse",
                ));
            }
        };
    }
    Ok(extra)
}

/// Claude thinks here as it does at home.
fn claude(request: &Request, model: &str) -> Result<Map<String, Value>, Unsupported> {
    let turns = turns::joined(&request.turns);
    let most = request.max_output_tokens.unwrap_or(u64::MAX);
    let effort = messages::thinking(request, messages::generation(model), most, &turns)?;
    let mut fields = Map::new();
    if let Some(thinking) = effort.thinking {
        fields.insert("thinking".into(), thinking);
    }
    if let Some(effort) = effort.effort {
        fields.insert("output_config".into(), json!({ "effort": effort }));
    }
    Ok(fields)
}

/// Whether the caller's wish for one call at a time can be said to the model. Where it cannot, the answer is kept to one.
pub(super) fn forbids_parallel_calls(request: &Request, model: &str) -> bool {
    Maker::of(model) == Maker::Anthropic
        && messages::generation(model).is_none_or(|it| it >= (4, 5))
        && request.parallel_tool_calls == Some(false)
        && !request.tools.is_empty()
        && matches!(request.tool_choice, None | Some(ToolChoice::Auto))
}

fn thinking(reasoning: &Reasoning, maker: Maker) -> Result<Map<String, Value>, Unsupported> {
    let (field, value) = match (maker, reasoning) {
        (Maker::Amazon, Reasoning::Effort(effort)) => (
            "reasoningConfig",
            json!({ "type": "enabled", "maxReasoningEffort": three_steps(effort) }),
        ),
        (Maker::Amazon, Reasoning::Off) => ("reasoningConfig", json!({ "type": "disabled" })),
        (Maker::OpenAi, Reasoning::Effort(effort)) => {
            ("reasoning_effort", json!(three_steps(effort)))
        }
        // What they do unasked.
        (Maker::OpenAi, Reasoning::Adaptive) | (Maker::Mistral | Maker::Other, Reasoning::Off) => {
            return Ok(Map::new());
        }
        _ => {
            return Err(Unsupported::new(
                "reasoning_effort",
                "this model's thinking cannot be set so through Bedrock's Converse",
            ));
        }
    };
    Ok(Map::from_iter([(field.to_owned(), value)]))
}

/// The makers that know three efforts get the nearest.
fn three_steps(effort: &str) -> &str {
    match effort {
        "minimal" => "low",
        "xhigh" | "max" => "high",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_models_maker_is_in_its_id() {
        for (model, maker) in [
            ("eu.anthropic.claude-opus-4-6-v1", Maker::Anthropic),
            ("us.amazon.nova-2-lite-v1:0", Maker::Amazon),
            ("openai.gpt-oss-120b-1:0", Maker::OpenAi),
            ("meta.llama3-3-70b-instruct-v1:0", Maker::Other),
        ] {
            assert_eq!(Maker::of(model), maker, "{model}");
        }
    }
}
