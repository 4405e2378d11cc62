//! The chunks of a streamed chat completion.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{
    super::{Rendering, free_text::FreeText},
    extra_content, finish_reason, id, is_custom, usage,
};
use crate::{
    ir::{Event, Opening, Stop},
    sse,
};
use gateway_domain::money::Tokens;

/// Writes the chunks.
pub(crate) struct Renderer {
    rendering: Rendering,
    /// What every chunk begins with, up to its `choices`.
    head: Vec<u8>,
    started: bool,
    over: bool,
    parts: HashMap<usize, Part>,
    calls: usize,
    stop: Option<Stop>,
    tokens: Option<Tokens>,
}

/// What a part's deltas become.
enum Part {
    Text,
    Refusal,
    Thoughts,
    /// Which call, and whether its arguments have begun.
    Function(usize, bool),
    Custom(usize, FreeText),
    Sealed,
}

impl Renderer {
    pub(crate) fn new(rendering: Rendering) -> Self {
        let head = json!({
            "id": id(&rendering),
            "object": "chat.completion.chunk",
            "created": rendering.created,
            "model": rendering.model,
        });
        let mut head = head.to_string().into_bytes();
        // The chunk goes on after the model's name.
        head.pop();
        head.extend_from_slice(b",\"choices\":");
        Self {
            rendering,
            head,
            started: false,
            over: false,
            parts: HashMap::new(),
            calls: 0,
            stop: None,
            tokens: None,
        }
    }

    pub(crate) fn push(&mut self, event: Event, out: &mut Vec<u8>) {
        if self.over {
            return;
        }
        match event {
            Event::Start { usage, .. } => {
                self.tokens = self.tokens.or(usage);
                self.start(out);
            }
            Event::Open { index, opening } => {
                self.start(out);
                let part = self.open(opening, out);
                self.parts.insert(index, part);
            }
            Event::Delta { index, text } => self.delta(index, &text, out),
            Event::Signature { .. } => {}
            Event::Close { index } => self.close(index, out),
            Event::Stop(stop) => self.stop = Some(stop),
            Event::Usage(tokens) => self.tokens = Some(tokens),
            Event::End => self.end(out),
            Event::Failed { kind, message } => {
                self.over = true;
                let error = json!({"message": message, "type": kind, "param": null, "code": kind});
                sse::write_frame(out, None, json!({ "error": error }).to_string().as_bytes());
            }
        }
    }

    /// The first chunk says who speaks.
    fn start(&mut self, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.started, true) {
            self.choice(&json!({"role": "assistant", "content": ""}), None, out);
        }
    }

    fn open(&mut self, opening: Opening, out: &mut Vec<u8>) -> Part {
        match opening {
            Opening::Text => Part::Text,
            Opening::Refusal => Part::Refusal,
            Opening::Reasoning => Part::Thoughts,
            Opening::SealedReasoning(_) => Part::Sealed,
            Opening::ToolCall {
                id,
                name,
                signature,
            } => {
                let index = self.calls;
                self.calls += 1;
                let custom = is_custom(&self.rendering.request.tools, &name);
                let mut call = if custom {
                    let tool = json!({"name": name, "input": ""});
                    json!({"index": index, "id": id, "type": "custom", "custom": tool})
                } else {
                    let tool = json!({"name": name, "arguments": ""});
                    json!({"index": index, "id": id, "type": "function", "function": tool})
                };
                if let Some(signature) = signature {
                    call["extra_content"] = extra_content(&signature);
                }
                self.call(&call, out);
                if custom {
                    Part::Custom(index, FreeText::default())
                } else {
                    Part::Function(index, false)
                }
            }
        }
    }

    fn delta(&mut self, index: usize, text: &str, out: &mut Vec<u8>) {
        let delta = match self.parts.get_mut(&index) {
            Some(Part::Text) => json!({ "content": text }),
            Some(Part::Refusal) => json!({ "refusal": text }),
            Some(Part::Thoughts) => json!({ "reasoning_content": text }),
            Some(Part::Function(call, begun)) => {
                *begun = true;
                let function = json!({ "arguments": text });
                json!({"tool_calls": [{"index": call, "function": function}]})
            }
            Some(Part::Custom(call, free)) => {
                let input = free.push(text);
                if input.is_empty() {
                    return;
                }
                let custom = json!({ "input": input });
                json!({"tool_calls": [{"index": call, "custom": custom}]})
            }
            Some(Part::Sealed) | None => return,
        };
        self.choice(&delta, None, out);
    }

    fn close(&mut self, index: usize, out: &mut Vec<u8>) {
        match self.parts.remove(&index) {
            // Not in the place where it is looked for: it is known only now.
            Some(Part::Custom(call, free)) if !free.has_begun() => {
                let custom = json!({"input": free.whole()});
                self.call(&json!({"index": call, "custom": custom}), out);
            }
            // Clients read the arguments as JSON, those of a call without any too.
            Some(Part::Function(call, false)) => {
                let function = json!({"arguments": "{}"});
                self.call(&json!({"index": call, "function": function}), out);
            }
            _ => {}
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.start(out);
        self.over = true;
        let stop = self.stop.take().unwrap_or(Stop::End);
        let reason = finish_reason(&stop, self.calls > 0);
        self.choice(&json!({}), Some(reason), out);
        if self.rendering.include_usage
            && let Some(tokens) = &self.tokens
        {
            self.chunk(&json!([]), &usage(tokens), out);
        }
        sse::write_frame(out, None, b"[DONE]");
    }

    fn call(&self, call: &Value, out: &mut Vec<u8>) {
        self.choice(&json!({ "tool_calls": [call] }), None, out);
    }

    fn choice(&self, delta: &Value, reason: Option<&str>, out: &mut Vec<u8>) {
        let choice = json!([{
            "index": 0,
            "delta": delta,
            "logprobs": null,
            "finish_reason": reason,
        }]);
        self.chunk(&choice, &Value::Null, out);
    }

    /// Who asked for the usage finds the field in every chunk, `null` until the last.
    fn chunk(&self, choices: &Value, usage: &Value, out: &mut Vec<u8>) {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(&self.head);
        out.extend_from_slice(choices.to_string().as_bytes());
        if self.rendering.include_usage {
            out.extend_from_slice(b",\"usage\":");
            out.extend_from_slice(usage.to_string().as_bytes());
        }
        out.extend_from_slice(b"}\n\n");
    }
}
