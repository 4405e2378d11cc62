use gateway_domain::money::Tokens;
use serde_json::{Value, json};

use super::{
    super::{Renderer, reply},
    read, rendering, with,
};
use crate::{
    callers::Rendering,
    ir::{Content, Event, Opening, Part, Reply, Request, Stop},
};

fn tokens() -> Tokens {
    Tokens {
        input: 10,
        output: 7,
        cache_read: 20,
        cache_write: 3,
        reasoning: 2,
        ..Tokens::default()
    }
}

fn call(arguments: &str) -> Content {
    Content::ToolCall {
        id: "call_1".to_owned(),
        name: "look".to_owned(),
        arguments: arguments.to_owned(),
        signature: Some("sig==".to_owned()),
    }
}

#[test]
fn an_answer_is_said() {
    let answer = Reply {
        id: "up".to_owned(),
        model: "up".to_owned(),
        parts: vec![
            Part::new(Content::Reasoning {
                text: "Hm.".to_owned(),
                signature: Some("x".to_owned()),
            }),
            Part::text("Let me "),
            Part::text("look."),
            Part::new(call("")),
        ],
        stop: Stop::End,
        usage: Some(tokens()),
    };
    let body = reply(&answer, &rendering(Request::default()));
    insta::assert_snapshot!(String::from_utf8(body).unwrap(), @r#"{"id":"chatcmpl-0123","object":"chat.completion","created":1700000000,"model":"house/fast","choices":[{"index":0,"message":{"role":"assistant","content":"Let me look.","refusal":null,"annotations":[],"reasoning_content":"Hm.","tool_calls":[{"id":"call_1","type":"function","function":{"name":"look","arguments":"{}"},"extra_content":{"google":{"thought_signature":"sig=="}}}]},"logprobs":null,"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":33,"completion_tokens":7,"total_tokens":40,"prompt_tokens_details":{"cached_tokens":20,"cache_write_tokens":3,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":2,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}"#);
}

fn stream(events: Vec<Event>, rendering: Rendering) -> String {
    let mut renderer = Renderer::new(rendering);
    let mut out = Vec::new();
    for event in events {
        renderer.push(event, &mut out);
    }
    String::from_utf8(out).unwrap()
}

fn start() -> Event {
    Event::Start {
        id: "up".to_owned(),
        model: "up".to_owned(),
        usage: None,
    }
}

fn open(index: usize, opening: Opening) -> Event {
    Event::Open { index, opening }
}

fn delta(index: usize, text: &str) -> Event {
    let text = text.to_owned();
    Event::Delta { index, text }
}

fn tool(id: &str, name: &str) -> Opening {
    Opening::ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        signature: None,
    }
}

/// Frames without what they all begin with.
fn brief(frames: &str) -> String {
    let head = r#"{"id":"chatcmpl-0123","object":"chat.completion.chunk","created":1700000000,"model":"house/fast","#;
    frames.replace(head, "{").replace(r#""logprobs":null,"#, "")
}

#[test]
fn a_stream_is_said() {
    let events = vec![
        start(),
        open(0, Opening::Reasoning),
        delta(0, "Hm."),
        Event::Close { index: 0 },
        open(1, Opening::Text),
        delta(1, "Look\n"),
        Event::Close { index: 1 },
        open(2, tool("a", "f")),
        open(3, tool("b", "g")),
        delta(2, "{\"x\""),
        delta(2, ":1}"),
        Event::Close { index: 3 },
        Event::Close { index: 2 },
        Event::Stop(Stop::ToolUse),
        Event::Usage(tokens()),
        Event::End,
        Event::End,
    ];
    insta::assert_snapshot!(brief(&stream(events, rendering(Request::default()))), @r#"
    data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}

    data: {"choices":[{"index":0,"delta":{"reasoning_content":"Hm."},"finish_reason":null}],"usage":null}

    data: {"choices":[{"index":0,"delta":{"content":"Look\n"},"finish_reason":null}],"usage":null}

    data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]},"finish_reason":null}],"usage":null}

    data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"b","type":"function","function":{"name":"g","arguments":""}}]},"finish_reason":null}],"usage":null}

    data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\""}}]},"finish_reason":null}],"usage":null}

    data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]},"finish_reason":null}],"usage":null}

    data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]},"finish_reason":null}],"usage":null}

    data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}],"usage":null}

    data: {"choices":[],"usage":{"prompt_tokens":33,"completion_tokens":7,"total_tokens":40,"prompt_tokens_details":{"cached_tokens":20,"cache_write_tokens":3,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":2,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}

    data: [DONE]
    "#);
}

#[test]
fn a_stream_without_usage_asked_for_has_none() {
    let events = vec![
        start(),
        open(0, Opening::Refusal),
        delta(0, "No."),
        Event::Close { index: 0 },
        Event::Usage(tokens()),
        Event::End,
    ];
    let mut rendering = rendering(Request::default());
    rendering.include_usage = false;
    insta::assert_snapshot!(brief(&stream(events, rendering)), @r#"
    data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}

    data: {"choices":[{"index":0,"delta":{"refusal":"No."},"finish_reason":null}]}

    data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

    data: [DONE]
    "#);
}

#[test]
fn a_failure_ends_a_stream_without_done() {
    let failed = Event::Failed {
        kind: "overloaded_error".to_owned(),
        message: "Overloaded".to_owned(),
    };
    let said = stream(
        vec![start(), failed, Event::End],
        rendering(Request::default()),
    );
    let last = said.trim_end().rsplit("\n\n").next().unwrap();
    assert_eq!(
        last,
        r#"data: {"error":{"message":"Overloaded","type":"overloaded_error","param":null,"code":"overloaded_error"}}"#
    );
}

#[test]
fn a_free_text_tool_is_called_in_its_own_words() {
    let request = read(&with(
        &json!({"tools": [{"type": "custom", "custom": {"name": "look", "format":
        {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: \"x\""}}}}]}),
    ));
    assert!(
        request.tools[0]
            .description
            .as_ref()
            .unwrap()
            .ends_with("lark grammar:\nstart: \"x\"")
    );
    let answer = Reply {
        id: String::new(),
        model: String::new(),
        parts: vec![Part::new(call(r#"{"input":"a\nb"}"#))],
        stop: Stop::ToolUse,
        usage: None,
    };
    let body: Value = serde_json::from_slice(&reply(&answer, &rendering(request.clone()))).unwrap();
    let call = &body["choices"][0]["message"]["tool_calls"][0];
    assert_eq!(call["custom"], json!({"name": "look", "input": "a\nb"}));
    let events = vec![
        open(0, tool("a", "look")),
        delta(0, r#"{"input":"a"#),
        delta(0, r#"\nb"}"#),
        Event::Close { index: 0 },
        Event::End,
    ];
    let said = stream(events, rendering(request));
    for piece in [r#""custom":{"input":"a"}"#, r#""custom":{"input":"\nb"}"#] {
        assert!(said.contains(piece), "{said}");
    }
    assert!(said.contains(r#""finish_reason":"tool_calls""#), "{said}");
}
