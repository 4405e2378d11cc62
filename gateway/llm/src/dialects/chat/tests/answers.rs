use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{Reader, read};
use crate::{
    callers::any_json::any_json,
    ir::{Content, Event, Garbage, Opening, Stop},
    sse::{Frame, Splitter},
};

#[test]
fn an_answer_is_read() {
    let body = json!({
        "id": "x", "model": "m", "object": "chat.completion",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {
            "role": "assistant", "content": "Look.", "refusal": null, "reasoning": "Hm.",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"},
                 "extra_content": {"google": {"thought_signature": "mark"}}},
                {"id": "", "type": "function", "function": {"name": "g", "arguments": {"b": 2}}},
            ],
        }}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15,
            "prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 2}},
    });
    let reply = read(body.to_string().as_bytes()).unwrap();
    assert_eq!((reply.id.as_str(), reply.model.as_str()), ("x", "m"));
    assert_eq!(reply.stop, Stop::ToolUse);
    let usage = reply.usage.unwrap();
    assert_eq!(
        (usage.input, usage.cache_read, usage.output, usage.reasoning),
        (6, 4, 5, 2)
    );
    let thoughts = Content::Reasoning {
        text: "Hm.".to_owned(),
        signature: None,
    };
    let call = |id: &str, name: &str, arguments: &str, signature: Option<&str>| Content::ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_owned(),
        signature: signature.map(str::to_owned),
    };
    let contents: Vec<_> = reply.parts.into_iter().map(|part| part.content).collect();
    assert_eq!(
        contents,
        [
            thoughts,
            Content::Text("Look.".to_owned()),
            call("c1", "f", "{\"a\": 1}", Some("mark")),
            call("call_x_1", "g", "{\"b\":2}", None),
        ]
    );
}

#[test]
fn why_it_stopped_is_read() {
    for (reason, stop) in [
        ("stop", Stop::End),
        ("length", Stop::Length),
        ("content_filter", Stop::Filtered),
        ("function_call", Stop::ToolUse),
        ("eos", Stop::End),
    ] {
        let body = json!({"choices": [{"message": {"content": "x"}, "finish_reason": reason}]});
        assert_eq!(read(body.to_string().as_bytes()).unwrap().stop, stop);
    }
}

#[test]
fn what_is_no_answer_is_garbage() {
    for body in [
        "",
        "null",
        "[]",
        "{}",
        "<html>",
        r#"{"choices":[]}"#,
        r#"{"choices":[{}]}"#,
        r#"{"choices":7}"#,
        r#"{"error":{"message":"x"}}"#,
        r#"{"choices":[{"message":{"tool_calls":[{"id":"c"}]}}]}"#,
        r#"{"choices":[{"message":{"content":"x"},"finish_reason":"insufficient_system_resource"}]}"#,
    ] {
        assert!(read(body.as_bytes()).is_err(), "{body}");
    }
}

/// The events of a stream whose body is cut into pieces of `size`.
fn events(stream: &str, size: usize) -> Result<Vec<Event>, Garbage> {
    let mut splitter = Splitter::new(1 << 20);
    let mut reader = Reader::default();
    let mut events = Vec::new();
    let mut failure = None;
    for bytes in stream.as_bytes().chunks(size) {
        let each = |frame: Frame<'_>| match reader.push(frame) {
            Ok(more) => events.extend(more),
            Err(garbage) => failure = failure.take().or(Some(garbage)),
        };
        splitter.push(bytes, each).unwrap();
    }
    if let Some(garbage) = failure {
        return Err(garbage);
    }
    events.extend(reader.finish()?);
    Ok(events)
}

fn frames(chunks: &[Value]) -> String {
    chunks.iter().fold(String::new(), |all, chunk| {
        all + &format!("data: {chunk}\n\n")
    })
}

