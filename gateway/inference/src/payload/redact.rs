//! The shape of a body without what is said in it.

use serde_json::{Map, Value};

/// Fields whose texts are words of the protocols or ids, not of people.
const STRUCTURAL: [&str; 22] = [
    "role",
    "type",
    "model",
    "object",
    "status",
    "stop_reason",
    "finish_reason",
    "native_finish_reason",
    "id",
    "item_id",
    "response_id",
    "call_id",
    "tool_call_id",
    "tool_use_id",
    "previous_response_id",
    "code",
    "detail",
    "effort",
    "service_tier",
    "encoding_format",
    "media_type",
    "system_fingerprint",
];
/// The longest text that can be such a word.
const LONGEST: usize = 128;

/// A body with every text replaced by its length. Of a stream every event's data. What is no JSON, or was cut so that it is
/// none any more, is replaced as a whole.
pub(super) fn redacted(body: &[u8], whole: bool) -> String {
    if body.is_empty() {
        return String::new();
    }
    if whole && let Ok(value) = serde_json::from_slice::<Value>(body) {
        return shape(value).to_string();
    }
    let text = String::from_utf8_lossy(body);
    let is_stream = text
        .lines()
        .find(|line| !line.is_empty())
        .is_some_and(|line| {
            line.starts_with("event:") || line.starts_with("data:") || line.starts_with(':')
        });
    if !is_stream {
        return length(&text);
    }
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn line(line: &str) -> String {
    let Some(data) = line.strip_prefix("data:") else {
        // Names of events are the protocol's; comments may be anything.
        return if line.is_empty() || line.starts_with("event:") {
            line.to_owned()
        } else {
            length(line)
        };
    };
    let data = data.trim_start();
    match serde_json::from_str::<Value>(data) {
        Ok(value) => format!("data: {}", shape(value)),
        Err(_) if data == "[DONE]" => line.to_owned(),
        Err(_) => format!("data: {}", length(data)),
    }
}

fn shape(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(length(&text)),
        Value::Array(items) => items.into_iter().map(shape).collect(),
        Value::Object(members) => Value::Object(shape_of_members(members)),
        Value::Number(number) => Value::Number(number),
        other => other,
    }
}

fn shape_of_members(members: Map<String, Value>) -> Map<String, Value> {
    let is_tool = members.contains_key("parameters")
        || members.contains_key("input_schema")
        || members.contains_key("arguments")
        || members.contains_key("input");
    members
        .into_iter()
        .map(|(name, value)| {
            let value = match value {
                Value::String(text) if keeps(&name, &text, is_tool) => Value::String(text),
                // Keys of arguments are what the caller's schema says; their texts are people's.
                other => shape(other),
            };
            (name, value)
        })
        .collect()
}

fn keeps(name: &str, text: &str, is_tool: bool) -> bool {
    let is_structural = STRUCTURAL.contains(&name) || (is_tool && name == "name");
    is_structural
        && text.len() <= LONGEST
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/@".contains(&byte))
}

fn length(text: &str) -> String {
    format!("[{} characters]", text.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_shape_is_left() {
        let body = r#"{"model":"m-1","temperature":0.5,"messages":[{"role":"user","content":"my secret"},
            {"role":"user","name":"Ada","content":[{"type":"text","text":"grüße"}]}],
            "tools":[{"type":"function","function":{"name":"look_up","description":"of ours","parameters":{"type":"object"}}}],
            "status":"a secret said in a place for words"}"#;
        assert_eq!(
            redacted(body.as_bytes(), true),
            r#"{"model":"m-1","temperature":0.5,"messages":[{"role":"user","content":"[9 characters]"},{"role":"user","name":"[3 characters]","content":[{"type":"text","text":"[5 characters]"}]}],"tools":[{"type":"function","function":{"name":"look_up","description":"[7 characters]","parameters":{"type":"object"}}}],"status":"[34 characters]"}"#
        );
    }

    #[test]
    fn a_stream_keeps_its_events() {
        let stream = "event: delta\ndata: {\"type\":\"text\",\"text\":\"secret\"}\n\ndata: [DONE]\n\ndata: {\"text\":\"sec";
        assert_eq!(
            redacted(stream.as_bytes(), true),
            "event: delta\ndata: {\"type\":\"text\",\"text\":\"[6 characters]\"}\n\ndata: [DONE]\n\ndata: [12 characters]"
        );
    }

    #[test]
    fn what_is_no_json_is_a_length() {
        assert_eq!(redacted(b"secret", true), "[6 characters]");
        assert_eq!(redacted(br#"{"a":"secret"}"#, false), "[14 characters]");
        assert_eq!(redacted(b"", true), "");
    }
}
