//! The chunks of a streamed answer.

use serde_json::Value;

use super::said::{Answer, Message, ToolCall, stop};
use crate::{
    ir::{Event, Garbage, Opening, Stop},
    sse::Frame,
};

/// Reads chunks. Calls stay open until the answer is finished, since their pieces may come in turns.
#[derive(Default)]
pub(crate) struct Reader {
    id: String,
    started: bool,
    /// Nothing more is said.
    over: bool,
    /// The provider said why it stopped.
    stopped: bool,
    parts: usize,
    /// The text, refusal or thoughts that go on: which, and of what kind.
    said: Option<(usize, Kind)>,
    calls: Vec<Call>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Refusal,
    Thoughts,
}

/// A call, open as soon as its name is known.
struct Call {
    /// The number that the provider gave it.
    number: Option<u64>,
    id: Option<String>,
    signature: Option<String>,
    part: Option<usize>,
    closed: bool,
    /// What came of the arguments before the name.
    early: String,
}

impl Reader {
    pub(crate) fn push(&mut self, frame: Frame<'_>) -> Result<Vec<Event>, Garbage> {
        let data = frame.data.trim_ascii();
        let mut events = Vec::new();
        if self.over || data.is_empty() {
            return Ok(events);
        }
        if data == b"[DONE]" {
            return self.finish();
        }
        let mut chunk = Answer::read(data)?;
        if let Some(error) = chunk.error.take().filter(|error| !error.is_null()) {
            self.over = true;
            events.push(failed(&error));
            return Ok(events);
        }
        let tokens = chunk.tokens();
        let choices = chunk.choices.take().unwrap_or_default();
        // Azure begins with a chunk about its filters, which names nothing.
        if !choices.is_empty() {
            self.start(&mut chunk, &mut events);
        }
        for choice in choices
            .into_iter()
            .filter(|choice| choice.index.unwrap_or(0) == 0)
        {
            if let Some(message) = choice.message {
                self.message(message, &mut events);
            }
            let reason = choice.finish_reason.filter(|reason| !reason.is_empty());
            if let Some(reason) = reason.filter(|_| !self.stopped) {
                let stop = stop(&reason, !self.calls.is_empty())?;
                self.stop(stop, &mut events)?;
            }
        }
        if let Some(tokens) = tokens {
            self.start(&mut chunk, &mut events);
            events.push(Event::Usage(tokens));
        }
        Ok(events)
    }

    /// The end, with or without the last word `[DONE]`.
    pub(crate) fn finish(&mut self) -> Result<Vec<Event>, Garbage> {
        let mut events = Vec::new();
        if self.over {
            return Ok(events);
        }
        if !self.stopped {
            return Err(Garbage(
                "the stream ended without a finish_reason".to_owned(),
            ));
        }
        self.over = true;
        // What came after the finish_reason.
        self.close_said(&mut events);
        self.close_calls(&mut events)?;
        events.push(Event::End);
        Ok(events)
    }

