//! What the dialects do alike with a conversation.

use serde_json::{Map, Value};

use crate::ir::{Content, Part, Reasoning, Request, Role, Turn, Unsupported};

/// The turns without blank texts, neighbours of one role joined: some providers want the roles to alternate, and refuse
/// texts that say nothing.
pub(super) fn joined(turns: &[Turn]) -> Vec<(Role, Vec<&Part>)> {
    let mut all: Vec<(Role, Vec<&Part>)> = Vec::new();
    for turn in turns {
        let said = turn.parts.iter().filter(|part| !is_blank(&part.content));
        match all.last_mut() {
            Some((role, parts)) if *role == turn.role => parts.extend(said),
            _ => {
                let parts: Vec<&Part> = said.collect();
                if !parts.is_empty() {
                    all.push((turn.role, parts));
                }
            }
        }
    }
    all
}

/// Whether a part is a text without a visible character.
pub(super) fn is_blank(content: &Content) -> bool {
    matches!(content, Content::Text(text) | Content::Refusal(text) if text.trim().is_empty())
}

/// The arguments of a call as a JSON object, for the protocols that want no text.
pub(super) fn arguments(id: &str, text: &str) -> Result<Map<String, Value>, Unsupported> {
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_str(text).map_err(|_| {
        Unsupported::new(
            format!("tool_calls[{id}].arguments"),
            "this model's protocol takes arguments that are a JSON object; these are not",
        )
    })
}

/// The words of a tool's result, and what is not words.
pub(super) fn result_text(content: &[Part]) -> (String, Vec<&Part>) {
    let mut text = String::new();
    let mut rest = Vec::new();
    for part in content {
        match &part.content {
            Content::Text(more) | Content::Refusal(more) => {
                if !text.is_empty() {
                    text.push('\n');
                }
                text.push_str(more);
            }
            _ => rest.push(part),
        }
    }
    (text, rest)
}

/// Refuses a `verbosity` other than the middle one, where the protocol has none.
pub(super) fn refuse_verbosity(request: &Request) -> Result<(), Unsupported> {
    match request.verbosity.as_deref() {
        None | Some("medium") => Ok(()),
        Some(_) => Err(Unsupported::new(
            "verbosity",
            "this model's protocol has no such parameter",
        )),
    }
}

/// What the caller asked of the model's thinking: the effort `none` is none.
pub(super) fn reasoning(request: &Request) -> Option<&Reasoning> {
    request.reasoning.as_ref().map(|reasoning| match reasoning {
        Reasoning::Effort(effort) if effort == "none" => &Reasoning::Off,
        other => other,
    })
}

/// Whether a `service_tier` asks for nothing out of the ordinary.
pub(super) fn is_ordinary_tier(tier: Option<&str>) -> bool {
    matches!(
        tier,
        None | Some("auto" | "default" | "standard" | "standard_only")
    )
}
