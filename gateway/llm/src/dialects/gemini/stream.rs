//! A streamed answer of Gemini's. Each frame holds the next parts of the first candidate; nothing but the end of the
//! body says that it was the last.

use gateway_domain::money::Tokens;
use serde_json::Value;

use super::{marked, usage};
use crate::{
    ir::{Event, Garbage, Opening, Stop},
    sse::Frame,
};

/// Reads a streamed answer.
#[derive(Default)]
pub struct Reader {
    started: bool,
    over: bool,
    id: String,
    /// How many parts were opened.
    parts: usize,
    /// The part that goes on growing.
    open: Option<(usize, Growing)>,
    calls: usize,
    stop: Option<Stop>,
    usage: Option<Tokens>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Growing {
    Text,
    Thoughts,
}

impl Reader {
    /// Reads the next frame.
    pub fn push(&mut self, frame: Frame<'_>) -> Result<Vec<Event>, Garbage> {
        let mut events = Vec::new();
        if self.over || frame.data.trim_ascii().is_empty() {
            return Ok(events);
        }
        let body: Value = serde_json::from_slice(frame.data)
            .map_err(|error| Garbage(format!("a frame is not JSON: {error}")))?;
        if !body.is_object() {
            return Err(Garbage("a frame is not a JSON object".into()));
        }
        if body["error"].is_object() {
            let kind = failure(body["error"]["status"].as_str().unwrap_or_default());
            self.fail(kind, body["error"]["message"].as_str(), &mut events);
            return Ok(events);
        }
        self.start(&body, &mut events);
        if let Some(tokens) = usage(&body["usageMetadata"])
            && self.usage != Some(tokens)
        {
            self.usage = Some(tokens);
            events.push(Event::Usage(tokens));
        }
        let candidate = &body["candidates"][0];
        for part in candidate["content"]["parts"]
            .as_array()
            .into_iter()
            .flatten()
        {
            self.part(part, &mut events);
        }
        if let Some(reason) = candidate["finishReason"].as_str() {
            self.finished(reason, &mut events);
        } else if body["promptFeedback"]["blockReason"].is_string() && candidate.is_null() {
            self.stop = Some(Stop::Filtered);
        }
        Ok(events)
    }

    /// The body is over.
    pub fn finish(&mut self) -> Result<Vec<Event>, Garbage> {
        let mut events = Vec::new();
        if self.over {
            return Ok(events);
        }
        let Some(stop) = self.stop.take() else {
            return Err(Garbage("the answer ended before its finishReason".into()));
        };
        self.over = true;
        self.close(&mut events);
        events.push(Event::Stop(stop));
        events.push(Event::End);
        Ok(events)
    }

    fn start(&mut self, body: &Value, events: &mut Vec<Event>) {
        if self.started {
            return;
        }
        self.started = true;
        if let Some(id) = body["responseId"].as_str() {
            id.clone_into(&mut self.id);
        }
        self.usage = usage(&body["usageMetadata"]);
        events.push(Event::Start {
            id: self.id.clone(),
            model: body["modelVersion"].as_str().unwrap_or_default().to_owned(),
            usage: self.usage,
        });
    }

    fn part(&mut self, part: &Value, events: &mut Vec<Event>) {
        let signature = part["thoughtSignature"].as_str();
        if part["functionCall"].is_object() {
            self.call(&part["functionCall"], signature, events);
        } else if let Some(text) = part["text"].as_str() {
            if part["thought"] == true {
                self.grow(Growing::Thoughts, text, signature, events);
            } else {
                self.grow(Growing::Text, text, None, events);
            }
        } else if let (Some(media_type), Some(data)) = (
            part["inlineData"]["mimeType"].as_str(),
            part["inlineData"]["data"].as_str(),
        ) {
            // No caller's protocol has a place for media in an answer that streams; as Markdown they arrive whole.
            let text = format!("![](data:{media_type};base64,{data})");
            self.grow(Growing::Text, &text, None, events);
        }
    }

