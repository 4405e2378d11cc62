//! A streamed answer as the events of a message.
//!
//! The protocol's blocks come one after the other; parts of an answer may be open at the same time. What comes of a later
//! part waits until the earlier one is closed.

use std::collections::VecDeque;

use gateway_domain::money::Tokens;
use serde_json::{Value, json};

use super::{call_mark, error_kind, stop_reason, usage};
use crate::{
    callers::Rendering,
    ir::{Event, Opening, Stop},
    sse,
};

/// Writes the events of one answer.
pub(crate) struct Renderer {
    rendering: Rendering,
    started: bool,
    over: bool,
    /// Parts that are not closed on the wire, in the order of their opening; the first of them is being written.
    parts: VecDeque<Waiting>,
    /// The number of the block that is being written, or of the next.
    block: usize,
    refused: bool,
    stop: Stop,
    usage: Tokens,
}

struct Waiting {
    index: usize,
    opening: Opening,
    text: String,
    /// Clients take the last signature they see for the whole: its pieces are put together.
    signature: String,
    begun: bool,
    closed: bool,
}

impl Renderer {
    pub(crate) fn new(rendering: Rendering) -> Self {
        Self {
            rendering,
            started: false,
            over: false,
            parts: VecDeque::new(),
            block: 0,
            refused: false,
            stop: Stop::End,
            usage: Tokens::default(),
        }
    }

    pub(crate) fn push(&mut self, event: Event, out: &mut Vec<u8>) {
        if self.over {
            return;
        }
        match event {
            Event::Start { usage, .. } => {
                self.usage = usage.unwrap_or_default();
                self.start(out);
            }
            Event::Open { index, opening } => {
                self.refused |= opening == Opening::Refusal;
                self.parts.push_back(Waiting {
                    index,
                    opening,
                    text: String::new(),
                    signature: String::new(),
                    begun: false,
                    closed: false,
                });
                self.write(out);
            }
            Event::Delta { index, text } => {
                if let Some(part) = self.part(index) {
                    part.text.push_str(&text);
                    self.write(out);
                }
            }
            Event::Signature { index, signature } => {
                if let Some(part) = self.part(index) {
                    part.signature.push_str(&signature);
                }
            }
            Event::Close { index } => {
                if let Some(part) = self.part(index) {
                    part.closed = true;
                    self.write(out);
                }
            }
            Event::Stop(stop) => self.stop = stop,
            Event::Usage(tokens) => self.usage = tokens,
            Event::End => self.end(out),
            Event::Failed { kind, message } => {
                let error = json!({"type": error_kind(&kind), "message": message});
                let request_id = &self.rendering.id;
                let error = json!({"type": "error", "error": error, "request_id": request_id});
                frame(out, "error", &error);
                self.over = true;
            }
        }
    }

    fn part(&mut self, index: usize) -> Option<&mut Waiting> {
        self.parts
            .iter_mut()
            .find(|part| part.index == index && !part.closed)
    }

    fn start(&mut self, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        let message = json!({
            "id": format!("msg_{}", self.rendering.id),
            "type": "message",
            "role": "assistant",
            "model": self.rendering.model,
            "content": [],
            "stop_reason": null,
            "stop_sequence": null,
            "usage": usage(&self.usage),
        });
        frame(
            out,
            "message_start",
            &json!({"type": "message_start", "message": message}),
        );
    }

    /// Writes all that can be written in order.
    fn write(&mut self, out: &mut Vec<u8>) {
        self.start(out);
        while let Some(part) = self.parts.front_mut() {
            if !std::mem::replace(&mut part.begun, true) {
                if let Opening::ToolCall {
                    id,
                    signature: Some(mark),
                    ..
                } = &part.opening
                {
                    let sealed = json!({"type": "redacted_thinking", "data": call_mark(id, mark)});
                    begin(out, self.block, &sealed);
                    close(out, self.block);
                    self.block += 1;
                }
                begin(out, self.block, &opened(&part.opening));
            }
            if !part.text.is_empty()
                && let Some(delta) = delta(&part.opening, &std::mem::take(&mut part.text))
            {
                more(out, self.block, &delta);
            }
            if !part.closed {
                return;
            }
            if part.opening == Opening::Reasoning && !part.signature.is_empty() {
                let delta = json!({"type": "signature_delta", "signature": part.signature});
                more(out, self.block, &delta);
            }
            close(out, self.block);
            self.block += 1;
            self.parts.pop_front();
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        for part in &mut self.parts {
            part.closed = true;
        }
        self.write(out);
        if self.refused && self.stop == Stop::End {
            self.stop = Stop::Filtered;
        }
        let (reason, sequence) = stop_reason(&self.stop);
        let delta = json!({
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": sequence},
            "usage": usage(&self.usage),
        });
        frame(out, "message_delta", &delta);
        frame(out, "message_stop", &json!({"type": "message_stop"}));
        self.over = true;
    }
}

fn opened(opening: &Opening) -> Value {
    match opening {
        Opening::Text | Opening::Refusal => json!({"type": "text", "text": ""}),
        Opening::Reasoning => json!({"type": "thinking", "thinking": "", "signature": ""}),
        Opening::SealedReasoning(data) => json!({"type": "redacted_thinking", "data": data}),
        Opening::ToolCall { id, name, .. } => {
            json!({"type": "tool_use", "id": id, "name": name, "input": {}})
        }
    }
}

fn delta(opening: &Opening, text: &str) -> Option<Value> {
    match opening {
        Opening::Text | Opening::Refusal => Some(json!({"type": "text_delta", "text": text})),
        Opening::Reasoning => Some(json!({"type": "thinking_delta", "thinking": text})),
        Opening::ToolCall { .. } => Some(json!({"type": "input_json_delta", "partial_json": text})),
        Opening::SealedReasoning(_) => None,
    }
}

fn begin(out: &mut Vec<u8>, index: usize, block: &Value) {
    let event = json!({"type": "content_block_start", "index": index, "content_block": block});
    frame(out, "content_block_start", &event);
}

fn more(out: &mut Vec<u8>, index: usize, delta: &Value) {
    let event = json!({"type": "content_block_delta", "index": index, "delta": delta});
    frame(out, "content_block_delta", &event);
}

fn close(out: &mut Vec<u8>, index: usize) {
    frame(
        out,
        "content_block_stop",
        &json!({"type": "content_block_stop", "index": index}),
    );
}

fn frame(out: &mut Vec<u8>, event: &str, data: &Value) {
    sse::write_frame(out, Some(event), data.to_string().as_bytes());
}