    fn start(&mut self, chunk: &mut Answer, events: &mut Vec<Event>) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        self.id = chunk.id.take().unwrap_or_default();
        events.push(Event::Start {
            id: self.id.clone(),
            model: chunk.model.take().unwrap_or_default(),
            usage: None,
        });
    }

    fn stop(&mut self, stop: Stop, events: &mut Vec<Event>) -> Result<(), Garbage> {
        self.stopped = true;
        self.close_said(events);
        self.close_calls(events)?;
        events.push(Event::Stop(stop));
        Ok(())
    }

    fn message(&mut self, message: Message, events: &mut Vec<Event>) {
        if let Some(thoughts) = message.thoughts() {
            self.say(Kind::Thoughts, thoughts.to_owned(), events);
        }
        for (is_thought, text) in message.words() {
            let kind = if is_thought {
                Kind::Thoughts
            } else {
                Kind::Text
            };
            self.say(kind, text.into_owned(), events);
        }
        if let Some(refusal) = message.refusal.filter(|text| !text.is_empty()) {
            self.say(Kind::Refusal, refusal, events);
        }
        for call in message.tool_calls.into_iter().flatten() {
            self.call(call, events);
        }
    }

    fn say(&mut self, kind: Kind, text: String, events: &mut Vec<Event>) {
        let index = match self.said {
            Some((index, open)) if open == kind => index,
            _ => {
                self.close_said(events);
                let opening = match kind {
                    Kind::Text => Opening::Text,
                    Kind::Refusal => Opening::Refusal,
                    Kind::Thoughts => Opening::Reasoning,
                };
                let index = self.open(opening, events);
                self.said = Some((index, kind));
                index
            }
        };
        events.push(Event::Delta { index, text });
    }

    fn open(&mut self, opening: Opening, events: &mut Vec<Event>) -> usize {
        let index = self.parts;
        self.parts += 1;
        events.push(Event::Open { index, opening });
        index
    }

    fn call(&mut self, piece: ToolCall, events: &mut Vec<Event>) {
        self.close_said(events);
        let place = self.place(&piece);
        let signature = piece.signature();
        let function = piece.function.unwrap_or_default();
        let name = function.name.clone().filter(|name| !name.is_empty());
        let text = function.arguments();
        let call = &mut self.calls[place];
        call.id = call.id.take().or(piece.id.filter(|id| !id.is_empty()));
        call.signature = call.signature.take().or(signature);
        let index = match (call.part, name) {
            (Some(index), _) => index,
            (None, None) => return call.early.push_str(&text),
            (None, Some(name)) => {
                let opening = Opening::ToolCall {
                    id: call
                        .id
                        .clone()
                        .unwrap_or_else(|| format!("call_{}_{place}", self.id)),
                    name,
                    signature: call.signature.clone(),
                };
                let early = std::mem::take(&mut call.early);
                let index = self.open(opening, events);
                self.calls[place].part = Some(index);
                if !early.is_empty() {
                    events.push(Event::Delta { index, text: early });
                }
                index
            }
        };
        if !text.is_empty() && !self.calls[place].closed {
            events.push(Event::Delta { index, text });
        }
    }

    /// Which call a piece belongs to. Some providers number nothing, or number every call 0: there a new id with a name
    /// begins a new call.
    fn place(&mut self, piece: &ToolCall) -> usize {
        let id = piece.id.as_deref().filter(|id| !id.is_empty());
        let name = piece
            .function
            .as_ref()
            .and_then(|function| function.name.as_deref());
        let is_named = name.is_some_and(|name| !name.is_empty());
        let same = |call: &Call| match piece.index {
            Some(number) => call.number == Some(number),
            None => id.is_none() || call.id.as_deref() == id,
        };
        let found = self.calls.iter().rposition(same);
        let is_new = |call: &Call| {
            let other_id = id.is_some() && call.id.is_some() && call.id.as_deref() != id;
            let named_again = piece.index.is_none() && id.is_none() && call.part.is_some();
            is_named && (other_id || named_again)
        };
        match found {
            Some(place) if !is_new(&self.calls[place]) => place,
            _ => {
                self.calls.push(Call {
                    number: piece.index,
                    id: None,
                    signature: None,
                    part: None,
                    closed: false,
                    early: String::new(),
                });
                self.calls.len() - 1
            }
        }
    }

    fn close_said(&mut self, events: &mut Vec<Event>) {
        if let Some((index, _)) = self.said.take() {
            events.push(Event::Close { index });
        }
    }

    fn close_calls(&mut self, events: &mut Vec<Event>) -> Result<(), Garbage> {
        for call in &mut self.calls {
            let index = call
                .part
                .ok_or_else(|| Garbage("a tool call without a name".to_owned()))?;
            if !std::mem::replace(&mut call.closed, true) {
                events.push(Event::Close { index });
            }
        }
        Ok(())
    }
}

fn failed(error: &Value) -> Event {
    let text = |name: &str| {
        error
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let kind = text("type")
        .or_else(|| text("code"))
        .unwrap_or("server_error");
    let message = text("message").or_else(|| error.as_str());
    Event::Failed {
        kind: kind.to_owned(),
        message: message
            .unwrap_or("the provider failed in the middle of its answer")
            .to_owned(),
    }
}
