//! Anthropic's streamed answer, read.

use std::borrow::Cow;

use serde::Deserialize;

use super::{
    reply::{Block, Message, garbage},
    stop,
};
use crate::{
    ir::{Event, Garbage, Opening},
    sse::Frame,
    usage::{self, Reported},
};

/// Reads a streamed answer.
#[derive(Debug, Default)]
pub struct Reader {
    started: bool,
    over: bool,
    usage: Option<Reported>,
    /// How many parts were opened.
    opened: usize,
    open: Vec<Open>,
}

/// A block that is not closed.
#[derive(Debug)]
struct Open {
    /// Its number in the stream, and among the parts.
    block: u64,
    part: usize,
    /// A call's input that came whole with the block's start; deltas replace it.
    input: Option<String>,
}

#[derive(Deserialize)]
struct Said<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(default)]
    index: u64,
    #[serde(default, borrow)]
    message: Option<Message<'a>>,
    #[serde(default, borrow)]
    content_block: Option<Block<'a>>,
    #[serde(default)]
    delta: Option<Delta>,
    #[serde(default)]
    error: Option<Failure>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Delta {
    text: Option<String>,
    thinking: Option<String>,
    partial_json: Option<String>,
    signature: Option<String>,
    stop_reason: Option<String>,
    stop_sequence: Option<String>,
}

#[derive(Deserialize)]
struct Failure {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    message: String,
}

impl Reader {
    /// The next frame.
    pub fn push(&mut self, frame: Frame<'_>) -> Result<Vec<Event>, Garbage> {
        if self.over {
            return Ok(Vec::new());
        }
        let said: Said<'_> =
            serde_json::from_slice(frame.data).map_err(|_| garbage("a malformed event"))?;
        let mut events = Vec::new();
        match said.kind.as_ref() {
            "message_start" => self.start(&said, frame.data, &mut events)?,
            "content_block_start" => self.open(said, &mut events)?,
            "content_block_delta" => self.delta(said, &mut events)?,
            "content_block_stop" => self.close(said.index, &mut events),
            "message_delta" => {
                let usage = usage::read::message_delta(frame.data, self.usage.as_ref());
                events.extend(usage.as_ref().map(|said| Event::Usage(said.tokens)));
                self.usage = usage.or(self.usage.take());
                let delta = said.delta.unwrap_or_default();
                if delta.stop_reason.is_some() {
                    let stop = stop(delta.stop_reason.as_deref(), delta.stop_sequence);
                    events.push(Event::Stop(stop));
                }
            }
            "message_stop" => {
                self.begun()?;
                while let Some(open) = self.open.first() {
                    self.close(open.block, &mut events);
                }
                events.push(Event::End);
                self.over = true;
            }
            "error" => {
                let failure = said
                    .error
                    .ok_or_else(|| garbage("an error without a word"))?;
                events.push(Event::Failed {
                    kind: failure.kind,
                    message: failure.message,
                });
                self.over = true;
            }
            // `ping`, and what is to come.
            _ => {}
        }
        Ok(events)
    }

    /// The body is over.
    pub fn finish(&mut self) -> Result<Vec<Event>, Garbage> {
        if self.over {
            return Ok(Vec::new());
        }
        Err(garbage("not finished"))
    }

    fn begun(&self) -> Result<(), Garbage> {
        if self.started {
            Ok(())
        } else {
            Err(garbage("without a beginning"))
        }
    }

    fn start(
        &mut self,
        said: &Said<'_>,
        data: &[u8],
        events: &mut Vec<Event>,
    ) -> Result<(), Garbage> {
        let message = said
            .message
            .as_ref()
            .ok_or_else(|| garbage("without a message"))?;
        if std::mem::replace(&mut self.started, true) {
            return Err(garbage("two messages"));
        }
        self.usage = usage::read::message_start(data);
        events.push(Event::Start {
            id: message.id.clone(),
            model: message.model.clone(),
            usage: self.usage.as_ref().map(|said| said.tokens),
        });
        Ok(())
    }

    fn open(&mut self, said: Said<'_>, events: &mut Vec<Event>) -> Result<(), Garbage> {
        self.begun()?;
        let block = said
            .content_block
            .ok_or_else(|| garbage("a start without a block"))?;
        let index = self.opened;
        let mut text = None;
        let mut signature = None;
        let mut input = None;
        let opening = match block.kind.as_ref() {
            "text" => {
                text = block.text;
                Opening::Text
            }
            "thinking" => {
                (text, signature) = (block.thinking, block.signature);
                Opening::Reasoning
            }
            "redacted_thinking" => Opening::SealedReasoning(block.data.unwrap_or_default()),
            "tool_use" => {
                let (Some(id), Some(name)) = (block.id, block.name) else {
                    return Err(garbage("a call without an id or a name"));
                };
                input = block.input.map(|input| input.get().to_owned());
                Opening::ToolCall {
                    id,
                    name,
                    signature: None,
                }
            }
            // Of a kind that was not asked for: nothing in it for the caller.
            _ => return Ok(()),
        };
        self.opened += 1;
        self.open.push(Open {
            block: said.index,
            part: index,
            input,
        });
        events.push(Event::Open { index, opening });
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            events.push(Event::Delta { index, text });
        }
        if let Some(signature) = signature.filter(|signature| !signature.is_empty()) {
            events.push(Event::Signature { index, signature });
        }
        Ok(())
    }

    fn delta(&mut self, said: Said<'_>, events: &mut Vec<Event>) -> Result<(), Garbage> {
        let delta = said
            .delta
            .ok_or_else(|| garbage("a delta without a word"))?;
        let Some(open) = self.open.iter_mut().find(|open| open.block == said.index) else {
            return Ok(());
        };
        let index = open.part;
        if delta
            .partial_json
            .as_ref()
            .is_some_and(|json| !json.is_empty())
        {
            open.input = None;
        }
        let text = delta.text.or(delta.thinking).or(delta.partial_json);
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            events.push(Event::Delta { index, text });
        }
        if let Some(signature) = delta.signature {
            events.push(Event::Signature { index, signature });
        }
        Ok(())
    }

    fn close(&mut self, block: u64, events: &mut Vec<Event>) {
        let Some(at) = self.open.iter().position(|open| open.block == block) else {
            return;
        };
        let open = self.open.remove(at);
        let whole = open.input.filter(|input| input != "{}");
        if let Some(text) = whole {
            events.push(Event::Delta {
                index: open.part,
                text,
            });
        }
        events.push(Event::Close { index: open.part });
    }
}
