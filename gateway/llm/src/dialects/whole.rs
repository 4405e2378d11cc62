//! A whole answer from the steps of a streamed one.

use std::collections::HashMap;

use crate::ir::{Content, Event, Garbage, Opening, Part, Reply, Stop};

/// Puts the steps together. An answer that failed is none; the provider's sentence may quote the conversation and is not
/// repeated.
pub(super) fn collect(events: Vec<Event>) -> Result<Reply, Garbage> {
    let mut reply = Reply {
        id: String::new(),
        model: String::new(),
        parts: Vec::new(),
        stop: Stop::End,
        usage: None,
    };
    let mut place = HashMap::new();
    for event in events {
        match event {
            Event::Start { id, model, usage } => {
                reply.id = id;
                reply.model = model;
                reply.usage = usage;
            }
            Event::Open { index, opening } => {
                place.insert(index, reply.parts.len());
                reply.parts.push(Part::new(opened(opening)));
            }
            Event::Delta { index, text } => {
                if let Some(part) = place.get(&index).and_then(|at| reply.parts.get_mut(*at)) {
                    append(&mut part.content, &text);
                }
            }
            Event::Signature { index, signature } => {
                let part = place.get(&index).and_then(|at| reply.parts.get_mut(*at));
                if let Some(Content::Reasoning {
                    signature: mark, ..
                }) = part.map(|part| &mut part.content)
                {
                    mark.get_or_insert_default().push_str(&signature);
                }
            }
            Event::Stop(stop) => reply.stop = stop,
            Event::Usage(tokens) => reply.usage = Some(tokens),
            Event::Close { .. } | Event::End => {}
            Event::Failed { kind, .. } => {
                return Err(Garbage(format!("the provider failed: {kind}")));
            }
        }
    }
    Ok(reply)
}

fn opened(opening: Opening) -> Content {
    match opening {
        Opening::Text => Content::Text(String::new()),
        Opening::Refusal => Content::Refusal(String::new()),
        Opening::Reasoning => Content::Reasoning {
            text: String::new(),
            signature: None,
        },
        Opening::SealedReasoning(sealed) => Content::SealedReasoning(sealed),
        Opening::ToolCall {
            id,
            name,
            signature,
        } => Content::ToolCall {
            id,
            name,
            arguments: String::new(),
            signature,
        },
    }
}

fn append(content: &mut Content, more: &str) {
    match content {
        Content::Text(text)
        | Content::Refusal(text)
        | Content::Reasoning { text, .. }
        | Content::ToolCall {
            arguments: text, ..
        } => text.push_str(more),
        _ => {}
    }
}
