//! The protocols that providers speak: a call said in their words, and their answers read.
//!
//! A dialect says everything that [`crate::ir`] holds or refuses by the field's name; it leaves out only what is a hint by its
//! nature (cache marks, where the provider caches by itself). All of it is pure.

pub mod chat;
pub mod converse;
pub mod embeddings;
pub mod gemini;
pub mod messages;
mod turns;
mod whole;

use gateway_domain::{ledger::Surface, money::Tokens};
use serde_json::Value;

use crate::{
    ir::{Event, Garbage, Reply, Request, Unsupported},
    sse::Frame,
};

/// A provider's protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// OpenAI's chat completions.
    Chat,
    /// Anthropic's messages.
    Messages,
    /// Google's `generateContent`.
    Gemini,
    /// Amazon's `Converse`.
    Converse,
}

/// To whom a call is written.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The model as the upstream names it.
    pub model: &'a str,
    /// OpenAI itself or Azure: `max_completion_tokens`, `reasoning_effort` and the developer's role are understood. Others
    /// get `max_tokens` and `system`.
    pub is_openai: bool,
}

/// The body of a call, in the dialect's words.
pub fn write(
    dialect: Dialect,
    request: &Request,
    target: &Target<'_>,
) -> Result<Value, Unsupported> {
    match dialect {
        Dialect::Chat => chat::write(request, target),
        Dialect::Messages => messages::write(request, target),
        Dialect::Gemini => gemini::write(request, target),
        Dialect::Converse => converse::write(request, target),
    }
}

/// Reads a whole answer.
pub fn read(dialect: Dialect, body: &[u8]) -> Result<Reply, Garbage> {
    match dialect {
        Dialect::Chat => chat::read(body),
        Dialect::Messages => messages::read(body),
        Dialect::Gemini => gemini::read(body),
        Dialect::Converse => converse::read(body),
    }
}

/// The usage that an answer's body reports, be the rest of it an answer or not: what was used is paid for.
pub fn usage(dialect: Dialect, body: &[u8]) -> Option<Tokens> {
    let native = |surface| crate::usage::of_body(surface, body).map(|it| it.tokens);
    match dialect {
        Dialect::Chat => native(Surface::Chat),
        Dialect::Messages => native(Surface::Messages),
        Dialect::Gemini => gemini::usage_of(body),
        Dialect::Converse => converse::usage_of(body),
    }
}

/// Reads a streamed answer, frame by frame.
pub struct StreamReader(Reader);

enum Reader {
    Chat(Box<chat::Reader>),
    Messages(Box<messages::Reader>),
    Gemini(Box<gemini::Reader>),
    Converse(Box<converse::Reader>),
}

impl StreamReader {
    /// At the beginning of an answer.
    pub fn new(dialect: Dialect) -> Self {
        Self(match dialect {
            Dialect::Chat => Reader::Chat(Box::default()),
            Dialect::Messages => Reader::Messages(Box::default()),
            Dialect::Gemini => Reader::Gemini(Box::default()),
            Dialect::Converse => Reader::Converse(Box::default()),
        })
    }

    /// Reads the next frame. After [`Event::End`] or [`Event::Failed`] nothing more is said.
    pub fn push(&mut self, frame: Frame<'_>) -> Result<Vec<Event>, Garbage> {
        match &mut self.0 {
            Reader::Chat(reader) => reader.push(frame),
            Reader::Messages(reader) => reader.push(frame),
            Reader::Gemini(reader) => reader.push(frame),
            Reader::Converse(reader) => reader.push(frame),
        }
    }

    /// The body is over. Garbage when it ended before the answer did.
    pub fn finish(&mut self) -> Result<Vec<Event>, Garbage> {
        match &mut self.0 {
            Reader::Chat(reader) => reader.finish(),
            Reader::Messages(reader) => reader.finish(),
            Reader::Gemini(reader) => reader.finish(),
            Reader::Converse(reader) => reader.finish(),
        }
    }
}

#[cfg(test)]
mod tests;
