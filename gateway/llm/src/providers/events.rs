//! AWS event streams, said as server-sent events.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::{
    BodyError,
    event_stream::{Decoder, Message},
};
use crate::sse::write_frame;

/// Whose events they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speech {
    /// `ConverseStream`: each event under its own name, exceptions too.
    Converse,
    /// `InvokeModelWithResponseStream` of a Claude: Anthropic's events, wrapped; exceptions as Anthropic's `error`.
    Claude,
}

/// Reads an event stream as it comes.
pub(super) struct Events {
    speech: Speech,
    decoder: Decoder,
}

impl Events {
    pub(super) fn new(speech: Speech) -> Self {
        Self {
            speech,
            decoder: Decoder::default(),
        }
    }

    /// The frames that these bytes complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Bytes, BodyError> {
        let mut out = Vec::with_capacity(bytes.len() + 64);
        let speech = self.speech;
        let read = self.decoder.push(bytes, |message| match speech {
            Speech::Converse => {
                converse(&message, &mut out);
                Ok(())
            }
            Speech::Claude => claude(&message, &mut out),
        });
        read.map(|()| Bytes::from(out)).map_err(BodyError::Broken)
    }

    /// The stream is over.
    pub(super) fn finish(&self) -> Result<(), BodyError> {
        if self.decoder.is_between() {
            return Ok(());
        }
        Err(BodyError::Broken("an event is not whole".to_owned()))
    }
}

fn converse(message: &Message<'_>, out: &mut Vec<u8>) {
    if message.kind == "error" {
        let body = json!({"message": message.sentence});
        write_frame(out, Some(message.name), body.to_string().as_bytes());
    } else {
        let empty = message.payload.is_empty();
        let payload = if empty { b"{}" } else { message.payload };
        write_frame(out, Some(message.name), payload);
    }
}

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow)]
    bytes: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Typed<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
}

fn claude(message: &Message<'_>, out: &mut Vec<u8>) -> Result<(), String> {
    if message.kind != "event" {
        refusal(message, out);
        return Ok(());
    }
    if message.name != "chunk" {
        return Ok(());
    }
    let unreadable = |_| "a chunk is not what Bedrock announces".to_owned();
    let chunk: Chunk<'_> = serde_json::from_slice(message.payload).map_err(unreadable)?;
    let event = STANDARD
        .decode(chunk.bytes.as_bytes())
        .map_err(|_| "a chunk is not base64".to_owned())?;
    let typed: Typed<'_> = serde_json::from_slice(&event).map_err(unreadable)?;
    write_frame(out, Some(&typed.kind), &event);
    Ok(())
}

#[derive(Default, Deserialize)]
struct Exception {
    #[serde(default, alias = "Message")]
    message: String,
}

fn refusal(message: &Message<'_>, out: &mut Vec<u8>) {
    let exception: Exception = serde_json::from_slice(message.payload).unwrap_or_default();
    let kind = match message.name {
        "throttlingException" | "ThrottlingException" => "rate_limit_error",
        "serviceUnavailableException" | "ServiceUnavailableException" => "overloaded_error",
        "validationException" | "ValidationException" => "invalid_request_error",
        "modelTimeoutException" | "ModelTimeoutException" => "timeout_error",
        _ => "api_error",
    };
    let sentence = if !exception.message.is_empty() {
        &exception.message
    } else if !message.sentence.is_empty() {
        message.sentence
    } else {
        message.name
    };
    let body = json!({"type": "error", "error": {"type": kind, "message": sentence}});
    write_frame(out, Some("error"), body.to_string().as_bytes());
}
