use std::fmt::Write as _;

use serde_json::{Value, json};

use super::write;
use crate::{
    callers,
    dialects::Target,
    ir::{Content, Format, Media, Part, Reasoning, Request, Role, Tool, ToolChoice, Turn},
};

mod answers;

const OPENAI: Target<'_> = Target {
    model: "gpt-5.1",
    is_openai: true,
};

const COMPATIBLE: Target<'_> = Target {
    model: "qwen3",
    is_openai: false,
};

fn turn(role: Role, parts: Vec<Part>) -> Turn {
    Turn { role, parts }
}

fn call(id: &str, arguments: &str) -> Part {
    Part::new(Content::ToolCall {
        id: id.to_owned(),
        name: "look".to_owned(),
        arguments: arguments.to_owned(),
        signature: Some("mark".to_owned()),
    })
}

fn result(id: &str, content: Vec<Part>, is_error: bool) -> Part {
    Part::new(Content::ToolResult {
        id: id.to_owned(),
        name: None,
        content,
        is_error,
    })
}

fn thoughts(text: &str) -> Part {
    Part::new(Content::Reasoning {
        text: text.to_owned(),
        signature: Some("sig".to_owned()),
    })
}

fn inline(media_type: &str, data: &str) -> Media {
    Media::Inline {
        media_type: media_type.to_owned(),
        data: data.to_owned(),
    }
}

fn conversation() -> Request {
    let image = Content::Image {
        source: inline("image/png", "AAAA"),
        detail: Some("low".to_owned()),
    };
    let file = Content::File {
        source: inline("application/pdf", "BBBB"),
        name: Some("a.pdf".to_owned()),
    };
    Request {
        system: vec![Part::text("Be brief."), Part::text("Speak Dutch.")],
        turns: vec![
            turn(
                Role::User,
                vec![Part::text("What is this?"), Part::new(image.clone())],
            ),
            turn(Role::Assistant, vec![thoughts("Old."), call("c0", "{}")]),
            turn(
                Role::User,
                vec![
                    result("c0", vec![Part::text("ok")], false),
                    Part::text("And?"),
                ],
            ),
            turn(
                Role::Assistant,
                vec![
                    thoughts("Hm."),
                    Part::new(Content::SealedReasoning("x".to_owned())),
                    Part::text("Look."),
                    call("c1", ""),
                    call("c2", "{\"a\": 1}"),
                ],
            ),
            turn(
                Role::User,
                vec![
                    result("c1", vec![Part::text("No such file.")], true),
                    result("c2", vec![Part::new(image), Part::new(file)], false),
                ],
            ),
        ],
        max_output_tokens: Some(99),
        user: Some("u".to_owned()),
        tools: vec![Tool {
            name: "look".to_owned(),
            strict: Some(false),
            ..Tool::default()
        }],
        tool_choice: Some(ToolChoice::Tool("look".to_owned())),
        parallel_tool_calls: Some(false),
        reasoning: Some(Reasoning::Budget(10_000)),
        stop: vec!["END".to_owned()],
        format: Format::JsonSchema {
            name: "n".to_owned(),
            description: None,
            schema: json!({"type": "object"}),
            strict: Some(true),
        },
        service_tier: Some("standard_only".to_owned()),
        stream: true,
        ..Request::default()
    }
}

/// A field a line, and of lists a value a line.
pub(crate) fn outline(object: &Value) -> String {
    let mut all = String::new();
    for (name, value) in object.as_object().unwrap() {
        match value {
            Value::Array(values) => {
                writeln!(all, "{name}:").unwrap();
                for value in values {
                    writeln!(all, "- {value}").unwrap();
                }
            }
            _ => writeln!(all, "{name}: {value}").unwrap(),
        }
    }
    all
}

#[test]
fn openai_is_called_in_its_own_words() {
    let body = write(&conversation(), &OPENAI).unwrap();
    insta::assert_snapshot!(outline(&body), @r#"
    model: "gpt-5.1"
    messages:
    - {"role":"system","content":[{"type":"text","text":"Be brief."},{"type":"text","text":"Speak Dutch."}]}
    - {"role":"user","content":[{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}}]}
    - {"role":"assistant","content":null,"tool_calls":[{"id":"c0","type":"function","function":{"name":"look","arguments":"{}"}}]}
    - {"role":"tool","tool_call_id":"c0","content":"ok"}
    - {"role":"user","content":"And?"}
    - {"role":"assistant","content":"Look.","tool_calls":[{"id":"c1","type":"function","function":{"name":"look","arguments":"{}"}},{"id":"c2","type":"function","function":{"name":"look","arguments":"{\"a\": 1}"}}]}
    - {"role":"tool","tool_call_id":"c1","content":[{"type":"text","text":"Error:"},{"type":"text","text":"No such file."}]}
    - {"role":"tool","tool_call_id":"c2","content":"The result follows in the next message."}
    - {"role":"user","content":[{"type":"text","text":"From the result of the tool call c2:"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}},{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,BBBB"}}]}
    max_completion_tokens: 99
    stop:
    - "END"
    tools:
    - {"type":"function","function":{"name":"look","parameters":{"type":"object","properties":{}}}}
    tool_choice: {"type":"function","function":{"name":"look"}}
    parallel_tool_calls: false
    response_format: {"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"},"strict":true}}
    reasoning_effort: "medium"
    service_tier: "default"
    user: "u"
    stream: true
    stream_options: {"include_usage":true}
    "#);
}

