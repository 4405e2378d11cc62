//! The events of a streamed response.

use std::collections::HashMap;

use gateway_domain::money::Tokens;
use serde_json::{Value, json};

use super::{
    super::{Rendering, free_text::FreeText, openai},
    output::{self, Call, Item, Kind, Said, summary},
    response,
    seal::Seal,
    status, usage,
};
use crate::{
    ir::{Event, Form, Opening, Stop},
    sse,
};

/// Writes the events, and keeps what they said: the last holds all of it again.
pub(crate) struct Renderer {
    rendering: Rendering,
    sequence: u64,
    started: bool,
    over: bool,
    items: Vec<Item>,
    /// Where the parts went that are not closed: an item, and the place within a message.
    places: HashMap<usize, (usize, usize)>,
    /// The message that takes the next text.
    message: Option<usize>,
    stop: Option<Stop>,
    tokens: Option<Tokens>,
}

impl Renderer {
    pub(crate) fn new(rendering: Rendering) -> Self {
        Self {
            rendering,
            sequence: 0,
            started: false,
            over: false,
            items: Vec::new(),
            places: HashMap::new(),
            message: None,
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
                self.open(index, opening, out);
            }
            Event::Delta { index, text } => self.delta(index, &text, out),
            Event::Signature { index, signature } => self.sign(index, &signature),
            Event::Close { index } => self.close(index, out),
            Event::Stop(stop) => self.stop = Some(stop),
            Event::Usage(tokens) => self.tokens = Some(tokens),
            Event::End => {
                self.start(out);
                let whole = self.whole_with_frames(out);
                let name = match whole["status"].as_str() {
                    Some("incomplete") => "response.incomplete",
                    _ => "response.completed",
                };
                self.emit(name, json!({ "response": whole }), out);
                self.over = true;
            }
            Event::Failed { kind, message } => self.fail(&kind, &message, out),
        }
    }

    /// The whole response, now that all was said.
    pub(super) fn whole(mut self) -> Value {
        self.whole_with_frames(&mut Vec::new())
    }

    fn whole_with_frames(&mut self, out: &mut Vec<u8>) -> Value {
        let mut open: Vec<usize> = self.places.keys().copied().collect();
        open.sort_unstable();
        for index in open {
            self.close(index, out);
        }
        self.close_message(out);
        let refused = self.items.iter().any(|item| match &item.kind {
            Kind::Message(said) => said.iter().any(|said| said.refusal),
            Kind::Reasoning { .. } | Kind::Call(_) => false,
        });
        let (status, reason) = status(self.stop.as_ref().unwrap_or(&Stop::End), refused);
        let mut whole = self.so_far(status);
        if let Some(reason) = reason {
            whole["incomplete_details"] = json!({ "reason": reason });
        }
        whole
    }

    fn so_far(&self, status: &str) -> Value {
        let mut whole = response(&self.rendering);
        whole["status"] = status.into();
        whole["output"] = self.items.iter().map(Item::json).collect();
        if let Some(tokens) = &self.tokens {
            whole["usage"] = usage(tokens);
        }
        whole
    }

    fn start(&mut self, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        let response = response(&self.rendering);
        for name in ["response.created", "response.in_progress"] {
            self.emit(name, json!({ "response": response }), out);
        }
    }

    fn open(&mut self, index: usize, opening: Opening, out: &mut Vec<u8>) {
        // Only a reader that errs opens a part twice.
        self.close(index, out);
        let refusal = opening == Opening::Refusal;
        let place = match opening {
            Opening::Text | Opening::Refusal => self.open_said(refusal, out),
            Opening::Reasoning => {
                let (text, sealed) = (String::new(), String::new());
                (self.add(Kind::Reasoning { text, sealed }, out), 0)
            }
            Opening::SealedReasoning(thoughts) => (self.add(Kind::sealed(&thoughts), out), 0),
            Opening::ToolCall {
                id,
                name,
                signature,
            } => {
                if let Some(mark) = signature {
                    let mark = self.add(Kind::mark_of_call(&id, &mark), out);
                    self.done(mark, out);
                }
                let call = self.call(id, name);
                (self.add(Kind::Call(call), out), 0)
            }
        };
        self.places.insert(index, place);
    }

    /// The call in the words in which the caller declared the tool.
    fn call(&self, id: String, name: String) -> Call {
        let declared = openai::declared(&self.rendering.request.tools, &name);
        let (namespace, name) = match declared.namespace {
            Some((namespace, name)) => (Some(namespace), name),
            None => (None, name),
        };
        Call {
            id,
            name,
            namespace,
            form: declared.form,
            arguments: String::new(),
            free: FreeText::default(),
        }
    }

    /// Texts that follow each other are parts of one message.
    fn open_said(&mut self, refusal: bool, out: &mut Vec<u8>) -> (usize, usize) {
        let item = match self.message {
            Some(item) => item,
            None => self.add(Kind::Message(Vec::new()), out),
        };
        self.message = Some(item);
        let mut place = 0;
        if let Kind::Message(said) = &mut self.items[item].kind {
            place = said.len();
            let text = String::new();
            said.push(Said { refusal, text });
        }
        let fields = json!({"content_index": place, "part": Said::empty(refusal)});
        self.emit_at("response.content_part.added", item, fields, out);
        (item, place)
    }

    /// Adds an item. A message that was open ends: what comes after it is another.
    fn add(&mut self, kind: Kind, out: &mut Vec<u8>) -> usize {
        self.close_message(out);
        let place = self.items.len();
        let item = Item {
            id: format!("{}_{}_{place}", kind.prefix(), self.rendering.id),
            kind,
            done: false,
        };
        let fields = json!({"output_index": place, "item": item.begun()});
        self.items.push(item);
        self.emit("response.output_item.added", fields, out);
        place
    }

    fn close_message(&mut self, out: &mut Vec<u8>) {
        let Some(message) = self.message else {
            return;
        };
        let in_message =
            |(index, (item, _)): (&usize, &(usize, usize))| (*item == message).then_some(*index);
        let open: Vec<usize> = self.places.iter().filter_map(in_message).collect();
        for index in open {
            self.close(index, out);
        }
        self.message = None;
        self.done(message, out);
    }

    fn delta(&mut self, index: usize, text: &str, out: &mut Vec<u8>) {
        let Some(&(item, place)) = self.places.get(&index) else {
            return;
        };
        let (name, fields) = match &mut self.items[item].kind {
            Kind::Message(said) => {
                let said = &mut said[place];
                said.text.push_str(text);
                if said.refusal {
                    let fields = json!({"content_index": place, "delta": text});
                    ("response.refusal.delta", fields)
                } else {
                    let fields = json!({"content_index": place, "delta": text, "logprobs": []});
                    ("response.output_text.delta", fields)
                }
            }
            Kind::Reasoning { text: thoughts, .. } => {
                let begins = thoughts.is_empty() && !text.is_empty();
                thoughts.push_str(text);
                if begins {
                    let fields = json!({"summary_index": 0, "part": summary("")});
                    self.emit_at("response.reasoning_summary_part.added", item, fields, out);
                }
                let fields = json!({"summary_index": 0, "delta": text});
                ("response.reasoning_summary_text.delta", fields)
            }
            Kind::Call(call) if call.form == Form::Custom => {
                let fields = json!({"delta": call.free.push(text)});
                ("response.custom_tool_call_input.delta", fields)
            }
            Kind::Call(call) => {
                call.arguments.push_str(text);
                if call.form == Form::ToolSearch {
                    return;
                }
                let fields = json!({ "delta": text });
                ("response.function_call_arguments.delta", fields)
            }
        };
        if fields["delta"] != "" {
            self.emit_at(name, item, fields, out);
        }
    }

    fn sign(&mut self, index: usize, mark: &str) {
        let place = self.places.get(&index);
        let item = place.and_then(|&(item, _)| self.items.get_mut(item));
        if let Some(Kind::Reasoning { sealed, .. }) = item.map(|item| &mut item.kind) {
            if sealed.is_empty() {
                *sealed = Seal::Signature("").close();
            }
            sealed.push_str(mark);
        }
    }

    fn close(&mut self, index: usize, out: &mut Vec<u8>) {
        let Some((item, place)) = self.places.remove(&index) else {
            return;
        };
        for (name, fields) in self.items[item].kind.last_words(place) {
            self.emit_at(name, item, fields, out);
        }
        // A message waits for the next text.
        if self.message != Some(item) {
            self.done(item, out);
        }
    }

    fn done(&mut self, place: usize, out: &mut Vec<u8>) {
        let item = &mut self.items[place];
        item.done = true;
        let fields = json!({"output_index": place, "item": item.json()});
        self.emit("response.output_item.done", fields, out);
    }

    fn fail(&mut self, kind: &str, message: &str, out: &mut Vec<u8>) {
        self.start(out);
        let mut failed = self.so_far("failed");
        failed["error"] = json!({"code": output::code(kind), "message": message});
        self.emit("response.failed", json!({ "response": failed }), out);
        self.over = true;
    }

    fn emit_at(&mut self, name: &str, item: usize, mut fields: Value, out: &mut Vec<u8>) {
        fields["item_id"] = json!(self.items[item].id);
        fields["output_index"] = json!(item);
        self.emit(name, fields, out);
    }

    fn emit(&mut self, name: &str, mut fields: Value, out: &mut Vec<u8>) {
        fields["type"] = json!(name);
        fields["sequence_number"] = json!(self.sequence);
        self.sequence += 1;
        sse::write_frame(out, Some(name), fields.to_string().as_bytes());
    }
}