fn chunk(delta: &Value) -> Value {
    json!({"id": "x", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

fn finish(reason: &str) -> Value {
    json!({"id": "x", "model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

fn tool_delta(call: &Value) -> Value {
    chunk(&json!({"tool_calls": [call]}))
}

fn lines(events: &[Event]) -> String {
    events
        .iter()
        .fold(String::new(), |all, event| all + &format!("{event:?}\n"))
}

#[test]
fn a_stream_is_read() {
    let usage = json!({"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5});
    let stream = frames(&[
        json!({"id": "", "model": "", "choices": [], "prompt_filter_results": []}),
        chunk(&json!({"role": "assistant", "content": ""})),
        chunk(&json!({"reasoning_content": "H"})),
        chunk(&json!({"reasoning_content": "m"})),
        chunk(&json!({"content": "Lo"})),
        chunk(&json!({"content": "ok"})),
        tool_delta(
            &json!({"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}),
        ),
        tool_delta(
            &json!({"index": 1, "id": "b", "type": "function", "function": {"name": "g", "arguments": "{"}}),
        ),
        tool_delta(&json!({"index": 0, "function": {"arguments": "{}"}})),
        tool_delta(&json!({"index": 1, "id": "b", "function": {"name": "", "arguments": "}"}})),
        finish("tool_calls"),
        json!({"id": "x", "choices": [], "usage": usage}),
    ]) + "data: [DONE]\n\n";
    let whole = events(&stream, stream.len()).unwrap();
    insta::assert_snapshot!(lines(&whole), @r#"
    Start { id: "x", model: "m", usage: None }
    Open { index: 0, opening: Reasoning }
    Delta { index: 0, text: "H" }
    Delta { index: 0, text: "m" }
    Close { index: 0 }
    Open { index: 1, opening: Text }
    Delta { index: 1, text: "Lo" }
    Delta { index: 1, text: "ok" }
    Close { index: 1 }
    Open { index: 2, opening: ToolCall { id: "a", name: "f", signature: None } }
    Open { index: 3, opening: ToolCall { id: "b", name: "g", signature: None } }
    Delta { index: 3, text: "{" }
    Delta { index: 2, text: "{}" }
    Delta { index: 3, text: "}" }
    Close { index: 2 }
    Close { index: 3 }
    Stop(ToolUse)
    Usage(Tokens { input: 3, output: 2, cache_read: 0, cache_write: 0, cache_write_1h: 0, reasoning: 0, audio_input: 0, audio_output: 0, image_input: 0 })
    End
    "#);
    for size in 1..=stream.len() {
        assert_eq!(events(&stream, size).unwrap(), whole);
    }
}

#[test]
fn providers_that_stray_are_understood() {
    // Usage beside the choices, no role, no [DONE], thoughts as `reasoning`.
    let mut last = finish("stop");
    last["usage"] = json!({"prompt_tokens": 3, "completion_tokens": 2});
    let stream = frames(&[
        chunk(&json!({"reasoning": "Hm"})),
        chunk(&json!({"content": "A"})),
        last,
    ]);
    insta::assert_snapshot!(lines(&events(&stream, 99).unwrap()), @r#"
    Start { id: "x", model: "m", usage: None }
    Open { index: 0, opening: Reasoning }
    Delta { index: 0, text: "Hm" }
    Close { index: 0 }
    Open { index: 1, opening: Text }
    Delta { index: 1, text: "A" }
    Close { index: 1 }
    Stop(End)
    Usage(Tokens { input: 3, output: 2, cache_read: 0, cache_write: 0, cache_write_1h: 0, reasoning: 0, audio_input: 0, audio_output: 0, image_input: 0 })
    End
    "#);
    // Calls without numbers, and all with the same; Mistral's thoughts; usage of Groq's kind.
    let stream = frames(&[
        chunk(
            &json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}]}),
        ),
        tool_delta(&json!({"id": "a", "function": {"name": "f", "arguments": "{}"}})),
        tool_delta(&json!({"id": "b", "function": {"name": "g", "arguments": "{}"}})),
        tool_delta(&json!({"index": 0, "id": "c", "function": {"name": "h", "arguments": "{}"}})),
        tool_delta(&json!({"index": 0, "id": "d", "function": {"name": "i", "arguments": "{"}})),
        tool_delta(&json!({"index": 0, "function": {"arguments": "}"}})),
        finish("stop"),
        json!({"choices": [], "x_groq": {"usage": {"prompt_tokens": 1, "completion_tokens": 1}}}),
    ]);
    insta::assert_snapshot!(lines(&events(&stream, 99).unwrap()), @r#"
    Start { id: "x", model: "m", usage: None }
    Open { index: 0, opening: Reasoning }
    Delta { index: 0, text: "Hm" }
    Close { index: 0 }
    Open { index: 1, opening: ToolCall { id: "a", name: "f", signature: None } }
    Delta { index: 1, text: "{}" }
    Open { index: 2, opening: ToolCall { id: "b", name: "g", signature: None } }
    Delta { index: 2, text: "{}" }
    Open { index: 3, opening: ToolCall { id: "c", name: "h", signature: None } }
    Delta { index: 3, text: "{}" }
    Open { index: 4, opening: ToolCall { id: "d", name: "i", signature: None } }
    Delta { index: 4, text: "{" }
    Delta { index: 4, text: "}" }
    Close { index: 1 }
    Close { index: 2 }
    Close { index: 3 }
    Close { index: 4 }
    Stop(ToolUse)
    Usage(Tokens { input: 1, output: 1, cache_read: 0, cache_write: 0, cache_write_1h: 0, reasoning: 0, audio_input: 0, audio_output: 0, image_input: 0 })
    End
    "#);
}

#[test]
fn a_stream_that_breaks_off_is_garbage() {
    let begun = frames(&[chunk(&json!({"content": "A"}))]);
    for stream in [
        String::new(),
        begun.clone(),
        format!("{begun}data: [DONE]\n\n"),
        format!("{begun}data: {{\n\n"),
        format!("{begun}data: [1]\n\n"),
        frames(&[
            tool_delta(&json!({"index": 0, "id": "a"})),
            finish("tool_calls"),
        ]),
        frames(&[chunk(&json!({"content": "A"})), finish("error")]),
    ] {
        assert!(events(&stream, 7).is_err(), "{stream}");
    }
}

#[test]
fn a_failure_in_a_stream_is_its_last_event() {
    let stream = frames(&[
        chunk(&json!({"content": "A"})),
        json!({"error": {"message": "Overloaded", "type": "server_error", "code": 502}}),
        chunk(&json!({"content": "B"})),
    ]);
    let failed = Event::Failed {
        kind: "server_error".to_owned(),
        message: "Overloaded".to_owned(),
    };
    assert_eq!(events(&stream, 5).unwrap().last(), Some(&failed));
    let stream = frames(&[json!({"error": "gone"})]);
    let failed = Event::Failed {
        kind: "server_error".to_owned(),
        message: "gone".to_owned(),
    };
    assert_eq!(events(&stream, 5).unwrap(), [failed]);
}

/// Parts are opened in order, once, and each is closed.
fn is_proper(events: &[Event]) -> bool {
    let mut open = Vec::new();
    let mut next = 0;
    for event in events {
        match event {
            Event::Open { index, opening } => {
                if *index != next
                    || matches!(opening, Opening::ToolCall { name, .. } if name.is_empty())
                {
                    return false;
                }
                next += 1;
                open.push(*index);
            }
            Event::Delta { index, .. } if !open.contains(index) => return false,
            Event::Close { index } => {
                let before = open.len();
                open.retain(|other| other != index);
                if open.len() + 1 != before {
                    return false;
                }
            }
            _ => {}
        }
    }
    open.is_empty() && matches!(events.last(), Some(Event::End))
}

fn any_delta() -> impl Strategy<Value = Value> {
    let text = ".{0,3}";
    let call = (
        prop::option::of(0..3_u64),
        prop::option::of("[ab]"),
        prop::option::of("[fg]{0,1}"),
        text,
    );
    prop_oneof![
        text.prop_map(|text| chunk(&json!({"content": text}))),
        text.prop_map(|text| chunk(&json!({"refusal": text}))),
        text.prop_map(|text| chunk(&json!({"reasoning_content": text}))),
        call.prop_map(|(index, id, name, text)| {
            tool_delta(
                &json!({"index": index, "id": id, "function": {"name": name, "arguments": text}}),
            )
        }),
        Just(finish("stop")),
    ]
}

proptest! {
    #[test]
    fn every_stream_is_proper_or_garbage(deltas in prop::collection::vec(any_delta(), 0..12)) {
        if let Ok(events) = events(&frames(&deltas), 16) {
            prop_assert!(is_proper(&events), "{}", lines(&events));
        }
    }

    #[test]
    fn no_json_panics(body in any_json()) {
        let text = body.to_string();
        let _ = read(text.as_bytes());
        let _ = read(json!({"choices": [{"message": body}]}).to_string().as_bytes());
        let _ = events(&frames(&[chunk(&body), body]), 64);
        let _ = events(&format!("data: {text}\n\n"), 64);
    }
}
