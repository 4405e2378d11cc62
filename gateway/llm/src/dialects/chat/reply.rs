//! A whole answer.

use super::said::{Answer, Message, stop};
use crate::ir::{Content, Garbage, Part, Reply};

/// Reads it.
pub(crate) fn read(body: &[u8]) -> Result<Reply, Garbage> {
    let answer = Answer::read(body)?;
    if answer.error.as_ref().is_some_and(|error| !error.is_null()) {
        return Err(Garbage("an error in an answer of success".to_owned()));
    }
    let usage = answer.tokens();
    let choice = answer
        .choices
        .and_then(|choices| choices.into_iter().next());
    let choice = choice.ok_or_else(|| Garbage("an answer without choices".to_owned()))?;
    let message = choice
        .message
        .ok_or_else(|| Garbage("a choice without a message".to_owned()))?;
    let id = answer.id.unwrap_or_default();
    let parts = parts(message, &id)?;
    let has_calls = parts
        .iter()
        .any(|part| matches!(part.content, Content::ToolCall { .. }));
    Ok(Reply {
        id,
        model: answer.model.unwrap_or_default(),
        stop: stop(choice.finish_reason.as_deref().unwrap_or("stop"), has_calls)?,
        parts,
        usage,
    })
}

fn parts(message: Message, answer: &str) -> Result<Vec<Part>, Garbage> {
    let mut parts = Vec::new();
    let thoughts = |text: &str| {
        let text = text.to_owned();
        Part::new(Content::Reasoning {
            text,
            signature: None,
        })
    };
    parts.extend(message.thoughts().map(thoughts));
    for (is_thought, text) in message.words() {
        parts.push(if is_thought {
            thoughts(&text)
        } else {
            Part::text(text)
        });
    }
    if let Some(refusal) = message.refusal.filter(|text| !text.is_empty()) {
        parts.push(Part::new(Content::Refusal(refusal)));
    }
    for (index, call) in message.tool_calls.into_iter().flatten().enumerate() {
        let signature = call.signature();
        let function = call.function.unwrap_or_default();
        let name = function.name.clone().filter(|name| !name.is_empty());
        parts.push(Part::new(Content::ToolCall {
            id: call
                .id
                .filter(|id| !id.is_empty())
                .unwrap_or_else(|| format!("call_{answer}_{index}")),
            name: name.ok_or_else(|| Garbage("a tool call without a name".to_owned()))?,
            arguments: function.arguments(),
            signature,
        }));
    }
    Ok(parts)
}
