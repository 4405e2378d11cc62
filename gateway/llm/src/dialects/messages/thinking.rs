//! How much a model shall think, in the words of its generation.

use serde_json::{Value, json};

use super::blocks::is_written_thought;
use crate::ir::{Content, Part, Reasoning, Request, Role, ToolChoice, Unsupported};

/// The least that Anthropic takes for a budget.
const LEAST: u64 = 1_024;

/// What stands in `thinking` and in `output_config.effort`.
#[derive(Default)]
pub(in crate::dialects) struct Effort {
    pub thinking: Option<Value>,
    pub effort: Option<&'static str>,
}

pub(in crate::dialects) fn of(
    request: &Request,
    generation: Option<(u32, u32)>,
    max_tokens: u64,
    turns: &[(Role, Vec<&Part>)],
) -> Result<Effort, Unsupported> {
    let Some(reasoning) = &request.reasoning else {
        return Ok(Effort::default());
    };
    let off = match reasoning {
        Reasoning::Off => true,
        Reasoning::Effort(word) => word == "none",
        Reasoning::Adaptive | Reasoning::Budget(_) => false,
    };
    let does_not_think = generation.is_some_and(|it| it < (3, 7));
    if off {
        let disabled = (!does_not_think).then(|| json!({"type": "disabled"}));
        return Ok(Effort {
            thinking: disabled,
            effort: None,
        });
    }
    if does_not_think {
        return Err(Unsupported::new(
            "reasoning_effort",
            "this model does not think",
        ));
    }
    if matches!(
        request.tool_choice,
        Some(ToolChoice::Required | ToolChoice::Tool(_))
    ) {
        return Err(Unsupported::new(
            "tool_choice",
            "this model cannot be made to call a tool while it thinks: leave out one of the two",
        ));
    }
    if generation.is_none_or(|it| it >= (4, 6)) {
        return adaptive(reasoning, generation);
    }
    if answers_calls_without_thoughts(turns) {
        return Ok(Effort::default());
    }
    let budget = match reasoning {
        Reasoning::Budget(budget) => *budget,
        Reasoning::Effort(word) => budget(word, max_tokens)?,
        Reasoning::Adaptive | Reasoning::Off => budget("medium", max_tokens)?,
    };
    let thinking = json!({"type": "enabled", "budget_tokens": budget});
    Ok(Effort {
        thinking: Some(thinking),
        effort: None,
    })
}

fn adaptive(reasoning: &Reasoning, generation: Option<(u32, u32)>) -> Result<Effort, Unsupported> {
    let effort = match reasoning {
        Reasoning::Effort(word) => Some(match word.as_str() {
            "minimal" | "low" => "low",
            "medium" => "medium",
            "high" => "high",
            // Claude 4.6 has no such level.
            "xhigh" if generation == Some((4, 6)) => "high",
            "xhigh" => "xhigh",
            "max" => "max",
            _ => return Err(unknown()),
        }),
        Reasoning::Budget(budget) => Some(match budget {
            ..=4_095 => "low",
            4_096..=12_287 => "medium",
            _ => "high",
        }),
        Reasoning::Adaptive | Reasoning::Off => None,
    };
    let thinking = json!({"type": "adaptive", "display": "summarized"});
    Ok(Effort {
        thinking: Some(thinking),
        effort,
    })
}

fn budget(effort: &str, max_tokens: u64) -> Result<u64, Unsupported> {
    let budget = match effort {
        "minimal" => LEAST,
        "low" => 2_048,
        "medium" => 8_192,
        "high" => 16_384,
        "xhigh" => 24_576,
        "max" => 30_000,
        _ => return Err(unknown()),
    };
    if max_tokens <= LEAST {
        let reason = "this model needs more than 1024 to think: raise it, or ask for no reasoning";
        return Err(Unsupported::new("max_tokens", reason));
    }
    // Something must be left to answer with.
    Ok(budget.min((max_tokens / 5 * 4).max(LEAST)))
}

fn unknown() -> Unsupported {
    Unsupported::new(
        "reasoning_effort",
        "expected none, minimal, low, medium, high, xhigh or max",
    )
}

/// Whether the conversation waits for the model to go on after its calls were answered, and what it thought before them is
/// lost.
fn answers_calls_without_thoughts(turns: &[(Role, Vec<&Part>)]) -> bool {
    let mut latest = turns.iter().rev();
    let answers = |parts: &[&Part]| {
        parts
            .iter()
            .any(|part| matches!(part.content, Content::ToolResult { .. }))
    };
    match (latest.next(), latest.next()) {
        (Some((Role::User, answered)), Some((Role::Assistant, called))) if answers(answered) => {
            called
                .iter()
                .find(|part| {
                    !matches!(part.content, Content::Reasoning { .. }) || is_written_thought(part)
                })
                .is_none_or(|first| !is_written_thought(first))
        }
        _ => false,
    }
}
