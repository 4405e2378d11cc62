//! The items of a response's `output`.

use serde_json::{Value, json};

use super::{super::free_text::FreeText, seal::Seal};
use crate::ir::Form;

/// An item, as far as it is known.
pub(super) struct Item {
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) done: bool,
}

pub(super) enum Kind {
    /// What the model said.
    Message(Vec<Said>),
    /// What it thought: the words, and what is sealed with them.
    Reasoning { text: String, sealed: String },
    /// A call.
    Call(Call),
}

/// A part of a message.
pub(super) struct Said {
    pub(super) refusal: bool,
    pub(super) text: String,
}

pub(super) struct Call {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    pub(super) form: Form,
    pub(super) arguments: String,
    /// The text that a tool of [`Form::Custom`] is called with.
    pub(super) free: FreeText,
}

impl Kind {
    /// What the ids of such items begin with.
    pub(super) fn prefix(&self) -> &'static str {
        match self {
            Kind::Message(_) => "msg",
            Kind::Reasoning { .. } => "rs",
            Kind::Call(call) => match call.form {
                Form::Function => "fc",
                Form::Custom => "ctc",
                Form::ToolSearch => "tsc",
            },
        }
    }

    /// The events, and what they hold, that say a part whole when it is finished.
    pub(super) fn last_words(&self, place: usize) -> Vec<(&'static str, Value)> {
        let mut frames = Vec::new();
        match self {
            Kind::Message(said) => {
                let said = &said[place];
                let (name, field) = if said.refusal {
                    ("response.refusal.done", "refusal")
                } else {
                    ("response.output_text.done", "text")
                };
                let mut fields = json!({"content_index": place});
                fields[field] = json!(said.text);
                if !said.refusal {
                    fields["logprobs"] = json!([]);
                }
                frames.push((name, fields));
                let fields = json!({"content_index": place, "part": said.json()});
                frames.push(("response.content_part.done", fields));
            }
            Kind::Reasoning { text, .. } if text.is_empty() => {}
            Kind::Reasoning { text, .. } => {
                let fields = json!({"summary_index": 0, "text": text});
                frames.push(("response.reasoning_summary_text.done", fields));
                let fields = json!({"summary_index": 0, "part": summary(text)});
                frames.push(("response.reasoning_summary_part.done", fields));
            }
            Kind::Call(call) if call.form == Form::ToolSearch => {}
            Kind::Call(call) if call.form == Form::Custom => {
                let input = call.free.whole();
                if !call.free.has_begun() {
                    let fields = json!({ "delta": input });
                    frames.push(("response.custom_tool_call_input.delta", fields));
                }
                let fields = json!({ "input": input });
                frames.push(("response.custom_tool_call_input.done", fields));
            }
            Kind::Call(call) => {
                if call.arguments.is_empty() {
                    let fields = json!({ "delta": call.arguments() });
                    frames.push(("response.function_call_arguments.delta", fields));
                }
                let fields = json!({"name": call.name, "arguments": call.arguments()});
                frames.push(("response.function_call_arguments.done", fields));
            }
        }
        frames
    }

    /// Thoughts that only the provider can read.
    pub(super) fn sealed(thoughts: &str) -> Self {
        Kind::Reasoning {
            text: String::new(),
            sealed: Seal::Sealed(thoughts).close(),
        }
    }

    /// A mark on a call, in an item of its own before it.
    pub(super) fn mark_of_call(call: &str, mark: &str) -> Self {
        Kind::Reasoning {
            text: String::new(),
            sealed: Seal::Call(call, mark).close(),
        }
    }
}

impl Said {
    pub(super) fn json(&self) -> Value {
        if self.refusal {
            json!({"type": "refusal", "refusal": self.text})
        } else {
            json!({"type": "output_text", "text": self.text, "annotations": [], "logprobs": []})
        }
    }

    /// As it is before anything is said.
    pub(super) fn empty(refusal: bool) -> Value {
        let text = String::new();
        Said { refusal, text }.json()
    }
}

impl Call {
    pub(super) fn arguments(&self) -> &str {
        if self.arguments.is_empty() {
            "{}"
        } else {
            &self.arguments
        }
    }

    /// What is searched for: an object, once it is whole.
    fn search(&self) -> Value {
        serde_json::from_str(&self.arguments).unwrap_or_else(|_| json!({}))
    }

    fn json(&self, id: &str, status: &str, begun: bool) -> Value {
        let mut call = match self.form {
            Form::Function => json!({
                "id": id,
                "type": "function_call",
                "status": status,
                "arguments": if begun { self.arguments() } else { "" },
                "call_id": self.id,
                "name": self.name,
            }),
            Form::Custom => json!({
                "id": id,
                "type": "custom_tool_call",
                "status": status,
                "call_id": self.id,
                "name": self.name,
                "input": if begun { self.free.whole() } else { String::new() },
            }),
            Form::ToolSearch => json!({
                "id": id,
                "type": "tool_search_call",
                "execution": "client",
                "status": status,
                "call_id": self.id,
                "arguments": self.search(),
            }),
        };
        if let Some(namespace) = &self.namespace {
            call["namespace"] = json!(namespace);
        }
        call
    }
}

/// A part of a `summary`.
pub(super) fn summary(text: &str) -> Value {
    json!({"type": "summary_text", "text": text})
}

impl Item {
    /// As it is when it is added: without content.
    pub(super) fn begun(&self) -> Value {
        let id = &self.id;
        match &self.kind {
            Kind::Message(_) => json!({
                "id": id, "type": "message", "status": "in_progress", "role": "assistant", "content": [],
            }),
            Kind::Reasoning { .. } => json!({"id": id, "type": "reasoning", "summary": []}),
            Kind::Call(call) => call.json(id, "in_progress", false),
        }
    }

    /// As it is now.
    pub(super) fn json(&self) -> Value {
        let id = &self.id;
        let status = if self.done { "completed" } else { "incomplete" };
        match &self.kind {
            Kind::Message(said) => json!({
                "id": id,
                "type": "message",
                "status": status,
                "role": "assistant",
                "content": said.iter().map(Said::json).collect::<Vec<_>>(),
            }),
            Kind::Reasoning { text, sealed } => {
                let summary = Some(text).filter(|text| !text.is_empty());
                let summary: Vec<_> = summary
                    .map(|text| self::summary(text))
                    .into_iter()
                    .collect();
                let mut item = json!({"id": id, "type": "reasoning", "summary": summary});
                if !sealed.is_empty() {
                    item["encrypted_content"] = json!(sealed);
                }
                item
            }
            Kind::Call(call) => call.json(id, status, true),
        }
    }
}

/// The word that clients of this protocol know for an upstream's failure.
pub(super) fn code(kind: &str) -> &'static str {
    match kind {
        "rate_limit_error" | "rate_limit_exceeded" => "rate_limit_exceeded",
        "overloaded_error" => "server_is_overloaded",
        "context_length_exceeded" => "context_length_exceeded",
        "insufficient_quota" => "insufficient_quota",
        _ => "server_error",
    }
}
