use gateway_domain::money::Tokens;
use serde_json::{Value, json};

use super::rendering;
use crate::{
    callers::messages::{Renderer, usage},
    ir::{Event, Opening, Stop},
    sse::Splitter,
    testdata,
};

fn rendered(events: Vec<Event>) -> Vec<Value> {
    let mut renderer = Renderer::new(rendering());
    let mut out = Vec::new();
    for event in events {
        renderer.push(event, &mut out);
    }
    let mut frames = Vec::new();
    let pushed = Splitter::new(100_000).push(&out, |frame| {
        let data: Value = serde_json::from_slice(frame.data).unwrap();
        assert_eq!(frame.event, data["type"].as_str());
        frames.push(data);
    });
    pushed.unwrap();
    frames
}

fn open(index: usize, opening: Opening) -> Event {
    Event::Open { index, opening }
}

fn delta(index: usize, text: &str) -> Event {
    Event::Delta {
        index,
        text: text.into(),
    }
}

/// A stream's events, shortened to what tells them apart.
fn outline(frames: &[Value]) -> Vec<String> {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let shortened = |frame: &Value| match word(&frame["type"]).as_str() {
        "content_block_start" => format!(
            "+{} {}",
            frame["index"],
            word(&frame["content_block"]["type"])
        ),
        "content_block_delta" => {
            let delta = &frame["delta"];
            let text = ["text", "thinking", "partial_json", "signature"]
                .map(|key| word(&delta[key]))
                .concat();
            format!("{} {text}", frame["index"])
        }
        "content_block_stop" => format!("-{}", frame["index"]),
        other => other.to_owned(),
    };
    frames.iter().map(shortened).collect()
}

#[test]
fn parts_that_overlap_come_one_after_the_other() {
    let tool = |id: &str, signature: Option<&str>| Opening::ToolCall {
        id: id.into(),
        name: "t".into(),
        signature: signature.map(str::to_owned),
    };
    let tokens = Tokens {
        input: 5,
        output: 9,
        ..Tokens::default()
    };
    let frames = rendered(vec![
        Event::Start {
            id: "x".into(),
            model: "y".into(),
            usage: Some(Tokens {
                input: 5,
                ..Tokens::default()
            }),
        },
        open(0, Opening::Reasoning),
        delta(0, "h"),
        open(1, Opening::Text),
        delta(1, "He"),
        Event::Signature {
            index: 0,
            signature: "si".into(),
        },
        open(2, tool("a", Some("mark"))),
        delta(2, "{\"a\""),
        delta(0, "m"),
        delta(2, ":1}"),
        Event::Signature {
            index: 0,
            signature: "g".into(),
        },
        Event::Close { index: 2 },
        Event::Close { index: 0 },
        delta(1, "llo"),
        open(3, Opening::SealedReasoning("sealed".into())),
        Event::Close { index: 3 },
        Event::Stop(Stop::ToolUse),
        Event::Close { index: 1 },
        Event::Usage(tokens),
        Event::End,
        Event::End,
    ]);
    let expected = [
        "message_start",
        "+0 thinking",
        "0 h",
        "0 m",
        "0 sig",
        "-0",
        "+1 text",
        "1 He",
        "1 llo",
        "-1",
        "+2 redacted_thinking",
        "-2",
        "+3 tool_use",
        "3 {\"a\":1}",
        "-3",
        "+4 redacted_thinking",
        "-4",
        "message_delta",
        "message_stop",
    ];
    assert_eq!(outline(&frames), expected);
    assert_eq!(frames[0]["message"]["usage"]["input_tokens"], 5);
    let last = &frames[frames.len() - 2];
    assert_eq!(
        last["delta"],
        json!({"stop_reason": "tool_use", "stop_sequence": null})
    );
    assert_eq!(last["usage"], usage(&tokens));
}

#[test]
fn a_stream_that_fails_ends_with_an_error_only() {
    let frames = rendered(vec![
        Event::Start {
            id: String::new(),
            model: String::new(),
            usage: None,
        },
        open(0, Opening::Text),
        delta(0, "a"),
        Event::Failed {
            kind: "server_error".into(),
            message: "Oops".into(),
        },
        Event::End,
    ]);
    assert_eq!(
        outline(&frames),
        ["message_start", "+0 text", "0 a", "error"]
    );
    assert_eq!(
        frames[3]["error"],
        json!({"type": "api_error", "message": "Oops"})
    );
}

#[test]
fn a_recorded_stream_says_the_same_when_it_is_rendered_again() {
    let mut reader = crate::dialects::messages::Reader::default();
    let mut renderer = Renderer::new(rendering());
    let mut out = Vec::new();
    let mut recorded = Vec::new();
    let pushed = Splitter::new(100_000).push(testdata::MESSAGES, |frame| {
        recorded.push(serde_json::from_slice::<Value>(frame.data).unwrap());
        for event in reader.push(frame).unwrap() {
            renderer.push(event, &mut out);
        }
    });
    pushed.unwrap();
    let mut again = Vec::new();
    let pushed = Splitter::new(100_000).push(&out, |frame| {
        again.push(serde_json::from_slice::<Value>(frame.data).unwrap());
    });
    pushed.unwrap();
    let empty = |frame: &Value| frame["type"] == "ping" || frame["delta"]["partial_json"] == "";
    recorded.retain(|frame| !empty(frame));
    assert_eq!(outline(&again), outline(&recorded));
    let used = |frames: &[Value]| frames[frames.len() - 2]["usage"]["output_tokens"].clone();
    assert_eq!(used(&again), used(&recorded));
}
