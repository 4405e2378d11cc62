//! What whole answers and chunks say alike.

use std::borrow::Cow;

use gateway_domain::money::Tokens;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    ir::{Garbage, Stop},
    usage,
};

/// A whole answer, or a chunk of one.
#[derive(Deserialize)]
pub(super) struct Answer {
    #[serde(default)]
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) model: Option<String>,
    #[serde(default)]
    pub(super) choices: Option<Vec<Choice>>,
    #[serde(default)]
    pub(super) usage: Option<Value>,
    #[serde(default)]
    pub(super) x_groq: Option<Value>,
    #[serde(default)]
    pub(super) error: Option<Value>,
}

#[derive(Deserialize)]
pub(super) struct Choice {
    #[serde(default)]
    pub(super) index: Option<u64>,
    #[serde(default, alias = "delta")]
    pub(super) message: Option<Message>,
    #[serde(default)]
    pub(super) finish_reason: Option<String>,
}

/// A message, or what is added to one.
#[derive(Default, Deserialize)]
pub(super) struct Message {
    #[serde(default)]
    pub(super) content: Option<Value>,
    #[serde(default)]
    pub(super) refusal: Option<String>,
    #[serde(default)]
    reasoning_content: Option<String>,
    #[serde(default)]
    reasoning: Option<Value>,
    #[serde(default)]
    pub(super) tool_calls: Option<Vec<ToolCall>>,
}

#[derive(Deserialize)]
pub(super) struct ToolCall {
    #[serde(default)]
    pub(super) index: Option<u64>,
    #[serde(default)]
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) function: Option<Function>,
    #[serde(default)]
    extra_content: Option<Value>,
}

#[derive(Default, Deserialize)]
pub(super) struct Function {
    #[serde(default)]
    pub(super) name: Option<String>,
    /// JSON as text; as an object from some who misread the protocol.
    #[serde(default)]
    arguments: Option<Value>,
}

impl Answer {
    /// Reads one.
    pub(super) fn read(data: &[u8]) -> Result<Self, Garbage> {
        serde_json::from_slice(data).map_err(|error| {
            Garbage(format!(
                "not what chat completions answer, at line {}, column {}",
                error.line(),
                error.column()
            ))
        })
    }

    /// What it used, wherever the provider says it.
    pub(super) fn tokens(&self) -> Option<Tokens> {
        let of_groq = || self.x_groq.as_ref().and_then(|groq| groq.get("usage"));
        let usage = self.usage.as_ref().filter(|usage| usage.is_object());
        usage.or_else(of_groq).map(usage::chat_tokens)
    }
}

impl Message {
    /// What the model thought.
    pub(super) fn thoughts(&self) -> Option<&str> {
        let other = || self.reasoning.as_ref().and_then(Value::as_str);
        self.reasoning_content
            .as_deref()
            .or_else(other)
            .filter(|text| !text.is_empty())
    }

    /// Its words in order; `true`: thoughts, as Mistral puts them among the words.
    pub(super) fn words(&self) -> Vec<(bool, Cow<'_, str>)> {
        let mut words: Vec<(bool, Cow<'_, str>)> = Vec::new();
        match &self.content {
            Some(Value::String(text)) => words.push((false, text.as_str().into())),
            Some(Value::Array(parts)) => {
                for part in parts {
                    if let Some(text) = part["text"].as_str() {
                        words.push((false, text.into()));
                    } else if let Some(thoughts) = part["thinking"].as_array() {
                        let texts = thoughts.iter().filter_map(|part| part["text"].as_str());
                        words.push((true, texts.collect::<String>().into()));
                    }
                }
            }
            _ => {}
        }
        words.retain(|(_, text)| !text.is_empty());
        words
    }
}

impl ToolCall {
    /// Gemini's mark, where Google's own chat completions put it.
    pub(super) fn signature(&self) -> Option<String> {
        let mark = self
            .extra_content
            .as_ref()?
            .pointer("/google/thought_signature")?;
        mark.as_str().map(str::to_owned)
    }
}

impl Function {
    /// The JSON text of the arguments, or of a piece of them.
    pub(super) fn arguments(self) -> String {
        match self.arguments {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text,
            Some(other) => other.to_string(),
        }
    }
}

/// Why the model stopped; an error when it did not stop but broke off.
pub(super) fn stop(reason: &str, has_calls: bool) -> Result<Stop, Garbage> {
    Ok(match reason {
        "length" | "max_tokens" | "model_length" => Stop::Length,
        "tool_calls" | "function_call" => Stop::ToolUse,
        "content_filter" | "safety" => Stop::Filtered,
        "stop_sequence" => Stop::Sequence(None),
        "error" | "abort" | "insufficient_system_resource" => {
            return Err(Garbage(format!(
                "the provider broke off: finish_reason {reason}"
            )));
        }
        _ if has_calls => Stop::ToolUse,
        _ => Stop::End,
    })
}
