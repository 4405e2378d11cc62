//! The three protocols that callers speak: their requests into [`ir`](crate::ir), and answers back into theirs.

#[cfg(test)]
pub(crate) mod any_json;
pub(crate) mod chat;
pub mod errors;
mod fields;
mod free_text;
pub(crate) mod messages;
mod one_call;
mod openai;
pub(crate) mod responses;

use std::sync::Arc;

use gateway_domain::ledger::Surface;

use self::one_call::OneCall;
use crate::ir::{Event, Reply, Request, Unsupported};

/// What an answer says of itself, beside what the model said.
#[derive(Clone, Debug)]
pub struct Rendering {
    /// Our id of the request, without hyphens.
    pub id: String,
    /// The model as the caller named it.
    pub model: String,
    /// When the call was made, in seconds since 1970.
    pub created: i64,
    /// Whether a chat caller asked for the usage at the end of a stream.
    pub include_usage: bool,
    /// The request that is answered.
    pub request: Arc<Request>,
}

/// Reads a caller's request. Fails with the field's name at anything that the protocol does not know or that no translated
/// upstream could be told of.
pub fn parse(surface: Surface, body: &[u8]) -> Result<Request, Unsupported> {
    match surface {
        Surface::Chat => chat::parse(body),
        Surface::Responses => responses::parse(body),
        Surface::Messages | Surface::CountTokens => messages::parse(body),
        Surface::Embeddings => Err(Unsupported::new("input", "embeddings are no conversation")),
    }
}

/// The JSON body of an answer in the caller's protocol.
pub fn reply(surface: Surface, reply: &Reply, rendering: &Rendering) -> Vec<u8> {
    let reply = one_call::of_reply(reply, &rendering.request);
    match surface {
        Surface::Chat | Surface::Embeddings => chat::reply(&reply, rendering),
        Surface::Responses => responses::reply(&reply, rendering),
        Surface::Messages | Surface::CountTokens => messages::reply(&reply, rendering),
    }
}

/// Turns the events of a streamed answer into the frames of the caller's protocol.
pub struct StreamRenderer {
    one_call: OneCall,
    renderer: Renderer,
}

enum Renderer {
    Chat(chat::Renderer),
    Responses(Box<responses::Renderer>),
    Messages(messages::Renderer),
}

impl StreamRenderer {
    /// For an answer on `surface`.
    pub fn new(surface: Surface, rendering: Rendering) -> Self {
        let one_call = OneCall::new(&rendering.request);
        let renderer = match surface {
            Surface::Chat | Surface::Embeddings => Renderer::Chat(chat::Renderer::new(rendering)),
            Surface::Responses => {
                Renderer::Responses(Box::new(responses::Renderer::new(rendering)))
            }
            Surface::Messages | Surface::CountTokens => {
                Renderer::Messages(messages::Renderer::new(rendering))
            }
        };
        Self { one_call, renderer }
    }

    /// Appends whole SSE frames to `out`: none, one or several. The protocol's own end (`[DONE]`, `response.completed`,
    /// `message_stop`) follows [`Event::End`]; [`Event::Failed`] becomes the protocol's error, and no end follows.
    pub fn push(&mut self, event: Event, out: &mut Vec<u8>) {
        let Some(event) = self.one_call.pass(event) else {
            return;
        };
        match &mut self.renderer {
            Renderer::Chat(renderer) => renderer.push(event, out),
            Renderer::Responses(renderer) => renderer.push(event, out),
            Renderer::Messages(renderer) => renderer.push(event, out),
        }
    }
}
