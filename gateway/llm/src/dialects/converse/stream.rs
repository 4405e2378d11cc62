//! A streamed answer of Converse's. Blocks of text and thoughts may come without a word that they begin; `metadata`
//! is the last event.

use std::collections::HashMap;

use serde_json::Value;

use super::{stop, usage};
use crate::{
    ir::{Event, Garbage, Opening, Stop},
    sse::Frame,
};

/// What is said of an answer that the model itself could not put into words.
const UNREADABLE: &str = "The model wrote an answer that cannot be read.";

/// Reads a streamed answer.
#[derive(Default)]
pub struct Reader {
    started: bool,
    over: bool,
    /// How many parts were opened.
    parts: usize,
    /// The parts that are open, by their `contentBlockIndex`.
    open: HashMap<u64, Block>,
    stop: Option<Result<Stop, String>>,
}

enum Block {
    Part(usize),
    /// Sealed thoughts are told of when they are complete.
    Sealed(String),
}

impl Reader {
    /// Reads the next frame.
    pub fn push(&mut self, frame: Frame<'_>) -> Result<Vec<Event>, Garbage> {
        let mut events = Vec::new();
        if self.over {
            return Ok(events);
        }
        let name = frame
            .event
            .ok_or_else(|| Garbage("a frame without an event's name".into()))?;
        let data: Value = serde_json::from_slice(frame.data)
            .map_err(|error| Garbage(format!("a frame is not JSON: {error}")))?;
        let block = data["contentBlockIndex"].as_u64().unwrap_or(0);
        match name {
            "messageStart" => self.start(&mut events),
            "contentBlockStart" => self.begin(block, &data["start"], &mut events),
            "contentBlockDelta" => self.delta(block, &data["delta"], &mut events),
            "contentBlockStop" => self.close(block, &mut events),
            "messageStop" => {
                let reason = data["stopReason"]
                    .as_str()
                    .ok_or_else(|| Garbage("messageStop has no stopReason".into()))?;
                self.stop = Some(stop(reason, &data["additionalModelResponseFields"]));
            }
            "metadata" => {
                events.extend(usage(&data["usage"]).map(Event::Usage));
                if self.stop.is_some() {
                    self.end(&mut events);
                }
            }
            name if name == "error" || name.ends_with("xception") => {
                let message = data["message"].as_str().or(data["Message"].as_str());
                let message = message.unwrap_or("The model's provider failed.");
                self.fail(failure(name), message, &mut events);
            }
            _ => {}
        }
        Ok(events)
    }

    /// The body is over.
    pub fn finish(&mut self) -> Result<Vec<Event>, Garbage> {
        let mut events = Vec::new();
        if self.over {
            return Ok(events);
        }
        if self.stop.is_none() {
            return Err(Garbage("the answer ended before messageStop".into()));
        }
        self.end(&mut events);
        Ok(events)
    }

    fn start(&mut self, events: &mut Vec<Event>) {
        if !self.started {
            self.started = true;
            events.push(Event::Start {
                id: String::new(),
                model: String::new(),
                usage: None,
            });
        }
    }

    fn begin(&mut self, block: u64, start: &Value, events: &mut Vec<Event>) {
        let call = &start["toolUse"];
        if call.is_object() {
            let text = |key: &str| call[key].as_str().unwrap_or_default().to_owned();
            let opening = Opening::ToolCall {
                id: text("toolUseId"),
                name: text("name"),
                signature: None,
            };
            self.close(block, events);
            self.open(block, opening, events);
        }
    }

    fn open(&mut self, block: u64, opening: Opening, events: &mut Vec<Event>) -> usize {
        self.start(events);
        let index = self.parts;
        self.parts += 1;
        self.open.insert(block, Block::Part(index));
        events.push(Event::Open { index, opening });
        index
    }

    /// The part of a block, opened if it is not yet.
    fn part(&mut self, block: u64, opening: Opening, events: &mut Vec<Event>) -> usize {
        match self.open.get(&block) {
            Some(Block::Part(index)) => *index,
            _ => self.open(block, opening, events),
        }
    }

    fn delta(&mut self, block: u64, delta: &Value, events: &mut Vec<Event>) {
        let thoughts = &delta["reasoningContent"];
        let said = delta["text"].as_str().map(|text| (Opening::Text, text));
        let thought = || {
            thoughts["text"]
                .as_str()
                .map(|text| (Opening::Reasoning, text))
        };
        if let Some((opening, text)) = said.or_else(thought) {
            let index = self.part(block, opening, events);
            push_text(index, text, events);
        } else if let (Some(text), Some(Block::Part(index))) =
            (delta["toolUse"]["input"].as_str(), self.open.get(&block))
        {
            push_text(*index, text, events);
        } else if let Some(signature) = thoughts["signature"].as_str() {
            let index = self.part(block, Opening::Reasoning, events);
            events.push(Event::Signature {
                index,
                signature: signature.to_owned(),
            });
        } else if let Some(sealed) = thoughts["redactedContent"].as_str() {
            match self.open.get_mut(&block) {
                Some(Block::Sealed(so_far)) => so_far.push_str(sealed),
                Some(Block::Part(_)) => {}
                None => {
                    self.open.insert(block, Block::Sealed(sealed.to_owned()));
                }
            }
        }
    }

    fn close(&mut self, block: u64, events: &mut Vec<Event>) {
        let index = match self.open.remove(&block) {
            None => return,
            Some(Block::Part(index)) => index,
            Some(Block::Sealed(sealed)) => {
                let index = self.open(block, Opening::SealedReasoning(sealed), events);
                self.open.remove(&block);
                index
            }
        };
        events.push(Event::Close { index });
    }

    fn close_all(&mut self, events: &mut Vec<Event>) {
        let mut open: Vec<u64> = self.open.keys().copied().collect();
        open.sort_unstable();
        for block in open {
            self.close(block, events);
        }
    }

    fn end(&mut self, events: &mut Vec<Event>) {
        self.start(events);
        match self.stop.take() {
            Some(Err(word)) => self.fail(&word, UNREADABLE, events),
            Some(Ok(stop)) => {
                self.close_all(events);
                events.extend([Event::Stop(stop), Event::End]);
            }
            None => {}
        }
        self.over = true;
    }

    fn fail(&mut self, kind: &str, message: &str, events: &mut Vec<Event>) {
        // What is open stays so: closed, half an answer would look like a whole one.
        self.over = true;
        events.push(Event::Failed {
            kind: kind.to_owned(),
            message: message.to_owned(),
        });
    }
}

/// Amazon's word for a failure in those that the conversation knows.
fn failure(exception: &str) -> &'static str {
    match exception.to_ascii_lowercase().as_str() {
        "throttlingexception" => "rate_limit_error",
        "serviceunavailableexception" => "overloaded_error",
        "modeltimeoutexception" => "timeout_error",
        "validationexception" => "invalid_request_error",
        _ => "server_error",
    }
}

fn push_text(index: usize, text: &str, events: &mut Vec<Event>) {
    if !text.is_empty() {
        events.push(Event::Delta {
            index,
            text: text.to_owned(),
        });
    }
}