    fn grow(
        &mut self,
        kind: Growing,
        text: &str,
        signature: Option<&str>,
        events: &mut Vec<Event>,
    ) {
        if text.is_empty() && signature.is_none() {
            return;
        }
        let index = match self.open {
            Some((index, growing)) if growing == kind => index,
            _ => self.open(kind, events),
        };
        if !text.is_empty() {
            events.push(Event::Delta {
                index,
                text: text.to_owned(),
            });
        }
        if let Some(signature) = signature {
            events.push(Event::Signature {
                index,
                signature: marked(signature),
            });
            // A signature ends its thoughts: what follows has its own.
            self.close(events);
        }
    }

    fn open(&mut self, kind: Growing, events: &mut Vec<Event>) -> usize {
        self.close(events);
        let index = self.next();
        self.open = Some((index, kind));
        events.push(Event::Open {
            index,
            opening: match kind {
                Growing::Text => Opening::Text,
                Growing::Thoughts => Opening::Reasoning,
            },
        });
        index
    }

    fn close(&mut self, events: &mut Vec<Event>) {
        if let Some((index, _)) = self.open.take() {
            events.push(Event::Close { index });
        }
    }

    fn next(&mut self) -> usize {
        self.parts += 1;
        self.parts - 1
    }

    /// A call comes whole.
    fn call(&mut self, call: &Value, signature: Option<&str>, events: &mut Vec<Event>) {
        self.close(events);
        let name = call["name"].as_str().unwrap_or_default();
        let arguments = match &call["args"] {
            Value::Null => String::new(),
            args => args.to_string(),
        };
        let id = match call["id"].as_str() {
            Some(id) if !id.is_empty() => id.to_owned(),
            _ => made_up_id(&self.id, self.calls, name, &arguments),
        };
        self.calls += 1;
        let index = self.next();
        events.push(Event::Open {
            index,
            opening: Opening::ToolCall {
                id,
                name: name.to_owned(),
                signature: signature.map(marked),
            },
        });
        if !arguments.is_empty() {
            events.push(Event::Delta {
                index,
                text: arguments,
            });
        }
        events.push(Event::Close { index });
    }

    fn finished(&mut self, reason: &str, events: &mut Vec<Event>) {
        self.stop = Some(match reason {
            "STOP" if self.calls > 0 => Stop::ToolUse,
            "STOP" => Stop::End,
            "MAX_TOKENS" => Stop::Length,
            // The model meant to call a tool and failed to: no answer that a client could go on from.
            "MALFORMED_FUNCTION_CALL"
            | "MALFORMED_RESPONSE"
            | "MISSING_THOUGHT_SIGNATURE"
            | "TOO_MANY_TOOL_CALLS"
            | "UNEXPECTED_TOOL_CALL" => {
                let message = "The model wrote a tool call that cannot be read.";
                return self.fail(&reason.to_ascii_lowercase(), Some(message), events);
            }
            _ => Stop::Filtered,
        });
    }

    fn fail(&mut self, kind: &str, message: Option<&str>, events: &mut Vec<Event>) {
        // What is open stays so: closed, half an answer would look like a whole one.
        self.over = true;
        events.push(Event::Failed {
            kind: kind.to_owned(),
            message: message.unwrap_or("The model's provider failed.").to_owned(),
        });
    }
}

/// Google's word for a failure in those that the conversation knows. Its refusal of the gateway's credentials is not the
/// caller's matter.
fn failure(status: &str) -> &'static str {
    match status {
        "RESOURCE_EXHAUSTED" => "rate_limit_error",
        "UNAVAILABLE" => "overloaded_error",
        "DEADLINE_EXCEEDED" => "timeout_error",
        "INVALID_ARGUMENT" | "FAILED_PRECONDITION" => "invalid_request_error",
        _ => "server_error",
    }
}

/// Gemini's calls need no ids, its callers' do: unique in a conversation, the same whenever the same answer is read, and of
/// letters that every protocol allows in an id.
fn made_up_id(answer: &str, call: usize, name: &str, arguments: &str) -> String {
    let kept: String = answer
        .chars()
        .filter(|it| it.is_ascii_alphanumeric() || matches!(it, '-' | '_'))
        .take(40)
        .collect();
    if !kept.is_empty() {
        return format!("call_{kept}_{call}");
    }
    let hash = name
        .bytes()
        .chain(arguments.bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    format!("call_{hash:016x}_{call}")
}
