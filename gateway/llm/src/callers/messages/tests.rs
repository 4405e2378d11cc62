use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::{
    callers::Rendering,
    ir::{Content, Part, Reply, Request},
};

mod requests;
mod streams;

fn parts(role: &str, content: &Value) -> Vec<Part> {
    let message = json!({"role": role, "content": content});
    let body = json!({"model": "m", "max_tokens": 100, "messages": [message]}).to_string();
    parse(body.as_bytes()).unwrap().turns.remove(0).parts
}

fn rendering() -> Rendering {
    Rendering {
        id: "abc".into(),
        model: "claude-like".into(),
        created: 0,
        include_usage: false,
        request: Arc::new(Request::default()),
    }
}

fn call(signature: Option<&str>) -> Content {
    Content::ToolCall {
        id: "call_1".into(),
        name: "get".into(),
        arguments: r#"{ "n": 12345678901234567890123, "f": 1.20 }"#.into(),
        signature: signature.map(str::to_owned),
    }
}

fn answer(parts: Vec<Content>, stop: Stop) -> (String, Value) {
    let tokens = Tokens {
        input: 5,
        output: 7,
        cache_read: 11,
        cache_write: 3,
        cache_write_1h: 1,
        reasoning: 2,
        ..Tokens::default()
    };
    let parts = parts.into_iter().map(Part::new).collect();
    let answer = Reply {
        id: "x".into(),
        model: "y".into(),
        parts,
        stop,
        usage: Some(tokens),
    };
    let text = String::from_utf8(reply(&answer, &rendering())).unwrap();
    let value = serde_json::from_str(&text).unwrap();
    (text, value)
}

#[test]
fn an_answer_is_a_message() {
    let thought = Content::Reasoning {
        text: "hm".into(),
        signature: Some("sig".into()),
    };
    let (text, message) = answer(
        vec![thought, Content::Text("Hello".into()), call(None)],
        Stop::ToolUse,
    );
    assert_eq!(
        (&message["id"], &message["model"]),
        (&json!("msg_abc"), &json!("claude-like"))
    );
    assert_eq!(
        (&message["type"], &message["role"]),
        (&json!("message"), &json!("assistant"))
    );
    assert_eq!(
        (&message["stop_reason"], &message["stop_sequence"]),
        (&json!("tool_use"), &Value::Null)
    );
    assert_eq!(
        message["content"][0],
        json!({"type": "thinking", "thinking": "hm", "signature": "sig"})
    );
    assert_eq!(
        message["content"][1],
        json!({"type": "text", "text": "Hello"})
    );
    assert!(
        text.contains(r#""input":{ "n": 12345678901234567890123, "f": 1.20 }"#),
        "{text}"
    );
    assert_eq!(
        message["usage"],
        json!({
            "input_tokens": 5, "cache_creation_input_tokens": 3, "cache_read_input_tokens": 11,
            "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 1},
            "output_tokens": 7, "output_tokens_details": {"thinking_tokens": 2},
        })
    );
}

#[test]
fn every_reason_to_stop_has_a_word() {
    for (stop, reason, sequence) in [
        (Stop::End, "end_turn", Value::Null),
        (Stop::Length, "max_tokens", Value::Null),
        (
            Stop::ContextWindow,
            "model_context_window_exceeded",
            Value::Null,
        ),
        (
            Stop::Sequence(Some("x".into())),
            "stop_sequence",
            json!("x"),
        ),
        (Stop::Filtered, "refusal", Value::Null),
        (Stop::Pause, "pause_turn", Value::Null),
    ] {
        let (_, message) = answer(vec![Content::Text(String::new())], stop);
        assert_eq!(
            (&message["stop_reason"], &message["stop_sequence"]),
            (&json!(reason), &sequence)
        );
    }
    let (_, message) = answer(vec![Content::Refusal("No.".into())], Stop::End);
    assert_eq!(message["stop_reason"], "refusal");
}

#[test]
fn arguments_that_are_no_object_are_not_lost() {
    let input = |arguments: &str| {
        let call = Content::ToolCall {
            id: "a".into(),
            name: "b".into(),
            arguments: arguments.into(),
            signature: None,
        };
        answer(vec![call], Stop::ToolUse).1["content"][0]["input"].clone()
    };
    assert_eq!(input(""), json!({}));
    assert_eq!(input("{\"a\":"), json!({"invalid_json": "{\"a\":"}));
    assert_eq!(input("[1]"), json!({"invalid_json": "[1]"}));
}

#[test]
fn a_mark_on_a_call_survives_the_way_through_the_client() {
    let (_, message) = answer(vec![call(Some("gemini#a\nb"))], Stop::ToolUse);
    let kinds: Vec<_> = message["content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|block| block["type"].clone())
        .collect();
    assert_eq!(kinds, ["redacted_thinking", "tool_use"]);
    let turn = parts("assistant", &message["content"]);
    assert_eq!(turn.len(), 1);
    let Content::ToolCall { signature, .. } = &turn[0].content else {
        panic!()
    };
    assert_eq!(signature.as_deref(), Some("gemini#a\nb"));
}