#[test]
fn others_are_called_in_words_that_all_know() {
    let body = write(&conversation(), &COMPATIBLE).unwrap();
    insta::assert_snapshot!(outline(&body), @r#"
    model: "qwen3"
    messages:
    - {"role":"system","content":"Be brief.\n\nSpeak Dutch."}
    - {"role":"user","content":[{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}}]}
    - {"role":"assistant","content":null,"tool_calls":[{"id":"c0","type":"function","function":{"name":"look","arguments":"{}"}}]}
    - {"role":"tool","tool_call_id":"c0","content":"ok"}
    - {"role":"user","content":"And?"}
    - {"role":"assistant","content":"Look.","reasoning_content":"Hm.","tool_calls":[{"id":"c1","type":"function","function":{"name":"look","arguments":"{}"}},{"id":"c2","type":"function","function":{"name":"look","arguments":"{\"a\": 1}"}}]}
    - {"role":"tool","tool_call_id":"c1","content":"Error:\n\nNo such file."}
    - {"role":"tool","tool_call_id":"c2","content":"The result follows in the next message."}
    - {"role":"user","content":[{"type":"text","text":"From the result of the tool call c2:"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}},{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,BBBB"}}]}
    max_tokens: 99
    stop:
    - "END"
    tools:
    - {"type":"function","function":{"name":"look","parameters":{"type":"object","properties":{}}}}
    tool_choice: {"type":"function","function":{"name":"look"}}
    parallel_tool_calls: false
    response_format: {"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"},"strict":true}}
    reasoning_effort: "medium"
    stream: true
    stream_options: {"include_usage":true}
    "#);
}

#[test]
fn thinking_is_said_in_words() {
    let said = |reasoning, model, is_openai| {
        let request = Request {
            reasoning: Some(reasoning),
            ..Request::default()
        };
        let body = write(&request, &Target { model, is_openai }).unwrap();
        body["reasoning_effort"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(
        said(Reasoning::Effort("xhigh".to_owned()), "any", false),
        "xhigh"
    );
    assert_eq!(said(Reasoning::Budget(4096), "any", false), "low");
    assert_eq!(said(Reasoning::Budget(16_384), "any", true), "medium");
    assert_eq!(said(Reasoning::Budget(31_999), "any", true), "high");
    assert_eq!(said(Reasoning::Off, "gpt-5.2", true), "none");
    assert_eq!(said(Reasoning::Off, "gpt-5-mini", true), "minimal");
    assert_eq!(said(Reasoning::Off, "o3", true), "low");
    assert_eq!(said(Reasoning::Off, "gpt-4o", true), "");
    assert_eq!(said(Reasoning::Off, "o3", false), "");
    assert_eq!(said(Reasoning::Adaptive, "gpt-5.2", true), "medium");
    assert_eq!(said(Reasoning::Adaptive, "omni", true), "");
}

#[test]
fn what_cannot_be_said_is_named() {
    let refused = |request: &Request, target| write(request, target).unwrap_err().field;
    let mut request = Request {
        top_k: Some(3),
        ..Request::default()
    };
    assert_eq!(refused(&request, &OPENAI), "top_k");
    assert_eq!(write(&request, &COMPATIBLE).unwrap()["top_k"], 3);
    request.top_k = None;
    let file = Content::File {
        source: Media::Url("https://example.com/a.pdf".to_owned()),
        name: None,
    };
    request.turns = vec![turn(Role::User, vec![Part::new(file)])];
    assert_eq!(refused(&request, &COMPATIBLE), "file_url");
}

/// Without tools nothing is said of them, and ordinary wishes need no words.
#[test]
fn a_plain_call_is_plain() {
    let request = Request {
        turns: vec![turn(Role::User, vec![Part::text("hi")])],
        tool_choice: Some(ToolChoice::Auto),
        parallel_tool_calls: Some(true),
        service_tier: Some("auto".to_owned()),
        user: Some("u".repeat(65)),
        ..Request::default()
    };
    let plain =
        |model: &str| json!({"model": model, "messages": [{"role": "user", "content": "hi"}]});
    assert_eq!(write(&request, &OPENAI).unwrap(), plain("gpt-5.1"));
    assert_eq!(write(&request, &COMPATIBLE).unwrap(), plain("qwen3"));
}

/// What a chat caller says reaches a chat provider as it was said.
#[test]
fn a_callers_conversation_is_written_as_it_was_read() {
    let body = json!({
        "model": "gpt-5.1",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [
                {"type": "text", "text": "What?"},
                {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}},
                {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}},
            ]},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"b\":1,\"a\":2}"}},
            ]},
            {"role": "tool", "tool_call_id": "c1", "content": "x"},
            {"role": "assistant", "content": "Done."},
            {"role": "assistant", "content": null, "refusal": "No."},
        ],
        "max_completion_tokens": 3,
        "temperature": 0.5,
        "stop": ["a"],
        "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}, "strict": true}}],
        "tool_choice": "required",
        "response_format": {"type": "json_object"},
        "reasoning_effort": "low",
        "verbosity": "high",
        "service_tier": "flex",
        "user": "u",
    });
    let request = callers::chat::parse(body.to_string().as_bytes()).unwrap();
    assert_eq!(write(&request, &OPENAI).unwrap(), body);
}
